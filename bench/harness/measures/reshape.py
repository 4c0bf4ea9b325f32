"""B1: a search reply becomes a client's reply, inside the program (`cargo bench --bench reshape`)."""

from .. import divan
from ..outcome import Bars, Outcome, Row


def run(rounds: int, seconds: float) -> Outcome:
    outcome = Outcome()
    times, rates = divan.medians("reshape")
    for size in (1_000, 10_000):
        ours, value = times[f"mlgate/{size}"], times[f"value/{size}"]
        rate = rates[f"mlgate/{size}"] / 1e9
        what = f"reshape, {size} canonical buckets"
        outcome.rows.append(Row(f"{what}: rate of one core", f"{rate:.2f} GB/s", "≥ 1.5 GB/s", rate >= 1.5))
        outcome.rows.append(Row(f"{what}: to `serde_json::Value`", f"{ours / value:.3f} ×", "≤ 0.12 ×", ours / value <= 0.12))
        slow = times.get(f"mlgate_foreign/{size}")
        if slow:
            ratio = slow / value
            outcome.rows.append(Row(f"reshape, {size} buckets, slow path: to `serde_json::Value`", f"{ratio:.3f} ×", "≤ 0.35 ×", ratio <= 0.35))
    names = sorted({name.split("/")[0] for name in times})
    for size in (1_000,):
        bars = {name: [times[f"{name}/{size}"] * 1e3] * 3 for name in names if f"{name}/{size}" in times}
        outcome.bars.append(Bars(f"Reshaping {size} buckets", "ms", bars))
    return outcome
