"""What may hurt a delegator without warning. Pure; commissions are basis points."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from validators.scoring.facts import ValidatorFacts
from validators.scoring.past import EPOCHS_KEPT
from validators.scoring.trust_v2.inputs import Surroundings
from validators.solana.arithmetic import ALL_BPS

# Many delegation programmes ask for at most this.
HIGH_BPS: Final = 1_000
STEEP_BPS: Final = 300
RAISE_WINDOW_EPOCHS: Final = 30


class Charge(NamedTuple):
    """A key of the file's points.terms, and the numbers that its sentence names."""

    name: str
    numbers: tuple[int, ...] = ()


def charges(validator: ValidatorFacts, around: Surroundings) -> list[Charge]:
    """Everything that is held against its terms."""
    found = _commission(validator.commission_bps)
    past = validator.past
    told = tuple(past.epochs), tuple(past.commission_bps), tuple(past.highest_bps)
    rises = _rises(*told, validator.commission_bps, around.epoch)
    if rises:
        steep = any(_is_steep(before, after) for before, after, _ in rises)
        found.append(Charge("steep_raise" if steep else "raise", rises[0]))
    if validator.vote_account in around.superminority:
        found.append(Charge("superminority"))
    return found


def _commission(bps: int | None) -> list[Charge]:
    if bps is None:
        return [Charge("unknown_commission")]
    if bps >= ALL_BPS:
        return [Charge("private", (bps,))]
    return [Charge("high_commission", (bps,))] if bps > HIGH_BPS else []


def _is_steep(before: int, after: int) -> bool:
    return after - before >= STEEP_BPS or before <= HIGH_BPS < after


# Nearly everybody kept one commission all the time, and the same few.
@lru_cache(maxsize=256)
def _rises(
    epochs: tuple[int, ...],
    commissions: tuple[int | None, ...],
    highest_seen: tuple[int | None, ...],
    present: int | None,
    newest: int,
) -> Sequence[tuple[int, int, int]]:
    """(before, highest after, epoch) of the raises of the last 30 epochs, newest first.

    Taken from the highest commission of an epoch, so that going up and back is a raise too.
    """
    rises = []
    after, highest_after, at = present, present, newest + 1
    for epoch, bps, highest in zip(epochs, commissions, highest_seen, strict=True):
        if newest - epoch >= EPOCHS_KEPT or bps is None:
            continue
        if highest_after is not None and highest_after > bps and newest - at < RAISE_WINDOW_EPOCHS:
            rises.append((bps, highest_after, at))
        after, at = bps, epoch
        highest_after = max(after, highest or 0)
    return rises
