"""Interleaved rounds: every contender in every round, in a rotated order, with a control that makes a round void."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

# Two equal contenders may differ by so much; else the round is weather.
CONTROL = (0.85, 1.15)


class Weather(Exception):
    """A contender was not given the time to do anything."""


@dataclass
class Spread:
    """A median, and how far single rounds were from it."""

    median: float
    least: float
    most: float

    @staticmethod
    def of(values: list[float]) -> Spread:
        return Spread(statistics.median(values), min(values), max(values))

    def text(self, digits: int = 2) -> str:
        return f"{self.median:.{digits}f} ({self.least:.{digits}f}–{self.most:.{digits}f})"


@dataclass
class Rounds:
    """What was measured. `good` has one value for each contender and round."""

    good: list[dict] = field(default_factory=list)
    void: int = 0
    # Less than half of the rounds were good (where none was, the void ones are shown): nothing may be concluded.
    inconclusive: bool = False

    def cost(self, name: str) -> Spread:
        return Spread.of([one[name] for one in self.good])

    def ratio(self, name: str, to: str) -> Spread:
        return Spread.of([one[name] / one[to] for one in self.good])

    def apply(self, value: Callable[[dict], float]) -> Spread:
        """Of a value that is computed inside each round."""
        return Spread.of([value(one) for one in self.good])

    def has(self, name: str) -> bool:
        return bool(self.good) and name in self.good[0]

    def note(self) -> str:
        text = f"{len(self.good)} rounds, {self.void} void" if self.void else f"{len(self.good)} rounds"
        return text + (" – too few good ones: weather, **no result**" if self.inconclusive else "")


def interleave(contenders: dict[str, Callable[[], float]], rounds: int, control: tuple | None = None) -> Rounds:
    """Runs rounds until enough are good, at most half as many more as asked for."""
    result, voids, storms, names = Rounds(), [], [], list(contenders)
    for number in range(rounds + (rounds + 1) // 2):
        if len(result.good) == rounds:
            break
        shift = number % len(names)
        try:
            one = {name: contenders[name]() for name in names[shift:] + names[:shift]}
        except Weather as storm:
            print(f"    void round: {storm}", file=sys.stderr)
            storms.append(storm)
            continue
        if control and not CONTROL[0] <= one[control[0]] / one[control[1]] <= CONTROL[1]:
            print(f"    void round: {control[0]} is {one[control[0]] / one[control[1]]:.2f} x {control[1]}", file=sys.stderr)
            voids.append(one)
        else:
            result.good.append(one)
    result.void = len(voids) + len(storms)
    result.inconclusive = 2 * len(result.good) < rounds
    if not result.good:
        if not voids:
            raise storms[-1]
        result.good = voids
    return result
