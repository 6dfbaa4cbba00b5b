"""Who stakes with a validator, what of its stake comes and leaves, and what nobody told of that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from scheduling.wording import counted
from validators.models import SourceState, StakeEpoch, StakePool, Validator, ValidatorEpoch
from validators.reading.stake_pools import PoolShare, pool_shares
from validators.templatetags.units import fraction_percent, sol

Source = SourceState.Source
UNTIL_THEN: Final = "The source Stakes looks at a few validators at a time, in turn."


@dataclass(frozen=True, slots=True)
class WhoStakes:
    """Of one validator: the pools, the largest first, and its stake accounts, the newest epoch first.

    The sentences say what the rows do not.
    """

    accounts_said: Sequence[str]
    pools_said: Sequence[str]
    looks: Sequence[StakeEpoch]
    shares: Sequence[PoolShare]
    # How many pools were looked at; where none was, that nobody stakes is not known.
    pools_read: int


def who_stakes(
    validator: Validator, epochs: Sequence[ValidatorEpoch], states: Mapping[str, SourceState]
) -> WhoStakes:
    """Of its newest epochs, with what accounts told of each. Two queries."""
    looks = [row.told_stakes for row in epochs if row.told_stakes is not None]
    told, moved = list(_told_of(looks[0])) if looks else [], _moved_said(epochs)
    accounts = (
        [*told[:1], moved, *told[1:]] if looks else [moved, _untold(validator, states.get(Source.STAKES))]
    )
    shares = pool_shares({validator.pk: validator.activated_stake})[validator.pk]
    there: Any = StakePool.objects.filter(is_there=True).exclude(epoch=None)
    read = list(there.order_by("epoch").values_list("epoch", flat=True))
    pools = (_pools_said(shares, read), _stale_said(shares))
    return WhoStakes(list(filter(None, accounts)), list(filter(None, pools)), looks, shares, len(read))


def _told_of(look: StakeEpoch) -> Iterator[str]:
    accounts = counted(look.accounts, "stake account")
    moves = [
        f"{sol(look.activating)} SOL come with the next epoch" if look.activating else "",
        f"{sol(look.deactivating)} SOL{_of(look.deactivating, look.active)} leave with its end"
        if look.deactivating
        else "",
    ]
    moving = " and ".join(filter(None, moves)) or "no stake of theirs comes or leaves with the next epoch"
    are = "is" if look.accounts == 1 else "are"
    yield f"{accounts} {are} staked with it in epoch {look.epoch}: {moving}."
    if look.own is None:
        yield (
            "What of it is its own is not known, as the withdraw authority of its vote account was not when "
            "they were looked at."
        )
        return
    own = f"{sol(look.own)} SOL{_of(look.own, look.active)}" if look.own else "Nothing"
    yield (
        f"{own} of it is its own: stake that the withdraw authority of its vote account may withdraw as "
        "well. What its people staked by other keys is not told apart."
    )


def _of(part: int, whole: int) -> str:
    return f" ({fraction_percent(part / whole)})" if whole else ""


def _untold(validator: Validator, state: SourceState | None) -> str:
    unknown = "How many stake accounts it has, what comes and leaves, and what is its own, is not known"
    # As the source Stakes chooses whom it asks for.
    if validator.left_at:
        return f"{unknown}: it has left the cluster."
    if not validator.activated_stake:
        return f"{unknown}: nobody looks at those of a validator without stake."
    if state is not None and state.is_not_offered:
        return f"{unknown}: no endpoint that is asked offers it."
    return f"{unknown}: they were not looked at yet. {UNTIL_THEN}"


def _moved_said(epochs: Sequence[ValidatorEpoch]) -> str:
    """What its stake gained or lost with the newest epoch, by what the votes told of each."""
    for after, before in pairwise(epochs):
        if after.activated_stake is None or before.activated_stake is None:
            return ""
        moved = after.activated_stake - before.activated_stake
        from_to = f"From epoch {before.epoch} to {after.epoch} its stake"
        if not moved:
            return f"{from_to} stayed the same."
        word = "rose" if moved > 0 else "fell"
        return f"{from_to} {word} by {sol(abs(moved))} SOL{_of(abs(moved), before.activated_stake)}."
    return ""


def _pools_said(shares: Sequence[PoolShare], looks: Sequence[int]) -> str:
    if not looks:
        return (
            "No stake pool of this cluster is known yet, so which of them stake with it is not known. The "
            "source Pools looks for them."
        )
    pools = f"{len(looks)} stake pools that were" if len(looks) > 1 else "1 stake pool that was"
    epochs = f"epoch {looks[0]}" if looks[0] == looks[-1] else f"epochs {looks[0]} to {looks[-1]}"
    if not shares:
        return f"It is on no list of the {pools} looked at in {epochs}; others may stake with it."
    return (
        f"It is on the validator lists of {len(shares)} of the {pools} looked at in {epochs}. What is not "
        "theirs is staked by wallets and by pools that are not looked at."
    )


def _stale_said(shares: Sequence[PoolShare]) -> str:
    if not any(one.stake.is_stale for one in shares):
        return ""
    return (
        "A pool reckons its stakes anew some time into each epoch; what is older is of the epoch beside it."
    )
