"""trust-v3: of 100 units of reward that a perfect validator without commission would pay, how many can a
delegator count on. Pure.

U = 100 x max(0, (1 - c) x min(L, 1) x (1 - k x r) - a x r), with c the highest commission that applies in
the two epochs ahead, L the median vote performance of ten epochs, r the calibrated probability of a bad
next epoch (below 0.97 of the cluster's stake-weighted mean, or not there), k what a bad epoch costs on
average, and a how much a point of risk counts beyond that. docs/scoring.md has what was measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from statistics import median
from typing import Final, NamedTuple

from validators.scoring.facts import Assessment, ClusterFacts, ScoringMethod, ValidatorFacts
from validators.scoring.rounding import rounded
from validators.scoring.trust_v3.explanation import explained
from validators.scoring.trust_v3.inputs import Inputs, inputs_of, surroundings
from validators.scoring.trust_v3.number import count_on
from validators.scoring.trust_v3.tables import Tables, judged_tables, shipped_tables
from validators.scoring.trust_v3.unknowns import filled_by, good_and_poor, middle_level, middles
from validators.solana.arithmetic import ALL_BPS

SCORE_DIGITS: Final = 4
RISK_DIGITS: Final = 6
# Who is not let in earns nothing; a choice, because no recorded epoch has any: only our reading may be wrong.
LEFT_OUT_RISK: Final = 0.98
# So many validators are judged together: of more the inputs, three sets of each, would take more memory.
AT_ONCE: Final = 1_000


class _Middle(NamedTuple):
    """What stands for unknown: of the inputs, of the level, and of the commission in basis points."""

    values: Sequence[float]
    level: float
    commission_bps: int


def assess(cluster: ClusterFacts, tables: Tables | None = None) -> Iterator[Assessment]:
    """One assessment for each validator of the cluster, in its order; by the shipped tables unless given."""
    tables = tables or shipped_tables()
    around = surroundings(cluster, tables.weights, tables.commission_ends)
    everyone = [inputs_of(validator, around) for validator in cluster.validators]
    middle = _Middle(middles(everyone, tables), middle_level(everyone), _middle_commission(everyone))
    for start in range(0, len(everyone), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        yield from _assessments(cluster.validators[some], everyone[some], middle, tables)


def _assessments(
    validators: Sequence[ValidatorFacts], inputs: Sequence[Inputs], middle: _Middle, tables: Tables
) -> Iterator[Assessment]:
    taken = [filled_by(one.values, middle.values, tables.learnt_unknown) for one in inputs]
    ranges = [good_and_poor(one, filled, tables) for one, filled in zip(inputs, taken, strict=True)]
    # Of a long history without gaps the three are one and the same.
    different = list(dict.fromkeys(chain(taken, chain.from_iterable(ranges))))
    risks = dict(zip(different, tables.risks(different), strict=True))
    for validator, one, filled, (good, poor) in zip(validators, inputs, taken, ranges, strict=True):
        yield _assessment(validator, one, filled, (risks[filled], risks[good], risks[poor]), middle, tables)


def _middle_commission(everyone: Sequence[Inputs]) -> int:
    """Of those known that leave anything to a delegator."""
    known = [one.commission_bps for one in everyone if one.commission_bps is not None]
    return (
        round(median(one for one in known if one < ALL_BPS)) if min(known, default=ALL_BPS) < ALL_BPS else 0
    )


def _assessment(
    validator: ValidatorFacts,
    inputs: Inputs,
    taken: Sequence[float | None],
    risks: tuple[float, float, float],
    middle: _Middle,
    tables: Tables,
) -> Assessment:
    """`risks` are that of the inputs as they are taken, and the ends of its range."""
    risk, low, high = (rounded(one, RISK_DIGITS) for one in risks)
    if validator.left_out:
        risk = high = max(risk, LEFT_OUT_RISK)
    level = middle.level if inputs.level is None else min(inputs.level, 1.0)
    bps = middle.commission_bps if inputs.commission_bps is None else inputs.commission_bps
    number = count_on(bps, level, risk, tables.loss_when_bad, tables.aversion)
    return Assessment(
        validator,
        rounded(number.score, SCORE_DIGITS),
        {
            "vote_performance": inputs.level,
            "risk": risk,
            "risk_low": min(low, risk),
            "risk_high": max(high, risk),
            "expected_return": rounded(number.expected, RISK_DIGITS),
            "commission_bps": inputs.commission_bps,
            "epochs_known": inputs.epochs_known,
            "bad_of_window": inputs.bad_of_window,
            "known_of_window": inputs.known_of_window,
            "left_out": validator.left_out,
            "taken": [bps, level, *taken],
            "unknown": [place for place, value in enumerate(inputs.values) if value is None],
            # Of few, so it is told of those alone, and nothing is new in the scores of earlier versions.
            **({"could_not_vote": True} if validator.could_not_vote else {}),
        },
        risk,
    )


METHOD: Final = ScoringMethod(
    name="trust-v3",
    version=shipped_tables().version,
    assess=assess,
    explain=explained,
    reads_past=True,
    fitted_through=shipped_tables().fitted_through,
)


def method_with(tables: Tables) -> ScoringMethod:
    """The method with other coefficients than the shipped ones, under their version."""
    return replace(
        METHOD,
        version=tables.version,
        assess=partial(assess, tables=tables),
        explain=partial(explained, tables=tables),
        fitted_through=tables.fitted_through,
    )


def method_judged_from(epoch: int) -> ScoringMethod:
    """What can be judged by the epochs after that one: the same recipe grown on less, where the shipped
    coefficients have learnt from their outcomes."""
    has_seen = METHOD.fitted_through is not None and METHOD.fitted_through > epoch
    return method_with(judged_tables()) if has_seen else METHOD
