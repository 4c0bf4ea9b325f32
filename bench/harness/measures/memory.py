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
        for _ in range(2):
            crowd("at_once.py", gate.port, AT_ONCE, page, AUTHORIZATION)
        above = gate.peak() - idle
        row = Row(
            f"{AT_ONCE} concurrent replies of 10,000 buckets: resident above idle, at most",
            f"{above / MIB:.0f} MB",
            "≤ 48 MB",
            above <= 48 * MIB,
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
                some_requests(peer.port)
                idle = peer.resident()
                peer.forget_peak()
                crowd("slow_readers.py", peer.port, READERS, f"/stream/_doc/{STREAM_MIB}", HOLD, AUTHORIZATION)
                values[name] = (peer.peak() - idle) / READERS / 1024
    ours = values["mlgate"]
    others = ", ".join(f"{name} {value:.0f}" for name, value in values.items() if name != "mlgate")
    what = f"{READERS} slow readers of {STREAM_MIB} MiB: resident above idle, a reader"
    outcome.rows.append(Row(what, f"{ours:.0f} KiB", "≤ 64 KiB", ours <= 64, f"others: {others}"))
    outcome.bars.append(Bars("A slow reader", "KiB resident", {name: [value] * 3 for name, value in values.items()}))


def some_requests(port: int):
    """So that what is made once is made; the stub knows no such document, which is an answer too."""
    for _ in range(20):
        try:
            Client(port).call("GET", "/logs/_doc/none")
        except RuntimeError:
            pass


def crowd(script: str, *words):
    """Readers in a process of their own."""
    command = [WORK / "venv" / "bin" / "python", PEERS / script, *words]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, preexec_fn=on_core(OTHER_CORE))
    if done.returncode:
        raise RuntimeError(f"{script}: {done.stderr[-800:]}")
