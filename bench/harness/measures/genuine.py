"""B5 and B6: a genuine Elasticsearch: Get Buckets against the raw search and against clients that do it themselves; expand
against a replay of Elastic's own algorithm and against the two searches that it comes down to."""

import json
import os
import statistics
import subprocess
from contextlib import ExitStack

from .. import peers
from ..documents import FIRST, SPAN, buckets_query, records_query
from ..genuine import BUCKETS, JOB, USER, VERSION, Genuine, NotHere
from ..install import MISSING, missing
from ..outcome import Bars, Outcome, Row, at_least, at_most, bars_of
from ..places import PEERS, WORK
from ..process import OTHER_CORE, on_core
from ..rounds import Spread, interleave

SEARCH = f"/.ml-anomalies-{JOB}/_search?ignore_unavailable=false&allow_no_indices=true"
GET = f"/_ml/anomaly_detectors/{JOB}/results/buckets?size="
# size -> (at least so many times faster than the replay, runs of one round)
EXPAND = {10: (None, 20), 100: (10, 10), 1_000: (25, 4)}


def run(rounds: int, seconds: float) -> Outcome:
    outcome = Outcome()
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(Genuine())
        except NotHere as why:
            missing("genuine Elasticsearch", str(why))
            return Outcome(notes=[f"No genuine Elasticsearch can run here: {why}"])
        gate = stack.enter_context(peers.mlgate(cluster.port))
        direct, through = cluster.client(), cluster.client(gate.port)
        warm(direct, through)
        plain(outcome, direct, through, rounds)
        if "go" not in MISSING:
            replay = stack.enter_context(peers.replay(cluster.port))
            expand(outcome, cluster, direct, through, cluster.client(replay.port), rounds)
        clients(outcome, cluster.port, gate.port, rounds)
    outcome.notes.append(f"Elasticsearch {VERSION} with X-Pack security, JDK of the tests, {BUCKETS} buckets in one shard.")
    return outcome


def warm(direct, through):
    for _ in range(40):
        direct.call("POST", SEARCH, buckets_query(JOB, BUCKETS))
        through.call("GET", f"{GET}{BUCKETS}")
        through.call("GET", f"{GET}100&expand=true")


def median(client, times: int, *request) -> float:
    return statistics.median(client.seconds(times, *request)) * 1e3


def plain(outcome, direct, through, rounds):
    for size in (100, BUCKETS):
        query = buckets_query(JOB, size)
        found = json.loads(direct.call("POST", SEARCH, query))["hits"]
        expected = {"count": found["total"]["value"], "buckets": [hit["_source"] for hit in found["hits"]]}
        if json.loads(through.call("GET", f"{GET}{size}")) != expected:
            raise RuntimeError("mlgate answers something else than the search holds")
        contenders = {
            "raw _search": lambda: median(direct, 30, "POST", SEARCH, query),
            "raw _search again": lambda: median(direct, 30, "POST", SEARCH, query),
            "mlgate": lambda: median(through, 30, "GET", f"{GET}{size}"),
        }
        measured = interleave(contenders, rounds, ("raw _search again", "raw _search"))
        ratio, what = measured.ratio("mlgate", "raw _search"), f"genuine Elasticsearch, {size} buckets, wall time, to the raw `_search`"
        row = at_most(what, measured, ratio, 1.03, digits=3)
        outcome.rows.append(row if size == BUCKETS else Row(what, row.measured, note=row.note))
        outcome.bars.append(bars_of(f"Genuine Elasticsearch, {size} buckets", "ms", measured, contenders))


def expand(outcome, cluster, direct, through, replay, rounds):
    for size, (limit, times) in EXPAND.items():
        page = f"{GET}{size}&expand=true"
        before = cluster.searches()
        ours = json.loads(through.call("GET", page))
        between = cluster.searches()
        theirs = json.loads(replay.call("GET", page))
        searches, replayed = between - before, cluster.searches() - between
        if ours != theirs:
            raise RuntimeError(f"expand of {size} buckets: mlgate and the replay differ")
        times_of_page = [FIRST + step * SPAN * 1000 for step in range(size) if step % 50 != 49]
        asked = (buckets_query(JOB, size), records_query(JOB, times_of_page))
        contenders = {
            "mlgate": lambda: median(through, times, "GET", page),
            "replay": lambda: median(replay, max(1, times // 4), "GET", page),
            "its two searches": lambda: sum(median(direct, times, "POST", SEARCH, query) for query in asked),
            "again": lambda: sum(median(direct, times, "POST", SEARCH, query) for query in asked),
        }
        measured = interleave(contenders, rounds, ("again", "its two searches"))
        what = f"expand, {size} buckets × 0–8 records"
        faster, sum_ratio = measured.ratio("replay", "mlgate"), measured.ratio("mlgate", "its two searches")
        row = at_least(f"{what}: times faster than Elastic's way, replayed over HTTP; same JSON", measured, faster, limit or 1)
        outcome.rows.append(row if limit else Row(row.what, row.measured, note=row.note))
        outcome.rows.append(Row(f"{what}: searches, where the replay sends {replayed}", str(searches), "≤ 3", searches <= 3))
        row = at_most(f"{what}: wall time to the sum of its two raw searches", measured, sum_ratio, 1.15, digits=3)
        outcome.rows.append(row if size == 1_000 else Row(row.what, row.measured, note=row.note))
        spreads = {name: measured.cost(name) for name in ("mlgate", "replay", "its two searches")}
        outcome.bars.append(Bars(f"Expand, {size} buckets", "ms", {n: [s.median, s.least, s.most] for n, s in spreads.items()}))


def clients(outcome, cluster: int, gate: int, rounds: int):
    """Programs of their own: CPU of the client for one page."""
    python = [str(WORK / "venv" / "bin" / "python"), str(PEERS / "client.py")]
    programs = {"Python": python}
    if "node" not in MISSING:
        programs["Node"] = ["node", str(PEERS / "client.mjs")]
    for name, program in programs.items():
        last: dict = {}

        def ask(port: int, mode: str, program=program, last=last) -> float:
            command = [*program, f"http://127.0.0.1:{port}", JOB, str(BUCKETS), "15", mode]
            env = {**os.environ, "BENCH_USER": USER, "NODE_MODULES": str(WORK / "node")}
            done = subprocess.run(command, capture_output=True, text=True, env=env, preexec_fn=on_core(OTHER_CORE))
            if done.returncode:
                raise RuntimeError(done.stderr[-800:])
            last.setdefault(mode, []).append(json.loads(done.stdout))
            return last[mode][-1]["cpu"]

        try:
            measured = interleave({"own search": lambda: ask(cluster, "search"), "mlgate": lambda: ask(gate, "buckets")}, rounds)
        except (RuntimeError, OSError) as why:
            missing(f"the {name} client", str(why))
            continue
        if last["search"][-1].get("digest") != last["buckets"][-1].get("digest"):
            raise RuntimeError(f"the {name} client gets another document from mlgate")
        walls = Spread.of([b["wall"] / s["wall"] for s, b in zip(last["search"], last["buckets"])])
        note = f"{measured.note()}; no control in these; wall time {walls.text()} ×"
        ratio = measured.ratio("mlgate", "own search")
        what = f"{name} client, {BUCKETS} buckets: its CPU, to searching and reshaping itself"
        outcome.rows.append(Row(what, f"{ratio.text()} ×", note=note))
        outcome.bars.append(bars_of(f"{name} client, {BUCKETS} buckets", "ms of CPU a request", measured, ["own search", "mlgate"]))
