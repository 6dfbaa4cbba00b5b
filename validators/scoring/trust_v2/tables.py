"""The numbers behind trust-v2, read from its versioned file. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from validators.scoring.curves import Curve, curve
from validators.scoring.past import powers

COEFFICIENTS: Final = "coefficients.json"
INPUTS: Final = (
    "last_shortfall",
    "previous_shortfall",
    "earlier_shortfall",
    "bad_run",
    "delinquency",
    "stake",
    "failing_with_stake",
    "behind_release",
    "skipping",
)


@dataclass(frozen=True, slots=True)
class Tables:
    """One version of the method.

    Log-odds of a bad next epoch = intercept + the sum of the reliability curves, in the order
    of INPUTS; `calibration` makes a probability of them. `weights` holds for each of the
    recency-weighted means what an epoch 0, 1, 2... epochs old counts. The rest turns
    probability, expected return and terms into points, and is chosen, not fitted.
    """

    version: str
    record: Mapping[str, Any]
    intercept: float
    curves: tuple[Curve, ...]
    calibration: Curve
    weights: Mapping[str, tuple[float, ...]]
    loss_when_bad: float
    reliability_points: Curve
    return_points: Curve
    terms_points: Mapping[str, float]
    share_kept: Curve
    delinquent_now_risk: float


@cache
def shipped_tables() -> Tables:
    """Those in the file beside this module."""
    return tables(json.loads(files(__package__).joinpath(COEFFICIENTS).read_text()))


def tables(document: Mapping[str, Any]) -> Tables:
    """From the file's JSON; a KeyError or ValueError for what is none."""
    curves = {entry["name"]: curve(entry) for entry in document["curves"]}
    points = document["points"]
    return Tables(
        version=document["version"],
        record=document["record"],
        intercept=float(document["intercept"]),
        curves=tuple(curves[name] for name in INPUTS),
        calibration=curve(document["calibration"]),
        weights={name: powers(float(ratio)) for name, ratio in document["decay_per_epoch"].items()},
        loss_when_bad=float(document["loss_when_bad"]),
        reliability_points=curve(points["reliability"]),
        return_points=curve(points["return"]),
        terms_points={name: float(value) for name, value in points["terms"].items()},
        share_kept=curve(points["share_kept"]),
        delinquent_now_risk=float(document["delinquent_now_risk"]),
    )
