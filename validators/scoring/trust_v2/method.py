"""trust-v2: three questions, each answered apart, and one score from 0 to 100 made of the answers. Pure.

Reliability is the calibrated probability of a bad next epoch (below 0.97 of the cluster's
stake-weighted mean credits, or delisted), the return what of a perfect validator's reward would
reach a delegator, the terms what may hurt without warning. docs/scoring.md has what was measured.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any, Final

from validators.scoring.facts import Assessment, ClusterFacts, ScoringMethod, ValidatorFacts
from validators.scoring.rounding import rounded
from validators.scoring.trust_v2.explanation import explained
from validators.scoring.trust_v2.inputs import Inputs, Surroundings, inputs_of, surroundings
from validators.scoring.trust_v2.tables import Tables, shipped_tables
from validators.scoring.trust_v2.terms import Charge, charges
from validators.solana.economics import kept_share

# What a short history leaves open concerns the means over it.
OPEN_WITH_HISTORY: Final = ("earlier_shortfall", "delinquency")
SCORE_DIGITS: Final = 4
VALUE_DIGITS: Final = 6


def assess(cluster: ClusterFacts, tables: Tables | None = None) -> Iterator[Assessment]:
    """One assessment for each validator of the cluster, in its order; by the shipped tables unless given."""
    tables = tables or shipped_tables()
    around = surroundings(cluster)
    everyone = [inputs_of(validator, around, tables.weights) for validator in cluster.validators]
    typical = typical_values(everyone)
    for validator, inputs in zip(cluster.validators, everyone, strict=True):
        yield _assessment(validator, inputs, around, tables, typical)


def typical_values(everyone: Sequence[Inputs]) -> list[float | None]:
    """The median of each input over the validators in which it is known."""
    columns = zip(*(inputs.values for inputs in everyone), strict=True)
    known = ([value for value in column if value is not None] for column in columns)
    return [round(median(values), VALUE_DIGITS) if values else None for values in known]


def expected_return(inputs: Inputs, commission_bps: int | None, risk: float, tables: Tables) -> float | None:
    """What of a perfect 0 % validator's reward a delegator can expect next epoch; None is unknown.

    A bad epoch costs `loss_when_bad` of the credits on average.
    """
    kept = kept_share(commission_bps)
    if kept is None:
        return None
    level = 1.0 if inputs.level is None else inputs.level
    return kept * level * (1.0 - risk * tables.loss_when_bad)


def risk_range(inputs: Inputs, at: Sequence[float], centre: float, tables: Tables) -> tuple[float, float]:
    """The risk if all that is unknown were as good, or as bad, as the curves allow; `at` is where they are.

    The means move by the share of evidence that a short history misses. No confidence
    interval: what is known is taken as it is.
    """
    missing = 1.0 / (1.0 + inputs.epochs_known)
    low = high = centre
    for curve, value, here in zip(tables.curves, inputs.values, at, strict=True):
        if value is None:
            low += curve.lowest - curve.unknown
            high += curve.highest - curve.unknown
        elif curve.name in OPEN_WITH_HISTORY:
            low += missing * (curve.lowest - here)
            high += missing * (curve.highest - here)
    return tables.calibration.at(low), tables.calibration.at(high)


def _assessment(
    validator: ValidatorFacts,
    inputs: Inputs,
    around: Surroundings,
    tables: Tables,
    typical: Sequence[float | None],
) -> Assessment:
    at = [curve.at(value) for curve, value in zip(tables.curves, inputs.values, strict=True)]
    log_odds = math.fsum((tables.intercept, *at))
    modelled = tables.calibration.at(log_odds)
    fails_now = validator.delinquent and not validator.could_not_vote
    risk = max(modelled, tables.delinquent_now_risk) if fails_now else modelled
    expected = expected_return(inputs, validator.commission_bps, risk, tables)
    held = charges(validator, around)
    points = _points(modelled, risk, expected, held, tables)
    score = _score(points, expected, tables)
    low, high = risk_range(inputs, at, log_odds, tables)
    return Assessment(
        validator,
        score,
        {
            "vote_performance": inputs.level,
            "risk": rounded(risk, VALUE_DIGITS),
            "risk_low": rounded(min(low, risk), VALUE_DIGITS),
            "risk_high": rounded(max(high, risk), VALUE_DIGITS),
            "expected_return": None if expected is None else rounded(expected, VALUE_DIGITS),
            "commission_bps": validator.commission_bps,
            "epochs_known": inputs.epochs_known,
            "bad_of_window": inputs.bad_of_window,
            "known_of_window": inputs.known_of_window,
            # What is 0 or unknown stays it, as most are.
            "values": [value and rounded(value, VALUE_DIGITS) for value in inputs.values],
            "typical": typical,
            **_parts(points, at, held, score, tables),
            # Of few, so it is told of those alone, and nothing is new in the scores of earlier versions.
            **({"could_not_vote": True} if validator.could_not_vote else {}),
        },
        risk,
    )


def _points(
    modelled: float, risk: float, expected: float | None, held: Sequence[Charge], tables: Tables
) -> dict[str, float]:
    return {
        "modelled": tables.reliability_points.at(modelled),
        "reliability": tables.reliability_points.at(risk),
        "return": tables.return_points.at(expected),
        "terms": _terms(held, tables),
    }


def _terms(held: Sequence[Charge], tables: Tables) -> float:
    charged = math.fsum(tables.terms_points[charge.name] for charge in held)
    return max(0.0, tables.terms_points["all"] - charged)


def _score(points: Mapping[str, float], expected: float | None, tables: Tables) -> float:
    """The sum, of which little is kept where little of the reward is left to a delegator."""
    whole = points["reliability"] + points["return"] + points["terms"]
    return rounded(min(100.0, max(0.0, whole * tables.share_kept.at(expected))), SCORE_DIGITS)


def _parts(
    points: Mapping[str, float], at: Sequence[float], held: Sequence[Charge], score: float, tables: Tables
) -> dict[str, Any]:
    """Where the points went; with the full points of each question they add up to the score."""
    full = tables.reliability_points.highest
    excess = [value - curve.lowest for value, curve in zip(at, tables.curves, strict=True)]
    whole = math.fsum(excess)
    each = (full - points["modelled"]) / whole if whole else 0.0
    all_terms = tables.terms_points["all"]
    charged = math.fsum(tables.terms_points[charge.name] for charge in held)
    scale = (all_terms - points["terms"]) / charged if charged else 0.0
    return {
        "points": [cost and rounded(0.0 - cost * each, SCORE_DIGITS) for cost in excess],
        "delinquent_now_points": rounded(points["reliability"] - points["modelled"], SCORE_DIGITS),
        "return_points": rounded(points["return"], SCORE_DIGITS),
        "charges": [
            [charge.name, rounded(-tables.terms_points[charge.name] * scale, SCORE_DIGITS), charge.numbers]
            for charge in held
        ],
        "not_kept_points": rounded(
            score - points["reliability"] - points["return"] - points["terms"], SCORE_DIGITS
        ),
    }


METHOD: Final = ScoringMethod(
    name="trust-v2", version=shipped_tables().version, assess=assess, explain=explained, reads_past=True
)
# It was given the delinquency of those who could not vote as any other; of equal inputs it made the same.
BEFORE: Final = replace(METHOD, version="2.0.0")
