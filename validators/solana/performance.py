"""How well an account voted in an epoch, told apart from what chance gave it. Pure.

Tower: credits ÷ the stake-weighted mean. Alpenglow: credits are lamports, of which half of every vote's
reward went to the leader of the block that carried it, and leaders are drawn by lot; so the leader part
is taken off first. Source: agave's `block_component_processor/vote_reward.rs`.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from validators.solana.arithmetic import CreditsUnit

# Known of less than this share of the stake, an epoch is no measure of the cluster.
LEAST_COVERED: Final = 0.5


class Work(NamedTuple):
    """One vote account in one epoch; None is unknown. Stake in lamports.

    `stake` is what the account had in the epoch. Votes, leader slots and rewards of an epoch follow the
    stake of the epoch before: `stake_before`. `blocks` are those of the whole epoch, of every identity it
    had; unknown also where another account with stake shares one of them.
    """

    credits: int | None
    stake: int | None
    stake_before: int | None
    blocks: int | None


class Verdict(NamedTuple):
    """`performance`: 1 is as the cluster's mean. `leader_luck`: blocks made ÷ blocks its stake expects."""

    performance: float | None
    leader_luck: float | None


NOTHING: Final = Verdict(None, None)


def verdicts(works: Sequence[Work], *, unit: str, blocks: int | None) -> list[Verdict]:
    """Of everybody in one epoch, in their order; `blocks` is how many the whole cluster made in it."""
    lucks = _leader_lucks(works, blocks)
    judge = _by_lamports if unit == CreditsUnit.LAMPORTS else _by_credits
    performances = judge(works, blocks)
    return [Verdict(*both) for both in zip(performances, lucks, strict=True)]


def could_not_vote(
    *, unit: str, unit_before: str, stake_before: int | None, is_new: bool = False, looked_at: bool = False
) -> bool:
    """Whether no vote of an account could count in an epoch: then it is delinquent in it whatever it does.

    Where lamports are paid votes count by the stake of the epoch before: `stake_before`, None where that is
    unknown. `unit_before` is what that epoch paid: in the epoch of the migration, the first that pays
    lamports, votes counted too. Who `is_new` had no account in an epoch before that was `looked_at`. Who is
    not may have had one all the same: replies leave out accounts that died long ago, and have them again.
    """
    if stake_before is None and is_new and looked_at:
        stake_before = 0
    return unit == unit_before == CreditsUnit.LAMPORTS and stake_before == 0


def was_looked_at(*, stakes: int, accounts: int) -> bool:
    """Whether somebody saw an epoch while it ran: stakes are told then alone, and not by a few."""
    return stakes > LEAST_COVERED * accounts


def leader_part(works: Iterable[Work], blocks: int) -> float | None:
    """Lamports that a block earned its leader: half of all that was paid went to the blocks that paid it."""
    paid = sum(work.credits for work in works if work.credits is not None)
    return paid / (2 * blocks) if blocks else None


def _by_credits(works: Sequence[Work], blocks: int | None) -> list[float | None]:
    return shares_of_mean([(work.credits, work.stake) for work in works])


def shares_of_mean(told: Sequence[tuple[int | None, int | None]]) -> list[float | None]:
    """Each one's credits ÷ the stake-weighted mean, from credits and stake of everybody in one epoch."""
    earned = staked = everything = 0
    for credits, stake in told:
        if stake:
            everything += stake
            if credits is not None:
                earned += credits * stake
                staked += stake
    if not earned or staked < LEAST_COVERED * everything:
        return [None] * len(told)
    mean = earned / staked
    # An account that votes without stake earns two thirds of the mean, which says nothing of it.
    return [credits / mean if stake and credits is not None else None for credits, stake in told]


def _by_lamports(works: Sequence[Work], blocks: int | None) -> list[float | None]:
    each = leader_part(works, blocks) if blocks else None
    if each is None:
        return [None] * len(works)
    voting = [
        work.credits - work.blocks * each
        if work.stake_before and work.credits is not None and work.blocks is not None
        else None
        for work in works
    ]
    earned, staked = 0.0, 0
    for part, work in zip(voting, works, strict=True):
        if part is not None:
            earned += part
            staked += work.stake_before or 0
    everything = sum((work.stake if work.stake_before is None else work.stake_before) or 0 for work in works)
    if earned <= 0 or staked < LEAST_COVERED * everything:
        return [None] * len(works)
    mean = earned / staked
    return [
        None if part is None or not work.stake_before else max(0.0, part / work.stake_before / mean)
        for part, work in zip(voting, works, strict=True)
    ]


def _leader_lucks(works: Sequence[Work], blocks: int | None) -> list[float | None]:
    staked = sum(work.stake_before or 0 for work in works)
    unknown = sum(work.stake or 0 for work in works if work.stake_before is None)
    if not blocks or staked < LEAST_COVERED * (staked + unknown):
        return [None] * len(works)
    return [
        work.blocks * staked / (blocks * work.stake_before)
        if work.stake_before and work.blocks is not None
        else None
        for work in works
    ]
