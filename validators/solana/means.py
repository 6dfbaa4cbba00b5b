"""What the cluster earned on average. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from validators.solana.arithmetic import CreditsUnit


class CreditMean(NamedTuple):
    """The stake-weighted mean of an epoch's credits; both None when nobody had stake.

    After the split the mean is lamports earned for each lamport of stake, and the sum is of
    lamports earned, because these scale with the stake already.
    """

    mean: float | None
    credit_stake_sum: int | None


def credit_mean(earners: Iterable[tuple[int, int]], *, unit: str) -> CreditMean:
    """Of (credits, stake in lamports) of everybody whose both are known."""
    earned = staked = 0
    lamports = unit == CreditsUnit.LAMPORTS
    for credits, stake in earners:
        if stake:
            earned += credits if lamports else credits * stake
            staked += stake
    return CreditMean(earned / staked, earned) if staked else CreditMean(None, None)
