"""What a measure gives: rows of the table, and curves."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field


@dataclass
class Row:
    """One line of the table. `reached` is `None` where there is no target, or no result."""

    what: str
    measured: str
    target: str = "–"
    reached: bool | None = None
    note: str = ""


@dataclass
class Curve:
    """How a cost grows: its points, and a sentence that says why."""

    name: str
    x: str
    y: str
    points: dict[str, list]  # line -> [[x, y], ...]
    why: str


@dataclass
class Bars:
    """A comparison, as a plot: name -> (median, least, most)."""

    name: str
    unit: str
    values: dict[str, list[float]]


@dataclass
class Outcome:
    rows: list[Row] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    bars: list[Bars] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict:
        return asdict(self)

    @staticmethod
    def from_json(stored: dict) -> Outcome:
        return Outcome(
            [Row(**row) for row in stored["rows"]],
            [Curve(**curve) for curve in stored["curves"]],
            [Bars(**bars) for bars in stored["bars"]],
            stored["notes"],
        )


def at_most(what: str, rounds, spread, limit: float, unit: str = "×", digits: int = 2) -> Row:
    """A row whose median must not be above a limit; rounds that were all void conclude nothing."""
    reached = None if rounds.inconclusive else spread.median <= limit
    return Row(what, f"{spread.text(digits)} {unit}", f"≤ {limit:g} {unit}", reached, rounds.note())


def at_least(what: str, rounds, spread, limit: float, unit: str = "×", digits: int = 1) -> Row:
    reached = None if rounds.inconclusive else spread.median >= limit
    return Row(what, f"{spread.text(digits)} {unit}", f"≥ {limit:g} {unit}", reached, rounds.note())


def bars_of(name: str, unit: str, rounds, names) -> Bars:
    spreads = {one: rounds.cost(one) for one in names if rounds.has(one)}
    return Bars(name, unit, {one: [s.median, s.least, s.most] for one, s in spreads.items()})
