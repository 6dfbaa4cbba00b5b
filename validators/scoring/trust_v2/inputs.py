"""What trust-v2 reads off a validator's past. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, NamedTuple

from validators.scoring.facts import BAD_PERFORMANCE, ClusterFacts, Past, ValidatorFacts
from validators.scoring.past import EPOCHS_KEPT
from validators.scoring.releases import lags
from validators.solana.arithmetic import LAMPORTS_PER_SOL
from validators.solana.concentration import superminority

# A bad epoch counts once, however bad, among the earlier ones.
SHORTFALL_CAP: Final = 0.03
# What an epoch that nobody saw is taken to have cost, and how often to have been delinquent:
# the cluster's long-run means. It weighs as much as the present one.
UNSEEN_SHORTFALL: Final = 0.002
UNSEEN_DELINQUENCY: Final = 0.005
# The last two epochs have curves of their own.
EARLIER_FROM_AGE: Final = 2
RUN_CAP: Final = 10
WINDOW: Final = 10
# Leader slots of older epochs would weigh less than a sixteenth.
SKIP_EPOCHS: Final = 20
# Slots of cluster-average skipping mixed into every skip rate: four of one's own are noise.
SHRINK_SLOTS: Final = 50.0
# Below it accounts come and go for reasons that credits do not show.
SERIOUS_STAKE_SOL: Final = 3000.0
# Failing begins at half a bad epoch and is full at a bad one.
FAILING_FROM: Final = 0.015
# From half of an epoch on it says more of the next one than the epoch before it does.
HALF: Final = 0.5


class Inputs(NamedTuple):
    """`values` in the order of trust_v2.tables.INPUTS, None where unknown; the rest for people.

    `level` is the median vote performance of the epochs known among the last ten.
    """

    values: tuple[float | None, ...]
    epochs_known: int
    bad_of_window: int
    known_of_window: int
    level: float | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one validator's inputs need to know of everybody. `epoch` is the one judged last."""

    epoch: int
    skip_rate: float | None
    newer_release_share: Mapping[str, float]
    superminority: frozenset[str]


def surroundings(cluster: ClusterFacts) -> Surroundings:
    """The cluster as the epoch that counts as the last one shows it."""
    epoch = cluster.epoch if cluster.progress >= HALF else cluster.epoch - 1
    stakes = {one.vote_account: one.activated_stake for one in cluster.validators}
    return Surroundings(
        epoch=epoch,
        skip_rate=(cluster.skip_rates or {}).get(epoch),
        newer_release_share=newer_release_shares(
            (one.version, one.activated_stake) for one in cluster.validators
        ),
        superminority=frozenset(superminority(stakes)),
    )


def inputs_of(
    validator: ValidatorFacts, around: Surroundings, weights: Mapping[str, Sequence[float]]
) -> Inputs:
    """The reliability inputs of one validator."""
    past = validator.past
    ages = [around.epoch - epoch for epoch in past.epochs]
    known = [
        (age, earned)
        for age, earned in zip(ages, past.performance, strict=True)
        if earned is not None and 0 <= age < EPOCHS_KEPT
    ]
    recent = dict(known[:2])
    last = _shortfall(recent.get(0))
    stake = validator.activated_stake / LAMPORTS_PER_SOL
    window = [earned for age, earned in known[:WINDOW] if age < WINDOW]
    return Inputs(
        (
            last,
            _shortfall(recent.get(1)),
            earlier_shortfall(known, weights["earlier_shortfall"]),
            float(bad_run(known)),
            delinquency(ages, past.delinquent_share, weights["delinquency"]),
            stake,
            failing(last) if stake > SERIOUS_STAKE_SOL else 0.0,
            around.newer_release_share.get(validator.version),
            skipping(ages, past, around.skip_rate, weights["skipping"]),
        ),
        len(known),
        sum([earned < BAD_PERFORMANCE for earned in window]),
        len(window),
        median(window) if window else None,
    )


def _shortfall(earned: float | None) -> float | None:
    """What an epoch lacked against the cluster's mean, 0 to 1."""
    return None if earned is None else max(0.0, 1.0 - earned)


def earlier_shortfall(known: Iterable[tuple[int, float]], weights: Sequence[float]) -> float:
    """Recency-weighted mean of what the epochs before the last two lacked, pulled towards the cluster's."""
    total, mass = UNSEEN_SHORTFALL, 1.0
    for age, earned in known:
        if age >= EARLIER_FROM_AGE:
            weight = weights[age]
            mass += weight
            if earned < 1.0:
                lacked = 1.0 - earned
                total += weight * (lacked if lacked < SHORTFALL_CAP else SHORTFALL_CAP)
    return total / mass


def delinquency(ages: Sequence[int], shares: Sequence[float | None], weights: Sequence[float]) -> float:
    """Recency-weighted mean of the share of fetches that saw it delinquent, pulled towards the cluster's."""
    total, mass = UNSEEN_DELINQUENCY, 1.0
    for age, share in zip(ages, shares, strict=True):
        if share is not None and 0 <= age < EPOCHS_KEPT:
            weight = weights[age]
            mass += weight
            total += weight * share
    return total / mass


def bad_run(known: Iterable[tuple[int, float]]) -> int:
    """Bad epochs in a row up to now; unknown ones neither end nor lengthen it."""
    run = 0
    for _, earned in known:
        if earned >= BAD_PERFORMANCE or run == RUN_CAP:
            break
        run += 1
    return run


def failing(last: float | None) -> float:
    """0 below half a bad epoch, 1 from a bad one on, straight between."""
    if last is None:
        return 0.0
    return min(max((last - FAILING_FROM) / FAILING_FROM, 0.0), 1.0)


def skipping(
    ages: Sequence[int], past: Past, cluster_rate: float | None, weights: Sequence[float]
) -> float | None:
    """Skip rate of the recent epochs weighted by leader slots, shrunk towards the cluster's."""
    if cluster_rate is None:
        return None
    skipped, slots = SHRINK_SLOTS * cluster_rate, SHRINK_SLOTS
    for age, rate, drawn in zip(ages, past.skip_rate, past.leader_slots, strict=True):
        if age >= SKIP_EPOCHS:
            break
        if rate is not None and drawn and age >= 0:
            weighed = weights[age] * drawn
            skipped += rate * weighed
            slots += weighed
    return skipped / slots


def newer_release_shares(running: Iterable[tuple[str, int]]) -> dict[str, float]:
    """For each version, the share of its lineage's stake that runs a newer major.minor.

    `running` are (version, stake). Versions that cannot be read or belong to no known lineage
    are left out.
    """
    return {version: lag.release for version, lag in lags(running).items()}
