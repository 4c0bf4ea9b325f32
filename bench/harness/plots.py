"""The plots, as SVG."""

from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "mlgate"  # the same picture from the same numbers
matplotlib.rcParams["font.size"] = 9
from matplotlib import pyplot  # noqa: E402

from .outcome import Bars, Curve  # noqa: E402

OURS, OTHERS = "#00736b", "#a8b4b3"


def save(figure, file: Path):
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None}, bbox_inches="tight")
    pyplot.close(figure)


def bars(many: list[Bars], file: Path):
    """One panel a comparison; the thin lines go from the least to the most that a round measured."""
    columns = 2
    rows = (len(many) + columns - 1) // columns
    figure, axes = pyplot.subplots(rows, columns, figsize=(9, 1.9 * rows), squeeze=False)
    for axis, one in zip(axes.flat, many):
        names = list(one.values)[::-1]
        middle = [one.values[name][0] for name in names]
        below = [max(0, one.values[name][0] - one.values[name][1]) for name in names]
        above = [max(0, one.values[name][2] - one.values[name][0]) for name in names]
        colours = [OURS if name.startswith("mlgate") else OTHERS for name in names]
        axis.barh(names, middle, xerr=[below, above], color=colours, error_kw={"lw": 0.8})
        axis.set_title(f"{one.name} ({one.unit})", fontsize=9, loc="left")
        if min(middle) > 0 and max(middle) / min(middle) > 20:
            axis.set_xscale("log")
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes.flat[len(many) :]:
        axis.set_visible(False)
    figure.tight_layout()
    save(figure, file)


def curves(many: list[Curve], file: Path):
    columns = 2
    rows = (len(many) + columns - 1) // columns
    figure, axes = pyplot.subplots(rows, columns, figsize=(9, 2.8 * rows), squeeze=False)
    for axis, one in zip(axes.flat, many):
        for name, points in one.points.items():
            axis.plot([x for x, _ in points], [y for _, y in points], marker="o", ms=3, label=name)
        wide = [x for points in one.points.values() for x, _ in points if x > 0]
        if max(wide) / min(wide) > 50:
            axis.set_xscale("log")
        tall = [y for points in one.points.values() for _, y in points if y > 0]
        if max(tall) / min(tall) > 20:
            axis.set_yscale("log")
        else:
            axis.set_ylim(bottom=0)
        axis.set(xlabel=one.x, ylabel=one.y)
        axis.set_title(one.name, fontsize=9, loc="left")
        axis.legend(fontsize=7, frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes.flat[len(many) :]:
        axis.set_visible(False)
    figure.tight_layout()
    save(figure, file)
