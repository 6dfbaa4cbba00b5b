"""Stake accounts: whose stake a validator has, and what of it is coming or leaving. Little-endian. Pure.

Source: anza-xyz/solana-sdk, stake-interface/src/state.rs (StakeStateV2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from validators.exceptions import LayoutError
from validators.solana.arithmetic import LARGEST
from validators.solana.byte_reader import Reader

STAKE_PROGRAM: Final = "Stake11111111111111111111111111111111111111"
STAKE_BYTES: Final = 200
# Of the four kinds that a stake account is: the one that is staked with somebody.
DELEGATED: Final = 2
VOTER_OFFSET: Final = 124
# What is behind the deactivation epoch is not read: a legacy rate, credits and flags.
BYTES_READ: Final = 180
_RENT_AND_STAKER: Final = 8 + 32
_LOCKUP: Final = 8 + 8 + 32
# No epoch: of genesis where it says when it began, and not asked to leave where it says when it ends.
NEVER: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Stake:
    """One stake account: lamports delegated, since when, and until when (both NEVER where no epoch is)."""

    withdrawer: str
    voter: str
    lamports: int
    activation_epoch: int
    deactivation_epoch: int


@dataclass(frozen=True, slots=True)
class Stakes:
    """The stake accounts of one validator in an epoch, in lamports.

    `active` works in the epoch, and `deactivating` is the part of it that was asked to leave in the epoch;
    `activating` comes with the next one. That is the whole truth while no more comes or leaves in an epoch
    than the chain lets through (9 % of all stake); what would be held back counts as moved.
    """

    accounts: int
    active: int
    activating: int
    deactivating: int
    # Of the active: what the holder of the vote account's withdraw authority has himself.
    own: int | None


def decoded_stake(*, owner: str, data: bytes, latest_epoch: int) -> Stake:
    """Of the first BYTES_READ bytes. Raises a LayoutError that says what is wrong."""
    reader = Reader("stake account", data)
    if owner != STAKE_PROGRAM:
        raise reader.refusal(f"owned by {owner} instead of {STAKE_PROGRAM}")
    reader.expect_length(BYTES_READ)
    kind = reader.unsigned(4, "kind")
    if kind != DELEGATED:
        raise reader.refusal(f"kind {kind} instead of {DELEGATED}")
    reader.take(_RENT_AND_STAKER, "rent and staker")
    withdrawer = reader.key("withdraw authority")
    reader.take(_LOCKUP, "lockup")
    return Stake(
        withdrawer=withdrawer,
        voter=reader.key("vote account"),
        lamports=reader.unsigned(8, "stake"),
        activation_epoch=_epoch(reader, "activation epoch", latest_epoch),
        deactivation_epoch=_epoch(reader, "deactivation epoch", latest_epoch),
    )


def summed(stakes: Iterable[Stake], *, epoch: int, withdrawer: str) -> Stakes:
    """Of one validator; without its withdraw authority, what is its own is not known. Raises a LayoutError.

    Accounts count that are active or become so; those that have left hold nothing any more.
    """
    accounts = active = activating = deactivating = own = 0
    for one in stakes:
        starts_before = one.activation_epoch < epoch or one.activation_epoch == NEVER
        if one.deactivation_epoch < epoch or one.deactivation_epoch == one.activation_epoch != NEVER:
            continue
        accounts += 1
        if not starts_before:
            activating += one.lamports
            continue
        active += one.lamports
        deactivating += one.lamports if one.deactivation_epoch == epoch else 0
        own += one.lamports if one.withdrawer == withdrawer else 0
    if active + activating > LARGEST:
        raise LayoutError(f"its stake is more than {LARGEST} lamports in all")
    return Stakes(accounts, active, activating, deactivating, own if withdrawer else None)


def _epoch(reader: Reader, part: str, latest: int) -> int:
    epoch = reader.unsigned(8, part, most=NEVER)
    if latest < epoch < NEVER:
        raise reader.refusal(f"{part} {epoch} is more than {latest}")
    return epoch
