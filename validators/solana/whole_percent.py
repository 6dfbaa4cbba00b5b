"""Commissions that somebody told in whole percent, beside the basis points they stand for. Pure.

getVoteAccounts rounds up (5.5 % is 6), what reads a vote account by its view down (5.5 % is 5), and both
stop at one byte. Source: agave, `rpc.rs` and `VoteStateView::commission`, since SIMD-0185.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from validators.solana.arithmetic import BPS_PER_PERCENT

# One byte of percent.
LARGEST_WHOLE_BPS: Final = 255 * BPS_PER_PERCENT


def may_be_rounded(whole_bps: int, exact_bps: int) -> bool:
    """Whether a commission of `exact_bps`, in whole percent, may have been told as `whole_bps`."""
    if whole_bps == LARGEST_WHOLE_BPS and exact_bps > whole_bps:
        return True
    return whole_bps % BPS_PER_PERCENT == 0 and abs(whole_bps - exact_bps) < BPS_PER_PERCENT


def meant(told: Collection[int], seen: Sequence[int]) -> dict[int, int]:
    """By each commission that a history tells in whole percent, the first of those seen that may be meant.

    Where it was seen itself, or none may be meant but one that another of those told may stand for as well,
    it is what it says: between two that a history tells there was a change.
    """
    stands_for = {bps: [whole for whole in set(told) if may_be_rounded(whole, bps)] for bps in seen}
    found = {whole: next((bps for bps in seen if stands_for[bps] == [whole]), whole) for whole in told}
    return {whole: whole if whole in stands_for else bps for whole, bps in found.items()}


def still_meant(told: Mapping[str, int], known: Mapping[str, int]) -> dict[str, int]:
    """By vote account, what was known of its commission, where a node tells another in whole percent and
    still means that.

    A node rounds all in one direction: whomever it tells in the other one than most has changed.
    """
    kept = {
        account: known[account]
        for account, whole in told.items()
        if account in known and known[account] != whole and may_be_rounded(whole, known[account])
    }
    up = {account for account, bps in kept.items() if told[account] > bps}
    # What is too much for a byte is not rounded.
    down = {account for account in kept.keys() - up if told[account] != LARGEST_WHOLE_BPS}
    changed = set() if len(up) == len(down) else min(up, down, key=len)
    return {account: bps for account, bps in kept.items() if account not in changed}


def stayed(before_bps: int, after_bps: int, *, before_is_whole: bool, after_is_whole: bool) -> bool:
    """Whether the two may be one commission; of two told in the same way only equal ones are."""
    if before_is_whole == after_is_whole:
        return before_bps == after_bps
    whole, exact = (before_bps, after_bps) if before_is_whole else (after_bps, before_bps)
    return may_be_rounded(whole, exact)
