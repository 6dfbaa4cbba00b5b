"""baseline-v1: what the original system meant, computed right. Pure.

score = clamp(U - commission in percent, 0, 100). U is the vote performance in percent, each
epoch's capped at 100, averaged over the complete epochs known. The vote performance of an epoch
is the validator's credits ÷ the stake-weighted mean of the cluster's credits.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from validators.scoring.facts import (
    Assessment,
    ClusterFacts,
    EpochFacts,
    Part,
    ScoringMethod,
    ValidatorFacts,
)
from validators.solana.arithmetic import CreditsUnit

MOST_EPOCHS: Final = 5
# Between the usual 0 and 10 percent; an unknown commission is not taken for none.
UNKNOWN_COMMISSION_PERCENT: Final = 5.0
# In the first slots of an epoch the order of the credits is noise.
LEAST_PROGRESS: Final = 0.05

# Credits known of less than this share of the present stake are no measure of the cluster: a
# reply tells of epochs 981 to 985 only for the accounts that stopped voting then.
LEAST_COVERED: Final = 0.5

# (epoch, unit) -> stake-weighted mean of what a validator earned
Means = Mapping[tuple[int, str], float]


def assess(cluster: ClusterFacts) -> list[Assessment]:
    """One assessment for each validator of the cluster, in its order."""
    means = stake_weighted_means(cluster)
    return [_assessment(validator, cluster, means) for validator in cluster.validators]


def stake_weighted_means(cluster: ClusterFacts) -> Means:
    """Σ(credits x stake) ÷ Σ stake of each epoch, over everybody whose credits and stake are known.

    Where an epoch's own stake is unknown the present one stands in. Lamports scale with stake
    and are divided by it first, which leaves Σ lamports ÷ Σ stake. Epochs that are known of
    less than half of the present stake have no mean.
    """
    weighted: defaultdict[tuple[int, str], int] = defaultdict(int)
    stakes: defaultdict[tuple[int, str], int] = defaultdict(int)
    for row, stake in _with_stake(cluster):
        if row.credits is None or not stake:
            continue
        key = (row.epoch, row.unit)
        weighted[key] += row.credits if row.unit == CreditsUnit.LAMPORTS else row.credits * stake
        stakes[key] += stake
    covered = _covered_stakes(cluster)
    least = LEAST_COVERED * sum(validator.activated_stake for validator in cluster.validators)
    return {key: weighted[key] / stake for key, stake in stakes.items() if covered[key] >= least}


def _covered_stakes(cluster: ClusterFacts) -> Mapping[tuple[int, str], int]:
    """The present stake of those whose credits are known, by epoch and unit."""
    covered: defaultdict[tuple[int, str], int] = defaultdict(int)
    for validator in cluster.validators:
        for row in validator.epochs:
            if row.credits is not None:
                covered[row.epoch, row.unit] += validator.activated_stake
    return covered


def _with_stake(cluster: ClusterFacts) -> Iterator[tuple[EpochFacts, int]]:
    for validator in cluster.validators:
        present = validator.activated_stake
        for row in validator.epochs:
            yield row, present if row.stake is None else row.stake
    for row in cluster.others:
        yield row, row.stake or 0


def _assessment(validator: ValidatorFacts, cluster: ClusterFacts, means: Means) -> Assessment:
    performances = _performances(validator, cluster, means)
    performance = sum(performances) / len(performances) if performances else None
    commission = None if validator.commission_bps is None else validator.commission_bps / 100
    subtracted = UNKNOWN_COMMISSION_PERCENT if commission is None else commission
    score = min(100.0, max(0.0, (performance or 0.0) * 100 - subtracted))
    return Assessment(
        validator,
        score,
        {
            "vote_performance": performance,
            "epochs": len(performances),
            "commission_percent": commission,
            "commission_known": commission is not None,
            "subtracted_percent": subtracted,
            "delinquent": validator.delinquent,
            "earned_nothing": not any(row.credits for row in validator.epochs),
            "no_history": performance is None,
        },
    )


def _performances(validator: ValidatorFacts, cluster: ClusterFacts, means: Means) -> list[float]:
    """At most five complete epochs' vote performances, each at most 1; without one, the running epoch's."""
    oldest = cluster.epoch - MOST_EPOCHS
    complete = [row for row in validator.epochs if oldest <= row.epoch < cluster.epoch]
    performances = [value for row in complete if (value := _performance(row, validator, means)) is not None]
    if performances or cluster.progress <= LEAST_PROGRESS:
        return performances
    running = [row for row in validator.epochs if row.epoch == cluster.epoch]
    return [value for row in running if (value := _performance(row, validator, means)) is not None]


def _performance(row: EpochFacts, validator: ValidatorFacts, means: Means) -> float | None:
    """None where the credits are unknown, or where nobody earned anything to compare with."""
    mean = means.get((row.epoch, row.unit))
    if row.credits is None or not mean:
        return None
    if row.unit != CreditsUnit.LAMPORTS:
        return min(1.0, row.credits / mean)
    stake = validator.activated_stake if row.stake is None else row.stake
    return min(1.0, row.credits / stake / mean) if stake else None


def explained(components: Mapping[str, Any]) -> list[Part]:
    """The two parts of a score, and what the limits of the scale took or gave."""
    performance, subtracted = components["vote_performance"], components["subtracted_percent"]
    earned = (performance or 0.0) * 100
    said = "has no epoch to judge" if performance is None else f"earned {earned:.2f} % of the cluster's mean"
    source = "commission" if components["commission_known"] else "taken for the unknown commission"
    parts = [
        Part("vote_performance", performance, 1.0, 100.0, earned, said, best=100.0),
        Part(
            "commission",
            components["commission_percent"],
            0.0,
            100.0,
            -subtracted,
            f"{subtracted:g} % {source}",
        ),
    ]
    if earned < subtracted:
        parts.append(Part("limit", None, None, 100.0, subtracted - earned, "no score is below 0"))
    return parts


METHOD: Final = ScoringMethod(name="baseline-v1", version="1", assess=assess, explain=explained)
