"""Whether probabilities come true as often as they say. Pure."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from validators.scoring.backtest.results import Bin

# Finer where most validators are; the last one is above 1, so that 1 itself is inside.
EDGES: Final = (0.0, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0000001)
NORMAL_95: Final = 1.959964
WITHIN: Final = 0.2


def brier(judged: Sequence[tuple[float, bool]]) -> float | None:
    """Mean squared distance between probability and what happened."""
    if not judged:
        return None
    return math.fsum((probability - came_true) ** 2 for probability, came_true in judged) / len(judged)


def reliability(judged: Iterable[tuple[float, bool]], edges: Sequence[float] = EDGES) -> list[Bin]:
    """One bin for each pair of edges in which something was predicted."""
    ordered = sorted(judged)
    bins = []
    for low, high in pairwise(edges):
        inside = [one for one in ordered if low <= one[0] < high]
        if inside:
            bins.append(_bin(low, min(high, 1.0), inside))
    return bins


def wilson(successes: int, count: int) -> tuple[float, float]:
    """The 95 % score interval of a share. Source: Wilson, 1927."""
    share, squared = successes / count, NORMAL_95**2
    centre = (share + squared / (2 * count)) / (1 + squared / count)
    half = (
        NORMAL_95 * math.sqrt(share * (1 - share) / count + squared / (4 * count**2)) / (1 + squared / count)
    )
    return max(0.0, centre - half), min(1.0, centre + half)


def _bin(low: float, high: float, inside: Sequence[tuple[float, bool]]) -> Bin:
    count, came_true = len(inside), sum(one[1] for one in inside)
    predicted = math.fsum(one[0] for one in inside) / count
    observed = came_true / count
    lower, upper = wilson(came_true, count)
    holds = lower <= predicted <= upper or abs(observed - predicted) <= WITHIN * predicted
    return Bin(low, high, count, predicted, observed, lower, upper, holds)
