"""Intervals by drawing epochs again, with a seed, so that two reports agree. Pure."""

import random
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Final

from validators.scoring.backtest.ranking import times_of
from validators.scoring.backtest.results import Estimate

SEED: Final = 5
DRAWS: Final = 1_000
# A pooled measure takes milliseconds to compute.
POOLED_DRAWS: Final = 200
TAIL: Final = 0.025


def mean_estimate(values: Sequence[float | None]) -> Estimate:
    """The mean over the epochs in which there is a value."""
    known = [value for value in values if value is not None]
    if not known:
        return Estimate(None, None, None)
    rng = random.Random(SEED)
    means = [fmean(rng.choices(known, k=len(known))) for _ in range(DRAWS)]
    return Estimate(fmean(known), *interval(means))


def pooled_estimate(count: int, measure: Callable[[Sequence[int]], float | None]) -> Estimate:
    """`measure` is told how often each of `count` epochs counts."""
    rng = random.Random(SEED)
    drawn = []
    for _ in range(POOLED_DRAWS):
        value = measure(times_of(rng.choices(range(count), k=count), count))
        if value is not None:
            drawn.append(value)
    value = measure([1] * count)
    return Estimate(value, *interval(drawn)) if value is not None else Estimate(None, None, None)


def interval(drawn: Sequence[float]) -> tuple[float, float]:
    """What holds 95 % of the draws."""
    ordered = sorted(drawn)
    last = len(ordered) - 1
    return ordered[round(TAIL * last)], ordered[round((1 - TAIL) * last)]
