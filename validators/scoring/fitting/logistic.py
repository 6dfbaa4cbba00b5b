"""Logistic regression with bounds on its coefficients, by projected Newton steps. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter, mul
from typing import Final

from validators.scoring.fitting.design import Design, Row
from validators.scoring.fitting.linear import solved

MOST_STEPS: Final = 60
# The penalised log-likelihood is of the order of thousands; the file keeps four decimals.
ENOUGH: Final = 1e-5
SHORTEST_STEP: Final = 1e-4
ON_THE_BOUND: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of each coefficient: limits, and where a penalty of how much pulls it."""

    lowest: Sequence[float]
    highest: Sequence[float]
    aim: Sequence[float]
    penalty: Sequence[float]

    def within(self, coefficients: Sequence[float]) -> list[float]:
        return [
            min(max(value, low), high)
            for value, low, high in zip(coefficients, self.lowest, self.highest, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows, whether each turned out bad (1.0) or not (0.0), and how much it counts."""

    design: Design
    rows: Sequence[Row]
    outcomes: Sequence[float]
    weights: Sequence[float]


def fitted(sample: Sample, bounds: Bounds, start: Sequence[float]) -> list[float]:
    """The coefficients within the bounds that explain the outcomes best."""
    coefficients = bounds.within(start)
    odds = log_odds(sample, coefficients)
    cost = _cost(sample, bounds, coefficients, odds)
    for _ in range(MOST_STEPS):
        slopes, curvature = _derivatives(sample, bounds, coefficients, odds)
        step = _step(coefficients, slopes, curvature, bounds)
        length = 1.0
        while True:
            candidate = bounds.within([at + length * by for at, by in zip(coefficients, step, strict=True)])
            odds = log_odds(sample, candidate)
            lower = _cost(sample, bounds, candidate, odds)
            if lower <= cost or length < SHORTEST_STEP:
                break
            length /= 2
        gained = cost - lower
        if gained < ENOUGH:
            return coefficients if gained < 0 else candidate
        coefficients, cost = candidate, lower
    return coefficients


def log_odds(sample: Sample, coefficients: Sequence[float]) -> list[float]:
    """Of each row."""
    heights = sample.design.heights(coefficients)
    intercept = heights[-1]
    found = []
    for places, values in sample.rows:
        # itemgetter gives a bare value, not a tuple, for one place: a row of the intercept alone.
        found.append(sum(map(mul, values, itemgetter(*places)(heights))) if len(places) > 1 else intercept)
    return found


def _cost(sample: Sample, bounds: Bounds, coefficients: Sequence[float], odds: Sequence[float]) -> float:
    terms = (
        weight * (max(z, 0.0) + math.log1p(math.exp(-abs(z))) - outcome * z)
        for z, outcome, weight in zip(odds, sample.outcomes, sample.weights, strict=True)
    )
    pulls = (
        penalty * (value - aim) ** 2
        for value, aim, penalty in zip(coefficients, bounds.aim, bounds.penalty, strict=True)
    )
    return math.fsum(terms) + 0.5 * math.fsum(pulls)


def _derivatives(
    sample: Sample, bounds: Bounds, coefficients: Sequence[float], odds: Sequence[float]
) -> tuple[list[float], list[list[float]]]:
    """First and second derivatives of the cost by the coefficients."""
    design = sample.design
    first = [0.0] * design.size
    second = [[0.0] * design.size for _ in range(design.size)]
    for (places, values), z, outcome, weight in zip(
        sample.rows, odds, sample.outcomes, sample.weights, strict=True
    ):
        probability = 1.0 / (1.0 + math.exp(-z)) if z > -700.0 else 0.0
        missed = weight * (probability - outcome)
        spread = weight * probability * (1.0 - probability)
        for position, place in enumerate(places):
            value = values[position]
            first[place] += missed * value
            line, scaled = second[place], spread * value
            for other in range(position + 1):
                line[places[other]] += scaled * values[other]
    for i in range(design.size):
        for j in range(i):
            second[j][i] = second[i][j]
    columns = [design.by_coefficient(line) for line in second]
    turned = [design.by_coefficient(line) for line in zip(*columns, strict=True)]
    slopes = design.by_coefficient(first)
    for i, (value, aim, penalty) in enumerate(zip(coefficients, bounds.aim, bounds.penalty, strict=True)):
        slopes[i] += penalty * (value - aim)
        turned[i][i] += penalty
    return slopes, turned


def _step(
    coefficients: Sequence[float],
    slopes: Sequence[float],
    curvature: Sequence[Sequence[float]],
    bounds: Bounds,
) -> list[float]:
    """Newton's step of those that are not held at a bound by their slope."""
    free = [
        i
        for i, (value, slope) in enumerate(zip(coefficients, slopes, strict=True))
        if not (value <= bounds.lowest[i] + ON_THE_BOUND and slope > 0)
        and not (value >= bounds.highest[i] - ON_THE_BOUND and slope < 0)
    ]
    found = solved([[curvature[i][j] for j in free] for i in free], [-slopes[i] for i in free])
    step = [0.0] * len(coefficients)
    for i, by in zip(free, found, strict=True):
        step[i] = by
    return step
