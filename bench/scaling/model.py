"""How often copies ask. A copy keeps a verdict for a lifetime, from the answer on, however often it is used; it keeps the
10,000 that it used last. Requests come as they like (Poisson), to a copy at random or to the one of their caller."""

from __future__ import annotations

import random
from collections import OrderedDict
from dataclasses import dataclass

# `MOST_VERDICTS` in src/privileges/cache.rs
KEPT = 10_000


@dataclass(frozen=True)
class Case:
    """A caller and a job are a key. `spread` is how unevenly keys are asked for: 0 is evenly, 1 as words in a text (Zipf)."""

    rate: float
    copies: int
    keys: int
    lifetime: float = 5.0
    spread: float = 1.0
    sticky: bool = False

    def weights(self) -> list[float]:
        raw = [1 / (rank + 1) ** self.spread for rank in range(self.keys)]
        total = sum(raw)
        return [weight / total for weight in raw]


def computed(case: Case) -> float:
    """Questions a second. A key that a copy is asked for r times a second is questioned once in lifetime + 1/r."""
    copies = 1 if case.sticky else case.copies
    rates = [case.rate * weight / copies for weight in case.weights()]
    return copies * sum(rate / (1 + rate * case.lifetime) for rate in rates)


def fits(case: Case) -> bool:
    """Whether a copy can keep all the keys that are fresh at a time."""
    copies = 1 if case.sticky else case.copies
    fresh = sum(1 - 1 / (1 + case.rate * weight / copies * case.lifetime) for weight in case.weights())
    return fresh / (case.copies if case.sticky else 1) <= KEPT


def simulated(case: Case, seed: int = 1) -> float:
    """Questions a second, request by request. All copies start empty and so at the same beat: what is counted begins in the
    middle of a lifetime, and lasts for two."""
    random.seed(seed)
    begin, end = 1.5 * case.lifetime, 3.5 * case.lifetime
    keys = random.choices(range(case.keys), weights=case.weights(), k=int(case.rate * end * 1.01))
    caches: list[OrderedDict] = [OrderedDict() for _ in range(case.copies)]
    now, asked = 0.0, 0
    for key in keys:
        now += random.expovariate(case.rate)
        if now >= end:
            return asked / (end - begin)
        cache = caches[hash((key, 7)) % case.copies if case.sticky else random.randrange(case.copies)]
        until = cache.get(key)
        if until is not None and until > now:
            cache.move_to_end(key)
            continue
        asked += now >= begin
        cache[key] = now + case.lifetime
        cache.move_to_end(key)
        if len(cache) > KEPT:
            cache.popitem(last=False)
    raise RuntimeError("too few requests")
