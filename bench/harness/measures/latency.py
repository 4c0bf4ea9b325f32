"""B3: what a proxy adds to the wall time of a request at low load: one connection, the direct way in every round."""

from contextlib import ExitStack

from .. import recorded
from ..load import wrk
from ..outcome import Bars, Outcome, Row
from ..peers import PASSING, available
from ..rounds import Spread, interleave


def run(rounds: int, seconds: float) -> Outcome:
    outcome = Outcome()
    with ExitStack() as stack:
        cluster = stack.enter_context(recorded.start())
        ports = {"direct": cluster.port}
        for name, start in available(PASSING).items():
            ports[name] = stack.enter_context(start(cluster.port)).port
        contenders = {
            name: lambda port=port: wrk(port, "/logs/_doc/1kb", seconds, connections=1).p50 for name, port in ports.items()
        }
        measured = interleave(contenders, rounds, ("nginx again", "nginx"))
        added = {name: measured.apply(lambda one, name=name: one[name] - one["direct"]) for name in ports if name != "direct"}
        if "haproxy" in added:
            ratio: Spread = measured.apply(lambda one: (one["mlgate"] - one["direct"]) / max(1.0, one["haproxy"] - one["direct"]))
            reached = None if measured.inconclusive else ratio.median <= 1
            words = f"{added['mlgate'].text(0)} µs, {ratio.text()} × haproxy's"
            outcome.rows.append(Row("added p50 at low load, 1 connection", words, "≤ 1 × haproxy's", reached, measured.note()))
        outcome.bars.append(Bars("Added p50 at low load", "µs", {name: [s.median, s.least, s.most] for name, s in added.items()}))
    return outcome
