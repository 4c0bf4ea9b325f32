"""B8: what mlgate holds in memory: idle, with many large replies at once, and while readers are slow."""

import subprocess
from contextlib import ExitStack

from .. import peers, recorded
from ..load import AUTHORIZATION, Client, wrk
from ..outcome import Bars, Outcome, Row
from ..process import OTHER_CORE, on_core
from ..places import PEERS, WORK

MIB = 1 << 20
AT_ONCE, READERS, STREAM_MIB = 64, 50, 256
HOLD = 6.0


def run(rounds: int, seconds: float) -> Outcome:
    outcome = Outcome()
    page = "/_ml/anomaly_detectors/b10000/results/buckets?size=10000"
    with recorded.start() as cluster, peers.mlgate(cluster.port) as gate:
        wrk(gate.port, "/logs/_doc/1kb", 1, connections=4)
        idle = gate.resident()
        outcome.rows.append(Row("idle, after a second of requests", f"{idle / MIB:.1f} MB", "≤ 12 MB", idle <= 12 * MIB))
        gate.forget_peak()
        load = wrk(gate.port, page, max(4, 4 * seconds), connections=AT_ONCE)
        above = gate.peak() - idle
        row = Row(
            f"{AT_ONCE} concurrent replies of 10,000 buckets: resident above idle, at most",
            f"{above / MIB:.0f} MB",
            "≤ 48 MB",
            above <= 48 * MIB,
            f"{load.requests} replies",
        )
        outcome.rows.append(row)
    slow(outcome)
    return outcome


def slow(outcome: Outcome):
    """50 readers of 256 MiB each, at half a MiB a second, in turn through everything that passes on."""
    values = {}
    with ExitStack() as stack:
        cluster = stack.enter_context(peers.stub(recorded.files()))
        for name, start in peers.available(peers.PASSING).items():
            if name == "nginx again":
                continue
            with start(cluster.port) as peer:
                wrk_idle(peer.port)
                idle = peer.resident()
                peer.forget_peak()
                hold(peer.port)
                values[name] = (peer.peak() - idle) / READERS / 1024
    ours = values["mlgate"]
    others = ", ".join(f"{name} {value:.0f}" for name, value in values.items() if name != "mlgate")
    what = f"{READERS} slow readers of {STREAM_MIB} MiB: resident above idle, a reader"
    outcome.rows.append(Row(what, f"{ours:.0f} KiB", "≤ 64 KiB", ours <= 64, f"others: {others}"))
    outcome.bars.append(Bars("A slow reader", "KiB resident", {name: [value] * 3 for name, value in values.items()}))


def wrk_idle(port: int):
    """Some requests, so that what is made once is made. 404 is an answer too: plain connections do."""
    for _ in range(20):
        try:
            Client(port).call("GET", "/logs/_doc/none")
        except RuntimeError:
            pass


def hold(port: int):
    """Readers in a process of their own."""
    script = PEERS / "slow_readers.py"
    command = [WORK / "venv" / "bin" / "python", script, port, READERS, f"/stream/_doc/{STREAM_MIB}", HOLD, AUTHORIZATION]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, preexec_fn=on_core(OTHER_CORE))
    if done.returncode:
        raise RuntimeError(done.stderr[-800:])
