"""What trust-v3 reads off a validator's past. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import fsum
from operator import mul
from statistics import median
from typing import Final, NamedTuple, cast

from validators.scoring.facts import BAD_PERFORMANCE, ClusterFacts, Past, ValidatorFacts
from validators.scoring.past import EPOCHS_KEPT
from validators.scoring.releases import Lag, lags
from validators.scoring.rounding import rounded
from validators.solana.arithmetic import LAMPORTS_PER_SOL

# What an epoch that nobody saw is taken to have cost, and how often to have been delinquent: the cluster's
# long-run means. It weighs as much as the present one.
UNSEEN_SHORTFALL: Final = 0.002
UNSEEN_DELINQUENCY: Final = 0.005
# A bad epoch counts once, however bad, among the earlier ones.
SHORTFALL_CAP: Final = 0.03
# The last two epochs are inputs of their own.
EARLIER_FROM_AGE: Final = 2
WINDOW: Final = 10
# Stake comes and goes; only who lost more than this share of it in ten epochs is unlike the others.
ORDINARY_LOSS: Final = 0.3
# Who is about to stop often takes all of the reward first; smaller raises tell nothing of how it will vote.
RAISED_WITHIN: Final = 3
ORDINARY_RAISE_BPS: Final = 1_000
# How many epochs ago the ends lie at which a commission counts beside that of now: what stood in one applies
# in the second after it.
COMMISSION_ENDS: Final = (0, 1)
# From half of an epoch on it says more of the next one than the epoch before it does.
HALF: Final = 0.5
# How far back the last judged epoch is looked for: blocks or credits of an epoch may be unknown of everybody.
EPOCHS_TRIED: Final = 5
# Below this the digits are noise: of lamports rounded off, and of leaders drawn by lot.
DIGITS: Final = 4
# Of means over many epochs, in which one epoch is little.
MEAN_DIGITS: Final = 6
LEVEL_DIGITS: Final = 6

INPUTS: Final = (
    *("last_shortfall", "previous_shortfall", "recent_shortfall", "earlier_shortfall"),
    *("end_shortfall", "delinquent_now", "delinquency"),
    *("stake", "least_stake", "behind_release", "behind_patch"),
    # New ones come last, where older coefficients do not know them.
    *("stake_kept", "raised"),
)


class Inputs(NamedTuple):
    """`values` in the order of INPUTS, None where unknown; the rest is for the number and for people.

    `level` is the median vote performance of the epochs known among the last ten, `commission_bps` the
    highest commission that applies in the two epochs ahead.
    """

    values: tuple[float | None, ...]
    epochs_known: int
    bad_of_window: int
    known_of_window: int
    level: float | None
    commission_bps: int | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one validator's inputs need to know of everybody. `epoch` is the one judged last, `newest` the
    newest that counts, which is another where the performances of that one are unknown of everybody.
    `commission_ends` are as COMMISSION_ENDS."""

    epoch: int
    newest: int
    lags: Mapping[str, Lag]
    weights: Mapping[str, Sequence[float]]
    commission_ends: Sequence[int] = COMMISSION_ENDS


class _Seen(NamedTuple):
    """The epochs of a past that are at most that old, newest first, by age."""

    ages: Sequence[int]
    earned: Sequence[float | None]
    delinquent: Sequence[float | None]
    stakes: Sequence[float | None]


def surroundings(
    cluster: ClusterFacts,
    weights: Mapping[str, Sequence[float]],
    commission_ends: Sequence[int] = COMMISSION_ENDS,
) -> Surroundings:
    """The cluster as the epoch that counts as the last one shows it."""
    epoch = cluster.epoch if cluster.progress >= HALF else cluster.epoch - 1
    running = ((one.version, one.activated_stake) for one in cluster.validators)
    judged = _judged_epoch(cluster.validators, epoch)
    return Surroundings(judged, epoch, lags(running), weights, commission_ends)


