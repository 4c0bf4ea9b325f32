"""The embedded store with ten million buckets in one file: import, pages, size; and how pages grow with the file."""

import os
import random
import statistics
import subprocess
import time

from .. import peers
from ..documents import FIRST, SPAN, bucket, score
from ..load import Client
from ..outcome import Curve, Outcome, Row
from ..places import DATA, MLGATE
from ..process import on_all_cores

BUCKETS_A_JOB = 100_000
# Seconds that an import may take; who waits for the whole run has a quarter of an hour.
LONGEST = 240
QUESTIONS = {
    "by time": "start={start}",
    "by score": "sort=anomaly_score&desc=true&start={start}",
    "by score, of one day": "sort=anomaly_score&desc=true&start={start}&end={end}",
}


def run(rounds: int, seconds: float) -> Outcome:
    outcome = Outcome()
    full = 1_000_000 if rounds < 7 else 10_000_000
    lines: dict[str, list] = {name: [] for name in QUESTIONS}
    sizes = [size for size in (10_000, 100_000, 1_000_000, 10_000_000) if size <= full]
    rate = None
    for size in sizes:
        if rate and size / rate > LONGEST:
            note = f"The embedded store was not filled with {size:,} buckets: at {rate:,.0f} a second that would take too long here."
            outcome.notes.append(note)
            break
        dump, store = DATA / f"{size}.ndjson", DATA / f"{size}.db"
        write_dump(dump, size)
        rate = size / load(dump, store)
        with peers.mlgate(store=store, unsafe_open_to_all=True) as gate:
            pages = {name: page(gate.port, query, size) for name, query in QUESTIONS.items()}
        for name, spread in pages.items():
            lines[name].append([size, spread])
        outcome.rows = rows(size, full, pages, rate, store.stat().st_size / dump.stat().st_size)
        for file in (dump, *DATA.glob(f"{size}.db*")):
            os.remove(file)
    why = (
        "A page is read off an index; what grows is the count of all buckets that match, which the reply tells. It is one job's "
        f"({BUCKETS_A_JOB:,} at most here), not the file's: from there on the size of the file is only a deeper tree."
    )
    outcome.curves.append(Curve("Size of the file", "buckets in the file", "p50 of a page, ms", lines, why))
    return outcome


def rows(size: int, full: int, pages: dict, rate: float, ratio: float) -> list[Row]:
    """Of the largest file; where that is not as large as was meant, nothing is reached."""
    words = f"embedded store, {size:,} buckets of {max(1, size // BUCKETS_A_JOB)} jobs"

    def row(what: str, measured: str, target: str, reached: bool) -> Row:
        return Row(f"{words}: {what}", measured, target, reached if size == full else None)

    found = [row(f"page of 100 {name}, p50", f"{took:.2f} ms", "≤ 2 ms", took <= 2) for name, took in pages.items()]
    found.append(row("import", f"{rate:,.0f} documents/s", "≥ 150,000 documents/s", rate >= 150_000))
    found.append(row("file, to its NDJSON", f"{ratio:.2f} ×", "≤ 1.3 ×", ratio <= 1.3))
    return found


def write_dump(file, size: int):
    """Bulk requests, as a dump has them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    of_job = min(size, BUCKETS_A_JOB)
    marker = 17
    shape = bucket("job-JOB", marker, ("bucket_time",))
    shape = shape.replace(str(FIRST + marker * SPAN * 1000), "%(time)d").replace(score(marker), "%(score)s")
    shape = '{"index":{"_index":".ml-anomalies-shared","_id":"job-JOB_bucket_%(time)d_300"}}\n' + shape + "\n"
    with open(file, "w", encoding="ascii", buffering=1 << 20) as out:
        for job in range(max(1, size // of_job)):
            of_this = shape.replace("job-JOB", f"job-{job}")
            for begin in range(0, of_job, 10_000):
                out.write("".join([of_this % {"time": FIRST + step * SPAN * 1000, "score": score(step)} for step in range(begin, begin + 10_000)]))


def load(dump, store) -> float:
    for file in DATA.glob(f"{store.name}*"):
        os.remove(file)
    program = os.environ.get("BENCH_MLGATE", str(MLGATE))
    command = [program, "import", "--store", str(store), str(dump)]
    begun = time.perf_counter()
    # As who loads a file has them.
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=on_all_cores)
    if done.returncode:
        raise RuntimeError(done.stderr[-800:])
    return time.perf_counter() - begun


def page(port: int, query: str, size: int, times: int = 60) -> float:
    """The median of pages from anywhere in a job, in milliseconds."""
    random.seed(7)
    client, taken = Client(port, None), []
    of_job = min(size, BUCKETS_A_JOB)
    for number in range(times + 5):
        job, step = random.randrange(max(1, size // BUCKETS_A_JOB)), random.randrange(of_job)
        start = FIRST + step * SPAN * 1000
        asked = query.format(start=start, end=start + 86_400_000)
        begun = time.perf_counter()
        client.call("GET", f"/_ml/anomaly_detectors/job-{job}/results/buckets?size=100&{asked}")
        if number >= 5:
            taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1e3
