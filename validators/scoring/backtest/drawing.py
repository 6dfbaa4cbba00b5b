"""Intervals by drawing epochs again, alone or in blocks of neighbours, with a seed. Pure."""

import random
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

Value = TypeVar("Value")

SEED: Final = 7
DRAWS: Final = 300
# A pooled measure takes milliseconds to compute.
POOLED_DRAWS: Final = 100
TAIL: Final = 0.025


class Interval(NamedTuple):
    """What holds 95 % of the draws."""

    low: float
    high: float


def drawn_interval(
    values: Sequence[Value],
    measure: Callable[[Sequence[Value]], float],
    *,
    block: int = 1,
    draws: int = DRAWS,
) -> Interval:
    """Of a measure over the values, one for each epoch in order; a block at the end goes on at the start."""
    rng, count = random.Random(SEED), len(values)
    found = []
    for _ in range(draws):
        chosen: list[Value] = []
        while len(chosen) < count:
            start = rng.randrange(count)
            chosen += [values[(start + step) % count] for step in range(block)]
        found.append(measure(chosen[:count]))
    found.sort()
    return Interval(found[int(TAIL * draws)], found[int((1 - TAIL) * draws)])