def _judged_epoch(validators: Sequence[ValidatorFacts], newest: int) -> int:
    """The newest epoch in which the performance of half of those seen in it is known; else the newest."""
    seen, known = [0] * EPOCHS_TRIED, [0] * EPOCHS_TRIED
    for one in validators:
        past = one.past
        for epoch, earned in islice(zip(past.epochs, past.performance, strict=True), EPOCHS_TRIED + 1):
            age = newest - epoch
            if 0 <= age < EPOCHS_TRIED:
                seen[age] += 1
                known[age] += earned is not None
    for age in range(EPOCHS_TRIED):
        if known[age] * 2 > seen[age]:
            return newest - age
    return newest


def inputs_of(validator: ValidatorFacts, around: Surroundings) -> Inputs:
    """The inputs of one validator."""
    past = validator.past
    seen = _seen(past, around.epoch)
    ages, known = _known(seen.ages, seen.earned)
    window = [earned for age, earned in zip(ages[:WINDOW], known[:WINDOW], strict=True) if age < WINDOW]
    recent = dict(zip(ages[:2], known[:2], strict=True))
    lacked = [1.0 - earned if earned < 1.0 else 0.0 for earned in known]
    lag = around.lags.get(validator.version)
    stake = validator.activated_stake / LAMPORTS_PER_SOL
    stakes = [one for one in seen.stakes[:WINDOW] if one is not None]
    values = (
        _shortfall(recent.get(0)),
        _shortfall(recent.get(1)),
        rounded(_recent(ages, lacked, around.weights["recent_shortfall"]), MEAN_DIGITS) if known else None,
        rounded(_earlier(ages, lacked, around.weights["earlier_shortfall"]), MEAN_DIGITS) if known else None,
        _shortfall(_at_end(past.end_performance, past, around.epoch)),
        _delinquent_now(validator, around.epoch),
        _delinquency(seen, around.weights["delinquency"]),
        float(stake // 1),
        min(min(stakes, default=stake), stake) // 1,
        None if lag is None else round(lag.release, DIGITS),
        None if lag is None else round(lag.patch, DIGITS),
        _stake_kept(stake, stakes),
        _raised(validator.commission_bps, past, around.epoch),
    )
    return Inputs(
        values,
        len(known),
        sum([earned < BAD_PERFORMANCE for earned in window]),
        len(window),
        _level(window) if window else None,
        _commission(validator, around),
    )


def _seen(past: Past, epoch: int) -> _Seen:
    ages, part = _ages(tuple(past.epochs), epoch)
    return _Seen(ages, past.performance[part], past.delinquent_share[part], past.stake[part])


# Most validators have the same epochs.
@lru_cache(maxsize=256)
def _ages(epochs: tuple[int, ...], now: int) -> tuple[Sequence[int], slice]:
    """The ages that count, and where in the columns of a past they are."""
    ages = [now - one for one in epochs]
    first = next((place for place, age in enumerate(ages) if age >= 0), len(ages))
    end = next((place for place in range(len(ages), first, -1) if ages[place - 1] < EPOCHS_KEPT), first)
    part = slice(first, end)
    return ages[part], part


def _known(ages: Sequence[int], values: Sequence[float | None]) -> tuple[Sequence[int], Sequence[float]]:
    """Without what is unknown."""
    if None not in values:
        return ages, cast(Sequence[float], values)
    pairs = [(age, value) for age, value in zip(ages, values, strict=True) if value is not None]
    return [age for age, _ in pairs], [value for _, value in pairs]


def _level(window: Sequence[float]) -> float:
    middle = median(window)
    # A whole number of PostgreSQL's JSON is an int, and is stored as one.
    return rounded(middle, LEVEL_DIGITS) if isinstance(middle, float) else middle


def _shortfall(earned: float | None) -> float | None:
    """What was lacking against the cluster, 0 to 1."""
    return None if earned is None else rounded(1.0 - earned, DIGITS) if earned < 1.0 else 0.0


def _stake_kept(stake: float, before: Sequence[float]) -> float | None:
    """What is left of the most stake that it had, in tenths; all of it up to an ordinary loss."""
    most = max(before, default=0.0)
    if not most:
        return None
    return 1.0 if stake >= (1.0 - ORDINARY_LOSS) * most else stake * 10 // most / 10


def _raised(bps: int | None, past: Past, epoch: int) -> float | None:
    """By how many points the commission is above the least of the last epochs; 0 for an ordinary raise."""
    # One more, for the running epoch may stand first.
    before = [
        told
        for at, told in zip(past.epochs[: RAISED_WITHIN + 2], past.commission_bps, strict=False)
        if told is not None and 0 <= epoch - at <= RAISED_WITHIN
    ]
    if bps is None or not before:
        return None
    raised = bps - min(before)
    return raised / 100 if raised > ORDINARY_RAISE_BPS else 0.0


def _recent(ages: Sequence[int], lacked: Sequence[float], weights: Sequence[float]) -> float:
    """Recency-weighted mean of what the epochs before the last lacked, pulled towards the cluster's."""
    first = 0 if ages[0] else 1
    weighed = _weighed(ages[first:], weights)
    total = fsum(map(mul, weighed, lacked[first:]))
    return (UNSEEN_SHORTFALL + total) / (1.0 + fsum(weighed))


def _earlier(ages: Sequence[int], lacked: Sequence[float], weights: Sequence[float]) -> float:
    """The same over the long run, without the last two, each epoch capped."""
    first = sum(age < EARLIER_FROM_AGE for age in ages[:EARLIER_FROM_AGE])
    weighed = _weighed(ages[first:], weights)
    capped = [one if one < SHORTFALL_CAP else SHORTFALL_CAP for one in lacked[first:]]
    total = fsum(map(mul, weighed, capped))
    return (UNSEEN_SHORTFALL + total) / (1.0 + fsum(weighed))


def _weighed(ages: Sequence[int], weights: Sequence[float]) -> Sequence[float]:
    """The weights of ascending ages."""
    if ages and ages[-1] - ages[0] + 1 == len(ages):
        return weights[ages[0] : ages[-1] + 1]
    return [weights[age] for age in ages]


def _delinquency(seen: _Seen, weights: Sequence[float]) -> float | None:
    """Recency-weighted mean of the share of fetches that saw it delinquent, pulled towards the cluster's."""
    ages, shares = _known(seen.ages, seen.delinquent)
    if not ages:
        return None
    weighed = _weighed(ages, weights)
    total = UNSEEN_DELINQUENCY
    if any(shares):
        total += fsum(map(mul, weighed, shares))
    return rounded(total / (1.0 + fsum(weighed)), MEAN_DIGITS)


def _at_end(column: Sequence[float | None], past: Past, epoch: int) -> float | None:
    """What the newest epoch seen says, if it is no older than the one judged last."""
    return column[0] if column and past.epochs[0] >= epoch else None


def _delinquent_now(validator: ValidatorFacts, epoch: int) -> float | None:
    if validator.could_not_vote:
        return None
    if validator.delinquent:
        return 1.0
    said = _at_end(validator.past.delinquent_at_end, validator.past, epoch)
    return None if said is None else float(said)


def _commission(validator: ValidatorFacts, around: Surroundings) -> int | None:
    """A change made in one epoch applies to the rewards of the second after it, so what stood at the end of
    the newest that counts and of the one before it does too, whatever stands now.

    Source: SIMD-0249.
    """
    ends = dict(zip(validator.past.epochs[:4], validator.past.commission_bps[:4], strict=True))
    stood = (validator.commission_bps, *(ends.get(around.newest - ago) for ago in around.commission_ends))
    told = [bps for bps in stood if bps is not None]
    return max(told, default=None)
