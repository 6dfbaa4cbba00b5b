"""Fitting trust-v2: which curves, on which rows, and the file that comes of it. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from validators.scoring.facts import BAD_PERFORMANCE
from validators.scoring.fitting.calibrating import FREE, calibration, calibration_curve
from validators.scoring.fitting.choices import POINTS
from validators.scoring.fitting.design import CurveDesign, Design, Row
from validators.scoring.fitting.logistic import Bounds, Sample, fitted, log_odds
from validators.scoring.past import powers
from validators.scoring.timeline import Timeline, facts_at, outcomes_after
from validators.scoring.trust_v2.inputs import UNSEEN_SHORTFALL, inputs_of, surroundings

VERSION: Final = "2.1.0"
# Epochs until an epoch counts half; chosen on the epochs after the fit.
HALF_LIVES: Final = {"earlier_shortfall": 4.0, "delinquency": 40.0, "skipping": 5.0}
CURVES: Final = (
    CurveDesign("last_shortfall", (0, 0.001, 0.003, 0.007, 0.015, 0.03, 0.06, 0.15, 0.4, 0.9), 1),
    CurveDesign("previous_shortfall", (0, 0.002, 0.01, 0.03, 0.1, 0.5), 1),
    CurveDesign("earlier_shortfall", (0, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03), 1),
    CurveDesign("bad_run", (0, 1, 2, 3, 5, 10), 1),
    CurveDesign("delinquency", (0, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.03, 0.1), 1),
    CurveDesign(
        "stake",
        (1e3, 3e3, 5e3, 7.5e3, 1e4, 1.5e4, 2e4, 3e4, 5e4, 7.5e4, 1e5, 1.5e5, 2e5, 3e5, 5e5, 1e6, 3e6),
        -1,
    ),
    CurveDesign("failing_with_stake", (0, 1), 1),
    CurveDesign("behind_release", (0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1), 1),
    CurveDesign("skipping", (0, 0.005, 0.01, 0.03, 0.1), 1),
)
RIDGE: Final = 3.0
# The recorded epochs before this one were seen two or three times each.
COARSE_BEFORE: Final = 860
COARSE_WEIGHT: Final = 0.4
FOLDS: Final = 6
# A validator delinquent at the fetch; no recorded epoch can tell, so it is a choice.
DELINQUENT_NOW_RISK: Final = 0.5


class Example(NamedTuple):
    """A validator at the end of an epoch, and whether its next one was bad (1.0)."""

    epoch: int
    inputs: tuple[float | None, ...]
    bad: float
    next_performance: float | None


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the fit was made on, and when; `fitted_at` is whatever the caller records of the moment."""

    source: str
    first_epoch: int
    last_epoch: int
    fitted_at: str


def examples(history: Timeline, *, first: int, last: int) -> list[Example]:
    """Of every epoch from `first` on whose outcome lies in an epoch up to `last`."""
    weights = {name: powers(decay(life)) for name, life in HALF_LIVES.items()}
    found: list[Example] = []
    for epoch in range(first, last):
        if epoch not in history or epoch + 1 not in history or not {epoch - 1, epoch - 2} & history.keys():
            continue
        cluster = facts_at(history, epoch)
        around = surroundings(cluster)
        outcomes = outcomes_after(history, epoch)
        for validator in cluster.validators:
            outcome = outcomes[validator.vote_account]
            if validator.activated_stake and outcome.bad is not None and outcome.now is not None:
                values = inputs_of(validator, around, weights).values
                found.append(Example(epoch, values, float(outcome.bad), outcome.performance))
    return found


