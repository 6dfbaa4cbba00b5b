"""How well a number that should be high before a bad epoch tells bad from good. Pure.

Ties are halves for the AUC and one step for the average precision.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import mul

from validators.scoring.curves import interpolated


@dataclass(frozen=True, slots=True)
class Separation:
    """AUC and average precision; None without both a bad and a good one."""

    auc: float | None
    average_precision: float | None


@dataclass(frozen=True, slots=True)
class Sorted:
    """The danger that a method saw in one epoch's validators, ascending, by what became of them."""

    bad: Sequence[float]
    good: Sequence[float]


def by_outcome(danger: Sequence[float], bad: Sequence[bool]) -> Sorted:
    pairs = list(zip(danger, bad, strict=True))
    return Sorted(
        sorted(value for value, was_bad in pairs if was_bad),
        sorted(value for value, was_bad in pairs if not was_bad),
    )


def separation(one: Sorted) -> Separation:
    """Of a single epoch."""
    return Pool([one]).separation([1])


class Pool:
    """Several epochs judged as one, with each epoch as often as asked: what a bootstrap repeats.

    Counted once, for each bad one: how many of each epoch lie below, beside and above it.
    """

    def __init__(self, epochs: Sequence[Sorted]) -> None:
        self._bad = [len(one.bad) for one in epochs]
        self._good = [len(one.good) for one in epochs]
        self._epoch_of: list[int] = []
        self._good_below: list[list[float]] = []
        self._good_above: list[list[int]] = []
        self._bad_above: list[list[int]] = []
        for position, one in enumerate(epochs):
            for value in one.bad:
                self._epoch_of.append(position)
                self._count(value, epochs)

    def _count(self, value: float, epochs: Sequence[Sorted]) -> None:
        below, above = [], []
        for other in epochs:
            left = bisect_left(other.good, value)
            below.append((left + bisect_right(other.good, value)) / 2)
            above.append(len(other.good) - left)
        self._good_below.append(below)
        self._good_above.append(above)
        self._bad_above.append([len(other.bad) - bisect_left(other.bad, value) for other in epochs])

    def separation(self, times: Sequence[int]) -> Separation:
        """`times` says how often each epoch counts."""
        bad, good = sum(map(mul, self._bad, times)), sum(map(mul, self._good, times))
        if not bad or not good:
            return Separation(None, None)
        won = precision = 0.0
        for position, below, good_above, bad_above in zip(
            self._epoch_of, self._good_below, self._good_above, self._bad_above, strict=True
        ):
            count = times[position]
            if count:
                won += count * sum(map(mul, below, times))
                hits = sum(map(mul, bad_above, times))
                precision += count * hits / (hits + sum(map(mul, good_above, times)))
        return Separation(won / (bad * good), precision / bad)


def spearman(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Rank correlation, ties sharing their mean rank; None where one side is all alike."""
    if len(left) < 2:
        return None
    a, b = ranks(left), ranks(right)
    mean = (len(a) + 1) / 2
    a, b = [x - mean for x in a], [x - mean for x in b]
    spread = (sum(map(mul, a, a)) * sum(map(mul, b, b))) ** 0.5
    return sum(map(mul, a, b)) / spread if spread else None


def ranks(values: Sequence[float]) -> list[float]:
    """1 is lowest; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or values[order[end]] != values[order[start]]:
            shared = (start + 1 + end) / 2
            for place in order[start:end]:
                found[place] = shared
            start = end
    return found


def lift(one: Sorted, steps: int) -> list[float]:
    """Share of the bad ones among the most dangerous 1/steps, 2/steps ... of all.

    Of equals that only partly fit in, the bad ones are taken in proportion.
    """
    total = len(one.bad) + len(one.good)
    ends, caught = [0.0], [0.0]
    for value in sorted({*one.bad, *one.good}, reverse=True):
        bad = len(one.bad) - bisect_left(one.bad, value)
        ends.append(float(bad + len(one.good) - bisect_left(one.good, value)))
        caught.append(float(bad))
    return [interpolated(total * step / steps, ends, caught) / len(one.bad) for step in range(1, steps + 1)]


def times_of(chosen: Sequence[int], count: int) -> list[int]:
    """How often each of `count` epochs is among the chosen."""
    times = list(repeat(0, count))
    for place in chosen:
        times[place] += 1
    return times
