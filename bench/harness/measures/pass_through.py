"""B2: what it costs to pass a request on: CPU of the proxy, all of mlgate's checks on."""

from contextlib import ExitStack

from .. import recorded
from ..load import Client, cpu_per_request
from ..outcome import Outcome, Row, at_most, bars_of
from ..peers import PASSING, available
from ..places import DATA
from ..rounds import interleave


def run(rounds: int, seconds: float) -> Outcome:
    outcome = Outcome()
    with ExitStack() as stack:
        cluster = stack.enter_context(recorded.start())
        body = DATA / "recorded" / "97kb.json"
        peers = {name: stack.enter_context(start(cluster.port)) for name, start in available(PASSING).items()}
        for name, peer in peers.items():
            compare(cluster.port, peer.port, name, body.read_bytes())
        cases = [
            ("a reply of 1 kB", "/logs/_doc/1kb", (), 1.3),
            ("a reply of 97 kB", "/logs/_doc/97kb", (), 1.1),
            ("a request of 97 kB", "/logs/_search", ("post", body), None),
        ]
        for what, path, args, limit in cases:
            contenders = {
                name: lambda peer=peer: cpu_per_request(peer, path, seconds, args=args) for name, peer in peers.items()
            }
            measured = interleave(contenders, rounds, ("nginx again", "nginx"))
            ratio = measured.ratio("mlgate", "nginx")
            title = f"pass-through of {what}, CPU, to nginx"
            if limit:
                outcome.rows.append(at_most(title, measured, ratio, limit))
            else:
                outcome.rows.append(Row(title, f"{ratio.text()} ×", note=measured.note()))
            if measured.has("go"):
                outcome.rows.append(at_most(f"the same to Go's ReverseProxy, {what}", measured, measured.ratio("mlgate", "go"), 0.65))
            outcome.bars.append(bars_of(f"Passing on {what}", "µs of CPU a request", measured, peers))
    return outcome


def compare(direct: int, through: int, name: str, body: bytes):
    """The same bytes, whichever way they go."""
    for method, path, sent in (("GET", "/logs/_doc/1kb", None), ("GET", "/logs/_doc/97kb", None), ("POST", "/logs/_search", body)):
        if Client(direct).call(method, path, sent) != Client(through).call(method, path, sent):
            raise RuntimeError(f"{name} changes what it passes on: {path}")
