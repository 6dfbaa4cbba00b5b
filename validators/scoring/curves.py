"""Piecewise-linear curves, the only functions that an additive method here is made of. Pure."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Curve:
    """Straight between its knots, flat beyond them, `unknown` where there is no input."""

    name: str
    knots: tuple[float, ...]
    values: tuple[float, ...]
    unknown: float
    lowest: float
    highest: float

    def at(self, x: float | None) -> float:
        return self.unknown if x is None else interpolated(x, self.knots, self.values)


def curve(document: Mapping[str, Any]) -> Curve:
    """From a JSON object with name, knots, values and, if it is not 0, unknown."""
    values = tuple(map(float, document["values"]))
    unknown = float(document.get("unknown", 0.0))
    knots = tuple(map(float, document["knots"]))
    return Curve(document["name"], knots, values, unknown, min(*values, unknown), max(*values, unknown))


def interpolated(x: float, knots: Sequence[float], values: Sequence[float]) -> float:
    """Exact at the knots, and the same digits everywhere: only + - * / and comparisons."""
    right = bisect_right(knots, x)
    if right == 0:
        return values[0]
    if right == len(knots):
        return values[-1]
    left, low = knots[right - 1], values[right - 1]
    return low + (values[right] - low) * ((x - left) / (knots[right] - left))
