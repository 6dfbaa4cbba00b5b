"""What a staked lamport earned. Rates are fractions; None is unknown. Pure.

Source of the formulas: the stake rewards of agave's runtime (points = credits x stake), as
published validator returns follow them within 0.003 %.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

SECONDS_PER_YEAR: Final = 365.25 * 86_400
# The protocol counts a year in epochs of 432,000 slots of 400 ms, however long the slots really took.
NOMINAL_EPOCHS_PER_YEAR: Final = SECONDS_PER_YEAR / (432_000 * 0.4)
# A quarter of the nominal length. An epoch pays the same however long it takes, so a year of the
# seconds or minutes that it takes on a simulated cluster compounds to any number.
SHORTEST_EPOCH_SECONDS: Final = 432_000 * 0.4 / 4
# Single epochs scatter with their length; three weeks of them do not.
EPOCHS_IN_MEDIAN: Final = 10


def epoch_rewards(*, total_supply: int | None, validator_inflation: float | None) -> float | None:
    """Lamports that inflation gives to all stakers in one epoch, from the supply in lamports."""
    if total_supply is None or validator_inflation is None:
        return None
    return total_supply * validator_inflation / NOMINAL_EPOCHS_PER_YEAR


def epoch_return(
    *,
    commission: float | None,
    total_supply: int | None,
    validator_inflation: float | None,
    credits: int | None,
    credit_stake_sum: int | None,
) -> float | None:
    """Lamports earned in one epoch per lamport staked with a validator, after its commission.

    (1 - commission) x rewards x credits / credit_stake_sum, the last being the sum of
    credits x stake (lamports) over all accounts. A commission above 1, which an account can
    carry, takes everything. None when a part is unknown or nobody earned.
    """
    rewards = epoch_rewards(total_supply=total_supply, validator_inflation=validator_inflation)
    if commission is None or rewards is None or credits is None or not credit_stake_sum:
        return None
    return max(0.0, 1.0 - commission) * rewards * (credits / credit_stake_sum)


def apr(epoch_return: float | None, epoch_seconds: float | None) -> float | None:
    """A year of such epochs, of their measured length, without compounding; None of very short ones."""
    if epoch_return is None or epoch_seconds is None or epoch_seconds < SHORTEST_EPOCH_SECONDS:
        return None
    return epoch_return * (SECONDS_PER_YEAR / epoch_seconds)


def apy(epoch_return: float | None, epoch_seconds: float | None) -> float | None:
    """(1 + return)^n - 1 with n epochs of that length to a year; None of very short ones.

    None also beyond what a float holds.
    """
    if epoch_return is None or epoch_seconds is None or epoch_seconds < SHORTEST_EPOCH_SECONDS:
        return None
    try:
        return math.expm1(math.log1p(epoch_return) * (SECONDS_PER_YEAR / epoch_seconds))
    except OverflowError:
        # A simulated cluster may pay its stakers several times their stake.
        return None


def median_apy(values: Sequence[float | None]) -> float | None:
    """The median of the last ten epochs, oldest first; unknown ones count as epochs, not as values."""
    known = [value for value in values[-EPOCHS_IN_MEDIAN:] if value is not None]
    return median(known) if known else None
