"""B4: Get Buckets with a warm privilege cache, against passing the same search reply and against shims of others."""

import json
from contextlib import ExitStack

from .. import recorded
from ..documents import buckets_query
from ..load import Client, cpu_per_request
from ..outcome import Outcome, Row, at_most, bars_of
from ..peers import ANSWERING, PASSING, available
from ..places import DATA
from ..rounds import interleave

# Targets at 100 buckets.
TARGETS = {"nginx": 2.5, "go shim": 0.4, "fastapi": 0.03}


def target(size: int) -> str:
    return f"/_ml/anomaly_detectors/b{size}/results/buckets?size={size}"


def run(rounds: int, seconds: float) -> Outcome:
    outcome = Outcome()
    with ExitStack() as stack:
        cluster = stack.enter_context(recorded.start())
        passing = {name: stack.enter_context(PASSING[name](cluster.port)) for name in ("nginx", "nginx again")}
        answering = {name: stack.enter_context(start(cluster.port)) for name, start in available(ANSWERING).items()}
        for size in (100, 1_000):
            compare(size, cluster.port, answering)
            query = DATA / f"query-{size}.json"
            query.write_text(json.dumps(buckets_query(f"b{size}", size)))
            search = f"/.ml-anomalies-b{size}/_search"
            contenders = {
                name: lambda peer=peer: cpu_per_request(peer, search, seconds, args=("post", query))
                for name, peer in passing.items()
            } | {name: lambda peer=peer: cpu_per_request(peer, target(size), seconds) for name, peer in answering.items()}
            measured = interleave(contenders, rounds, ("nginx again", "nginx"))
            words = {"nginx": "nginx passing the same search reply", "go shim": "the Go shim", "fastapi": "the FastAPI shim"}
            for peer, limit in TARGETS.items():
                if not measured.has(peer):
                    continue
                what, ratio = f"Get Buckets, {size} buckets, CPU, to {words[peer]}", measured.ratio("mlgate", peer)
                row = at_most(what, measured, ratio, limit, digits=3)
                outcome.rows.append(row if size == 100 else Row(what, row.measured, note=row.note))
            outcome.bars.append(bars_of(f"Get Buckets, {size} buckets", "µs of CPU a request", measured, contenders))
    return outcome


def compare(size: int, cluster: int, answering: dict):
    """The same document from everyone: the buckets as they are stored."""
    found = json.loads(Client(cluster).call("POST", f"/.ml-anomalies-b{size}/_search", {}))["hits"]
    expected = {"count": found["total"]["value"], "buckets": [hit["_source"] for hit in found["hits"]]}
    for name, peer in answering.items():
        if json.loads(Client(peer.port).call("GET", target(size))) != expected:
            raise RuntimeError(f"{name} answers something else")
