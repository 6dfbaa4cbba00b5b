"""Piecewise-linear curves as the columns of a regression. Pure.

A curve is 0 at its first knot and rises by one coefficient from knot to knot, so that its
direction is the sign of its coefficients. A row is kept sparse, in the values at the knots: at
most two of each curve, and the product with coefficients goes over their running sums.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

NEITHER: Final = 0


class CurveDesign(NamedTuple):
    """The knots of one curve, and whether it may only rise (1) or fall (-1)."""

    name: str
    knots: tuple[float, ...]
    direction: int


class Row(NamedTuple):
    """The places of a row that are not 0, ascending, and what stands there."""

    places: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """Coefficients in order: of each curve one per interval and one for unknown; at last the intercept."""

    curves: tuple[CurveDesign, ...]

    @property
    def size(self) -> int:
        return sum(len(curve.knots) for curve in self.curves) + 1

    @property
    def directions(self) -> list[int]:
        """Of every coefficient. Not to know is never better than the best."""
        found: list[int] = []
        for curve in self.curves:
            found += [curve.direction] * (len(curve.knots) - 1) + [max(curve.direction, NEITHER)]
        return [*found, NEITHER]

    def intervals(self) -> list[range]:
        """The places of each curve's intervals."""
        found, start = [], 0
        for curve in self.curves:
            found.append(range(start, start + len(curve.knots) - 1))
            start += len(curve.knots)
        return found

    def row(self, inputs: Iterable[float | None]) -> Row:
        """The sparse row of these inputs, one for each curve."""
        entries: list[tuple[int, float]] = []
        start = 0
        for curve, x in zip(self.curves, inputs, strict=True):
            entries += _entries(curve.knots, x, start)
            start += len(curve.knots)
        entries.append((start, 1.0))
        return Row(tuple(place for place, _ in entries), tuple(value for _, value in entries))

    def heights(self, coefficients: Sequence[float]) -> list[float]:
        """The curves' values at their knots, in the places that rows refer to."""
        heights = list(coefficients)
        for interval in self.intervals():
            heights[interval.start : interval.stop] = accumulate(coefficients[interval.start : interval.stop])
        return heights

    def by_coefficient(self, by_height: Sequence[float]) -> list[float]:
        """A gradient by heights as one by coefficients, which move all later heights of their curve."""
        found = list(by_height)
        for interval in self.intervals():
            backwards = list(accumulate(reversed(by_height[interval.start : interval.stop])))
            found[interval.start : interval.stop] = reversed(backwards)
        return found


def _entries(knots: Sequence[float], x: float | None, start: int) -> list[tuple[int, float]]:
    """Place `start` is the height at the second knot; that at the first is 0 and has none."""
    last = len(knots) - 1
    if x is None:
        return [(start + last, 1.0)]
    right = bisect_right(knots, x)
    if right == 0:
        return []
    if right > last:
        return [(start + last - 1, 1.0)]
    share = (x - knots[right - 1]) / (knots[right] - knots[right - 1])
    left = [(start + right - 2, 1.0 - share)] if right > 1 else []
    return [*left, (start + right - 1, share)] if share else left
