"""What an account earned in each epoch, from the cumulative numbers that the node sends. Pure."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from validators.exceptions import ImpossibleCreditsError

# (epoch, cumulative credits at its end or now, cumulative credits before it)
CreditTuple = tuple[int, int, int]

LAMPORTS_PER_SOL: Final = 1_000_000_000
# A commission of 100 %, and one of 1 %.
ALL_BPS: Final = 10_000
BPS_PER_PERCENT: Final = 100
# Timely vote credits: at most 16 a slot, and 432,000 slots in a mainnet epoch.
CREDITS_PER_SLOT: Final = 16
MOST_VOTE_CREDITS: Final = 432_000 * CREDITS_PER_SLOT
WIRE_LARGEST: Final = 2**64 - 1
# The tuple that Alpenglow's migration puts between votes and rewards.
SPLIT_MARK: Final = (WIRE_LARGEST, WIRE_LARGEST, WIRE_LARGEST)
# A proxy in JavaScript rounds it to 2^64, which it writes in 17 digits: 18446744073709552000.
ROUNDED_FROM: Final = 2**64 - 2_048
WRITTEN_MOST: Final = 2**64 + 2_048
LARGEST: Final = 2**63 - 1
# A billion SOL in lamports: more than there are, so no account has it staked.
LARGEST_STAKE: Final = 10**18
# A vote account keeps 64 epochs; a node sends the last five of them.
MOST_TUPLES: Final = 64
TUPLES_SENT: Final = 5


class CreditsUnit(StrEnum):
    """What a credits number counts; numbers of two units are never compared."""

    # Votes landed on the chain, weighted by how timely they were.
    VOTE_CREDITS = "vote_credits"
    # Rewards after the votes moved off the chain (Alpenglow); these scale with stake.
    LAMPORTS = "lamports"


# An enum's member costs ten times a name, and these are asked for of everybody.
_VOTES: Final = CreditsUnit.VOTE_CREDITS
_LAMPORTS: Final = CreditsUnit.LAMPORTS


def unit_in(epoch: int, *, split_epoch: int | None) -> str:
    """What the cluster counts at the end of that epoch."""
    lamports = split_epoch is not None and epoch >= split_epoch
    return (CreditsUnit.LAMPORTS if lamports else CreditsUnit.VOTE_CREDITS).value


class Earned(NamedTuple):
    """One epoch of one account; None is unknown. A tuple, because a fetch makes a hundred thousand."""

    epoch: int
    credits: int | None
    unit: CreditsUnit
    # Vote credits of the migration epoch's first part, beside the lamports of its second.
    credits_before_split: int | None = None


def earned_nothing(epoch: int, *, split_epoch: int | None) -> Earned:
    """An epoch that an account missed wholly, in what the cluster counts then."""
    return Earned(epoch, 0, CreditsUnit(unit_in(epoch, split_epoch=split_epoch)))


def earned_by_epoch(
    tuples: Sequence[CreditTuple],
    *,
    running_epoch: int,
    split_epoch: int | None = None,
    most_vote_credits: int = MOST_VOTE_CREDITS,
) -> list[Earned]:
    """Earned = cumulative - previous cumulative, for each epoch sent, oldest first.

    split_epoch is the cluster's migration epoch when known: later epochs count lamports even
    where the account's own sentinel has dropped out of the reply. A cumulative of 0 below the
    previous one means that the number is unknown. Raises ImpossibleCreditsError.
    Source: `epochCredits` of agave's getVoteAccounts.
    """
    plain = _plainly_earned(tuples, running_epoch, split_epoch, most_vote_credits)
    return _earned(tuples, running_epoch, split_epoch, most_vote_credits) if plain is None else plain


def _earned(
    tuples: Sequence[CreditTuple], running_epoch: int, split_epoch: int | None, most_vote_credits: int
) -> list[Earned]:
    """Of any tuples. Raises ImpossibleCreditsError."""
    earned: list[Earned] = []
    split_here = False
    dropped_out = _mark_dropped_out(tuples, split_epoch, most_vote_credits)
    unit = CreditsUnit.LAMPORTS if dropped_out else CreditsUnit.VOTE_CREDITS
    newest = -1
    for epoch, cumulative, previous in tuples:
        if (epoch, cumulative, previous) == SPLIT_MARK:
            if split_here:
                raise ImpossibleCreditsError("two migration sentinels")
            split_here, unit = True, CreditsUnit.LAMPORTS
            continue
        if split_epoch is not None and epoch > split_epoch:
            unit = CreditsUnit.LAMPORTS
        if not newest < epoch <= running_epoch and not (split_here and epoch == newest):
            raise ImpossibleCreditsError(f"epoch {epoch} after {newest}, while epoch {running_epoch} runs")
        credits = _difference(epoch, cumulative, previous)
        if credits is not None and credits > most_vote_credits and unit is CreditsUnit.VOTE_CREDITS:
            raise ImpossibleCreditsError(
                f"{credits} credits in epoch {epoch}, {most_vote_credits} are possible"
            )
        # The migration epoch's first part stands beside its second one.
        before = _credits_of_first_part(earned.pop()) if epoch == newest else None
        earned.append(Earned(epoch, credits, unit, before))
        newest = epoch
    return earned


def _plainly_earned(
    tuples: Sequence[CreditTuple], running_epoch: int, split_epoch: int | None, most_vote_credits: int
) -> list[Earned] | None:
    """What nearly every account sends: votes alone, or lamports alone. None for anything else."""
    unit, most = _VOTES, most_vote_credits
    if split_epoch is not None:
        if not tuples or tuples[0][0] <= split_epoch:
            return None
        unit, most = _LAMPORTS, LARGEST
    earned: list[Earned] = []
    newest = -1
    for epoch, cumulative, previous in tuples:
        credits = cumulative - previous
        if not (newest < epoch and 0 <= credits <= most and cumulative <= LARGEST):
            return None
        # Half the price of calling Earned, a hundred thousand times.
        earned.append(tuple.__new__(Earned, (epoch, credits, unit, None)))
        newest = epoch
    return earned if newest <= running_epoch else None


def _mark_dropped_out(tuples: Sequence[CreditTuple], split_epoch: int | None, most: int) -> bool:
    """Whether the oldest tuple is the migration epoch's second part, with no mark before it.

    The mark counts as one of the five, so four epochs later it is missing; an account that was
    born after the migration never had one. Votes could not have earned what that tuple holds.
    """
    if not tuples or tuples[0][0] != split_epoch or SPLIT_MARK in tuples:
        return False
    return tuples[0][1] - tuples[0][2] > most


def _credits_of_first_part(first_part: Earned) -> int | None:
    if first_part.unit is CreditsUnit.LAMPORTS:
        raise ImpossibleCreditsError(f"epoch {first_part.epoch} twice after the migration")
    return first_part.credits


def _difference(epoch: int, cumulative: int, previous: int) -> int | None:
    if cumulative > LARGEST or previous > LARGEST:
        raise ImpossibleCreditsError(f"epoch {epoch} counts beyond 2^63 - 1")
    if cumulative >= previous:
        return cumulative - previous
    if cumulative == 0:
        return None
    raise ImpossibleCreditsError(f"credits of epoch {epoch} fell from {previous} to {cumulative}")


def is_split_mark(numbers: Sequence[int]) -> bool:
    """Whether these three are the migration's sentinel, exactly or as a double has it."""
    return len(numbers) == 3 and all(ROUNDED_FROM <= number <= WRITTEN_MOST for number in numbers)


