"""Writes the document: what was measured, the table, the plots."""

from pathlib import Path

from . import machine, plots
from .outcome import Outcome, Row

# What the profiles show, in our own words: it outlives a run.
IN_THE_WAY = Path(__file__).resolve().parents[1] / "in-the-way.md"

METHOD = """\
All of it is measured by one command, `bench/run`, in interleaved rounds: every contender is in every round, in a rotated order, and
what counts are **ratios inside a round**. The proxy that is measured has core 0 for itself; the load and the cluster that it stands before
are on core 1. *CPU a request* is user and system time of the proxy's process, divided by the requests of the round. Two equal nginx
stand in each round where proxies are compared: where they differ by more than 15 %, the round is void and thrown away, and said so.
Replies are compared before anything is timed: byte by byte where they are passed on, as JSON where they are made. Values are
medians, with the least and the most of the rounds behind them. Nobody writes a line of log a request.

The stub cluster is an nginx that answers with recorded replies. Elastic's own machine-learning module is not published, so
its way to expand (one search a bucket, in sequence, 10,000 records at most) is replayed in Go, over HTTP."""


def write(outcomes: dict[str, Outcome], missing: dict[str, str], quick: bool, took: float, folder: Path, failed: dict[str, str]):
    plots_folder = folder / "benchmarks"
    all_bars = [bars for outcome in outcomes.values() for bars in outcome.bars]
    all_curves = [curve for outcome in outcomes.values() for curve in outcome.curves]
    if all_bars:
        plots.bars(all_bars, plots_folder / "comparison.svg")
    if all_curves:
        plots.curves(all_curves, plots_folder / "growth.svg")
    lines = ["# Benchmarks", ""]
    if quick:
        lines += ["**A quick run: few rounds, small files. Nothing may be concluded from it.**", ""]
    lines += ["## On what", "", *(f"- {line}" for line in machine.describe()), f"- The run took {took / 60:.0f} minutes.", ""]
    lines += ["## How", "", METHOD, "", "## Targets", "", "| what | measured | target | |", "| --- | --- | --- | --- |"]
    rows = [row for outcome in outcomes.values() for row in outcome.rows]
    lines += [table_line(row) for row in rows]
    reached = [row for row in rows if row.reached]
    with_target = [row for row in rows if row.target != "–"]
    lines += ["", f"{len(reached)} of {len(with_target)} targets are reached.", ""]
    for name, outcome in outcomes.items():
        lines += [f"- {note}" for note in outcome.notes]
    lines += [f"- **Not measured**: {peer}: {why}" for peer, why in missing.items()]
    lines += [f"- **Failed**: {name}: {why}" for name, why in failed.items()]
    if all_bars:
        lines += ["", "## Comparison", "", "![Comparison](benchmarks/comparison.svg)"]
    if all_curves:
        lines += ["", "## How cost grows", "", "![Growth](benchmarks/growth.svg)", ""]
        lines += [f"- **{curve.name}.** {curve.why}" for curve in all_curves]
        for curve in all_curves:
            lines += ["", *curve_table(curve)]
    lines += ["", "## What is in the way", "", IN_THE_WAY.read_text()]
    text = "\n".join(lines).rstrip() + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.md").write_text(text)


def table_line(row: Row) -> str:
    words = {True: "reached", False: "**missed**", None: "" if row.target == "–" else "no result"}
    note = f"<br>{row.note}" if row.note else ""
    return f"| {row.what} | {row.measured}{note} | {row.target} | {words[row.reached]} |"


def curve_table(curve) -> list[str]:
    lines = []
    for name, points in curve.points.items():
        shown = [f"{x:,}" for x, _ in points]
        lines += [f"| {curve.x} | " + " | ".join(shown) + " |", "| --- " * (len(points) + 1) + "|"] if not lines else []
        lines.append(f"| {name}, {curve.y} | " + " | ".join(f"{y:,.2f}" if y < 10 else f"{y:,.0f}" for _, y in points) + " |")
    return lines
