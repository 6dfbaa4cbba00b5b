"""What a staked lamport earned. Rates are fractions; None is unknown. Pure.

Source of the formulas: the stake rewards of agave's runtime, which published returns of validators follow
within 0.003 %: in Tower epochs by points (credits x stake), after Alpenglow by the credits, which are
lamports then.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from validators.solana.arithmetic import ALL_BPS
from validators.solana.slot_times import slots_per_year

SECONDS_PER_YEAR: Final = 365.25 * 86_400
# Luck evens out over ten epochs, and a delegator's mean is what was paid: a median would under-report those
# who lead seldom.
EPOCHS_IN_MEAN: Final = 10
# A change of commission made in one epoch first applies to the rewards of the second after it (SIMD-0249).
EPOCHS_UNTIL_COMMISSION_APPLIES: Final = 2
# A clock that jumped, or a cluster that plays faster than it says, tells no length: the nominal one stands.
LEAST_OF_NOMINAL: Final = 0.8
MOST_OF_NOMINAL: Final = 1.6


class ApyBasis(StrEnum):
    """What a return is made of."""

    # Epochs of which the stake, and the commission that applied, were seen.
    REALISED = "realised"
    # What the chain tells of the past, with the commission of today and, where none was seen, the stake.
    ESTIMATE = "estimate"


class EpochReturn(NamedTuple):
    """What was earned in one epoch per lamport staked, and how long the epoch took in seconds."""

    earned: float
    seconds: float


def inflation_rewards(
    *, total_supply: int | None, validator_inflation: float | None, slots: int | None, slot_ms: int | None
) -> float | None:
    """Lamports that inflation gives to all stakers in so many slots, from the supply in lamports."""
    if total_supply is None or validator_inflation is None or slots is None or slot_ms is None:
        return None
    return total_supply * validator_inflation * slots / slots_per_year(slot_ms)


def fraction(bps: int | None) -> float | None:
    """Of basis points; unknown stays unknown."""
    return None if bps is None else bps / ALL_BPS


def kept_share(commission_bps: int | None) -> float | None:
    """What a commission leaves. One above 100 %, which an account can carry, takes everything."""
    return None if commission_bps is None else max(0.0, 1.0 - commission_bps / ALL_BPS)


def tower_return(
    *, commission_bps: int | None, rewards: float | None, credits: int | None, points: float | None
) -> float | None:
    """Per staked lamport: (1 - commission) x rewards x credits ÷ points.

    `rewards` are the lamports of the whole epoch and `points` the sum of credits x stake (lamports) over
    all accounts: both as the chain recorded them, else as inflation and the accounts tell them.
    """
    kept = kept_share(commission_bps)
    if kept is None or rewards is None or credits is None or not points:
        return None
    return kept * rewards * (credits / points)


def alpenglow_return(*, commission_bps: int | None, lamports: int | None, stake: int | None) -> float | None:
    """Per staked lamport: (1 - commission) x lamports earned ÷ stake; no supply, inflation or year in it."""
    kept = kept_share(commission_bps)
    if kept is None or lamports is None or not stake:
        return None
    return kept * (lamports / stake)


def plausible_seconds(seconds: float | None, nominal: float | None) -> float | None:
    """A measured length of an epoch, or the nominal one where that cannot be."""
    if seconds is None or nominal is None:
        return seconds if nominal is None else nominal
    return seconds if LEAST_OF_NOMINAL * nominal <= seconds <= MOST_OF_NOMINAL * nominal else nominal


def apy(epochs: Sequence[EpochReturn]) -> float | None:
    """(1 + mean return)^n - 1, with n epochs of the mean length to a year; None of no epoch.

    None also beyond what a float holds.
    """
    return apy_of([one.earned for one in epochs], [one.seconds for one in epochs])


def apy_of(earned: Sequence[float], seconds: Sequence[float]) -> float | None:
    """The same of returns and lengths apart."""
    if not earned:
        return None
    mean = math.fsum(earned) / len(earned)
    in_a_year = SECONDS_PER_YEAR / (math.fsum(seconds) / len(seconds))
    try:
        return math.expm1(math.log1p(mean) * in_a_year)
    except OverflowError:
        return None


def added_apy(epochs: Sequence[EpochReturn]) -> float | None:
    """What is paid beside the rewards, in a year: mean return x epochs, for what is paid so is not staked.

    Source: the claim of jito-programs' tip-distribution hands lamports to stake accounts, whose delegation
    stays as it is. None of no epoch.
    """
    return added_apy_of([one.earned for one in epochs], [one.seconds for one in epochs])


def added_apy_of(earned: Sequence[float], seconds: Sequence[float]) -> float | None:
    """The same of returns and lengths apart."""
    return math.fsum(earned) / math.fsum(seconds) * SECONDS_PER_YEAR if earned else None


def total_apy(apy: float | None, *added: float | None) -> float | None:
    """Rewards, and what tips, shared fees and block revenue add; None while one of them is unknown."""
    total = apy
    for part in added:
        total = None if total is None or part is None else total + part
    return total


def yearly_reward(stake: int, yearly: float | None) -> int | None:
    """Lamports that a stake brings in a year at that APY: what is earned stays staked, and earns on.

    None also beyond what a float holds, which a test validator with epochs of seconds reaches.
    """
    earned = math.inf if yearly is None else stake * yearly
    return round(earned) if math.isfinite(earned) else None