def fit(
    found: Sequence[Example], provenance: Provenance, *, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """The coefficient file as JSON. ValueError without both good and bad examples in six epochs."""
    outcomes = [example.bad for example in found]
    epochs = sorted({example.epoch for example in found})
    if not 0 < sum(outcomes) < len(outcomes) or len(epochs) < FOLDS:
        raise ValueError(f"{len(found)} examples in {len(epochs)} epochs are too few, or all alike")
    design = Design(CURVES)
    sample = _sample(design, found, [design.row(example.inputs) for example in found])
    progress(f"{len(found)} examples, {sum(outcomes):.0f} of them bad")
    start = [0.0] * design.size
    start[-1] = _mean_log_odds(sample)
    coefficients = fitted(sample, _bounds(design), start)
    progress("curves fitted")
    unseen = _out_of_fold(sample, [example.epoch for example in found], epochs, coefficients, progress)
    table = calibration(sample.outcomes, sample.weights, unseen)
    return _document(design, coefficients, table, found, provenance)


def decay(half_life: float) -> float:
    """What is left of a weight after one epoch, rounded so that it is stored as it is used."""
    return float(round(0.5 ** (1.0 / half_life), 12))


def _sample(design: Design, found: Sequence[Example], rows: Sequence[Row]) -> Sample:
    weights = [COARSE_WEIGHT if example.epoch < COARSE_BEFORE else 1.0 for example in found]
    return Sample(design, rows, [example.bad for example in found], weights)


def _mean_log_odds(sample: Sample) -> float:
    bad = sum(weight * outcome for weight, outcome in zip(sample.weights, sample.outcomes, strict=True))
    return math.log(bad / (sum(sample.weights) - bad))


def _bounds(design: Design) -> Bounds:
    directions = design.directions
    return Bounds(
        [0.0 if direction > 0 else -math.inf for direction in directions],
        [0.0 if direction < 0 else math.inf for direction in directions],
        [0.0] * design.size,
        [RIDGE] * (design.size - 1) + [FREE],
    )


def _out_of_fold(
    sample: Sample,
    at: Sequence[int],
    epochs: Sequence[int],
    start: Sequence[float],
    progress: Callable[[str], None],
) -> list[float]:
    """Log-odds of every row from a fit that saw neither its block of epochs nor the two beside it."""
    found = [0.0] * len(at)
    for fold in range(FOLDS):
        block = epochs[fold * len(epochs) // FOLDS : (fold + 1) * len(epochs) // FOLDS]
        inside = [place for place, epoch in enumerate(at) if block[0] <= epoch <= block[-1]]
        outside = [place for place, epoch in enumerate(at) if not block[0] - 1 <= epoch <= block[-1] + 1]
        coefficients = fitted(_part(sample, outside), _bounds(sample.design), start)
        for place, value in zip(inside, log_odds(_part(sample, inside), coefficients), strict=True):
            found[place] = value
        progress(f"fold {fold + 1} of {FOLDS} fitted")
    return found


def _part(sample: Sample, places: Sequence[int]) -> Sample:
    return Sample(
        sample.design,
        [sample.rows[place] for place in places],
        [sample.outcomes[place] for place in places],
        [sample.weights[place] for place in places],
    )


def _document(
    design: Design,
    coefficients: Sequence[float],
    table: Sequence[tuple[float, float]],
    found: Sequence[Example],
    provenance: Provenance,
) -> dict[str, Any]:
    lost = [
        1.0 - example.next_performance
        for example in found
        if example.next_performance is not None and example.next_performance < BAD_PERFORMANCE
    ]
    return {
        "method": "trust-v2",
        "version": VERSION,
        "record": _record(found, provenance),
        "intercept": round(coefficients[-1], 4),
        "decay_per_epoch": {name: decay(life) for name, life in HALF_LIVES.items()},
        "curves": _curves(design, coefficients, found),
        "calibration": calibration_curve(table),
        "loss_when_bad": round(math.fsum(lost) / len(lost), 4) if lost else 0.0,
        "delinquent_now_risk": DELINQUENT_NOW_RISK,
        "points": POINTS,
    }


def _record(found: Sequence[Example], provenance: Provenance) -> dict[str, Any]:
    return {
        "fitted_at": provenance.fitted_at,
        "fitted_on": f"{provenance.source}: the end of each epoch from {provenance.first_epoch}, "
        f"outcomes up to epoch {provenance.last_epoch}",
        "examples": len(found),
        "bad": int(sum(example.bad for example in found)),
        "label": f"credits of the next epoch below {BAD_PERFORMANCE} of the stake-weighted mean, or "
        "delisted; left out where the credits of either epoch are unknown",
        "how": f"additive logistic regression on monotone piecewise-linear curves, ridge {RIDGE:g}, "
        f"projected Newton; epochs before {COARSE_BEFORE} weigh {COARSE_WEIGHT:g}; calibrated on "
        f"{FOLDS} blocks of epochs that the predicting fit had not seen",
        "command": f"manage.py fit_scores --from {provenance.first_epoch} --to {provenance.last_epoch}",
    }


def _curves(
    design: Design, coefficients: Sequence[float], found: Sequence[Example]
) -> list[Mapping[str, Any]]:
    heights = design.heights(coefficients)
    curves: list[Mapping[str, Any]] = []
    for position, (curve, interval) in enumerate(zip(design.curves, design.intervals(), strict=True)):
        values = [0.0, *heights[interval.start : interval.stop]]
        seen = any(example.inputs[position] is None for example in found)
        unknown = heights[interval.stop] if seen else _unseen(curve, values)
        curves.append(
            {
                "name": curve.name,
                "knots": [float(knot) for knot in curve.knots],
                "values": [round(value, 4) for value in values],
                "unknown": round(unknown, 4),
            }
        )
    return curves


def _unseen(curve: CurveDesign, values: Sequence[float]) -> float:
    """What stands for unknown where no example was: the cluster's usual shortfall, else the first knot."""
    usual = UNSEEN_SHORTFALL if curve.name == "last_shortfall" else curve.knots[0]
    at = max(place for place, knot in enumerate(curve.knots) if knot <= usual)
    if at == len(curve.knots) - 1:
        return values[at]
    share = (usual - curve.knots[at]) / (curve.knots[at + 1] - curve.knots[at])
    return values[at] + share * (values[at + 1] - values[at])