def own_split_epoch(tuples: Sequence[CreditTuple]) -> int | None:
    """The epoch of an account's migration sentinel: its next tuple's, else the one's before it."""
    if SPLIT_MARK not in tuples:
        return None
    at = tuples.index(SPLIT_MARK)
    neighbours = [*tuples[at + 1 : at + 2], *tuples[at - 1 : at]]
    return neighbours[0][0] if neighbours else None


def with_gaps(
    earned: Sequence[Earned], *, first_epoch: int, running_epoch: int, split_epoch: int | None
) -> Sequence[Earned]:
    """Add the wholly missed epochs from first_epoch to the running one: they earned 0.

    A node leaves an epoch without a credit out of the reply. Only the last five epochs are
    filled, as many as a node sends of an account that earns.
    """
    start = max(first_epoch, running_epoch - TUPLES_SENT + 1)
    if (
        len(earned) >= TUPLES_SENT
        and earned[-TUPLES_SENT].epoch == start
        and earned[-1].epoch == running_epoch
    ):
        return earned
    present = {row.epoch for row in earned}
    known = [row.epoch for row in earned if row.unit is CreditsUnit.LAMPORTS]
    split = min(known if split_epoch is None else [*known, split_epoch], default=None)
    missed = [
        earned_nothing(epoch, split_epoch=split)
        for epoch in range(start, running_epoch + 1)
        if epoch not in present
    ]
    return sorted([*earned, *missed])
