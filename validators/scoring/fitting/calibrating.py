"""A monotone map from log-odds to the probabilities that came true. Pure."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from validators.scoring.fitting.design import CurveDesign, Design
from validators.scoring.fitting.logistic import Bounds, Sample, fitted, log_odds

FREE: Final = 1e-6
# The map from log-odds to log-odds bends here; steps that see few bad epochs stay near slope 1.
CALIBRATION_KNOTS: Final = (-12.0, -5.0, -3.0, 0.0, 12.0)
LEAST_SLOPE: Final = 0.05
TABLE_LOG_ODDS: Final = tuple(-10.0 + 0.25 * i for i in range(73))


def calibration(
    outcomes: Sequence[float], weights: Sequence[float], unseen: Sequence[float]
) -> list[tuple[float, float]]:
    """(log-odds, probability), of outcomes and the log-odds that a fit gave that had not seen them."""
    design = Design((CurveDesign("log_odds", CALIBRATION_KNOTS, 1),))
    lengths = [b - a for a, b in pairwise(CALIBRATION_KNOTS)]
    aim = [*lengths, 0.0, CALIBRATION_KNOTS[0]]
    bounds = Bounds(
        [*(LEAST_SLOPE * length for length in lengths), 0.0, -math.inf],
        [math.inf] * len(aim),
        aim,
        [*(1.0 / length**2 for length in lengths), 1.0, FREE],
    )
    rows = [design.row((value,)) for value in unseen]
    mapped = fitted(Sample(design, rows, outcomes, weights), bounds, aim)
    table = Sample(design, [design.row((z,)) for z in TABLE_LOG_ODDS], (), ())
    probabilities = [1.0 / (1.0 + math.exp(-z)) for z in log_odds(table, mapped)]
    return list(zip(TABLE_LOG_ODDS, probabilities, strict=True))


def calibration_curve(table: Sequence[tuple[float, float]]) -> dict[str, object]:
    """As the files of coefficients hold it."""
    return {
        "name": "calibration",
        "knots": [z for z, _ in table],
        "values": [round(p, 8) for _, p in table],
    }
