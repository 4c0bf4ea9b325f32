"""How cost grows: buckets a page, records a bucket, jobs, concurrent callers. Each curve with the sentence that explains it."""

import math

from .. import peers, recorded
from ..documents import bucket, record, search_reply
from ..load import cpu_per_request
from ..outcome import Curve, Outcome, Row
from ..places import DATA
from ..rounds import Spread

RECORDS = [0, 1, 2, 4, 8, 16]
JOBS = [1, 10, 100, 1_000]
CALLERS = [1, 10, 100, 1_000, 5_000]


def run(rounds: int, seconds: float) -> Outcome:
    outcome = Outcome()
    with recorded.start() as cluster, peers.mlgate(cluster.port) as gate:
        points = curve(rounds, recorded.PAGES, lambda size: cpu_per_request(gate, page(size), seconds, connections=4))
        why = (
            "A request costs its constant part – reading it, the check, the search – and then a fixed amount a bucket, as each "
            "is looked at once and copied once."
        )
        add(outcome, "Buckets a page", "buckets", {"Get Buckets": points}, why)
    folder = counted_files()
    with peers.stub(folder) as cluster, peers.mlgate(cluster.port) as gate:
        points = curve(rounds, RECORDS, lambda n: cpu_per_request(gate, f"{page(100, f'r{n}')}&expand=true", seconds))
        why = (
            "All records of the page come with one search; each is read and written again, as Elastic does, so the line is straight. "
            "Where there are none, the second search, and the question whether the alias is one, are all that expand costs."
        )
        add(outcome, "Records a bucket", "records a bucket, 100 buckets a page", {"expand": points}, why)
        path = page(100, "j0")

        def jobs(n: int) -> float:
            args = ("cycle-jobs", n, "/_ml/anomaly_detectors/j", "/results/buckets?size=100")
            return cpu_per_request(gate, path, seconds, args=args)

        def callers(n: int) -> float:
            return cpu_per_request(gate, path, seconds, args=("cycle-callers", n), authorization=None)

        why = (
            "A job is a place in the cache of verdicts, and a question to the cluster each five seconds: the more jobs share the "
            "same requests, the more of these are questions. No table is walked through."
        )
        add(outcome, "Jobs", "jobs asked for in turn", {"Get Buckets, 100 buckets": curve(rounds, JOBS, jobs)}, why)
        why = "As with jobs: a caller is a place in the cache, and a question each five seconds."
        add(outcome, "Callers", "callers in turn", {"Get Buckets, 100 buckets": curve(rounds, CALLERS, callers)}, why)
    with recorded.start() as cluster, peers.mlgate(cluster.port) as gate:
        points = curve(rounds, [1, 4, 16, 64, 256], lambda n: cpu_per_request(gate, page(100), seconds, connections=n))
        why = (
            "CPU a request hardly depends on how many come at once: more at a time are found ready by one look at the sockets, "
            "and what they need they do not share."
        )
        add(outcome, "Requests at once", "connections", {"Get Buckets, 100 buckets": points}, why)
    return outcome


def page(size: int, job: str | None = None) -> str:
    return f"/_ml/anomaly_detectors/{job or f'b{size}'}/results/buckets?size={size}"


def counted_files():
    """For the stub that answers searches for records too."""
    folder = DATA / "counted"
    folder.mkdir(parents=True, exist_ok=True)
    for n in RECORDS:
        (folder / f"r{n}.json").write_bytes(search_reply([bucket(f"r{n}", step) for step in range(100)]))
        records = [record(f"r{n}", step, number) for step in range(100) for number in range(n)]
        (folder / f"r{n}.records.json").write_bytes(search_reply(records))
    for n in range(max(JOBS)):
        (folder / f"j{n}.json").write_bytes(search_reply([bucket(f"j{n}", step) for step in range(100)]))
    return folder


def curve(rounds: int, sizes, cost) -> list:
    """The median of some rounds, each of all sizes."""
    repeats = 3 if rounds >= 7 else 1
    measured = [{size: cost(size) for size in sizes} for _ in range(repeats)]
    return [[size, Spread.of([one[size] for one in measured]).median] for size in sizes]


def add(outcome: Outcome, name: str, x: str, points: dict, why: str):
    outcome.curves.append(Curve(name, x, "µs of CPU a request", points, why))
    steepest = max(steepness(line) for line in points.values())
    row = Row(f"cost by {name.lower()}: steepest step, as a power of it", f"{steepest:.2f}", "≤ 1.1 (linear)", steepest <= 1.1)
    outcome.rows.append(row)


def steepness(line: list) -> float:
    """1 where cost doubles as the size doubles; from the first size that is not 0."""
    steps = [(a, b) for a, b in zip(line, line[1:]) if a[0] > 0]
    return max(math.log(b[1] / a[1]) / math.log(b[0] / a[0]) for a, b in steps)
