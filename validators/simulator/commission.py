"""What each temperament charges, slot by slot, in basis points."""

from validators.simulator import draws
from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.seats import Seat
from validators.simulator.temperaments import Temperament

CommissionStep = tuple[int, int]
"""(slot index from which it holds, commission in basis points)."""

# A commission of 100 %, and one of 1 %.
ALL_BPS = 10_000
BPS_PER_PERCENT = 100

# 5.5 % is what a whole-percent commission field cannot say.
_USUAL_BPS = (0, 0, 200, 500, 500, 500, 500, 550, 700, 800, 1_000)
_BAIT_BPS = (0, 0, 100, 300, 500)
_RUG_BPS = (1_200, 2_000, 5_000, 10_000, 10_000)

_SHORTEST_CYCLE, _LONGEST_CYCLE = 8, 20
_EPOCHS_AFTER_JUMP = 3
# The part of its epoch that a blip lasts: long enough for a fetch every sixth of an epoch to see it.
_BLIP_FROM, _BLIP_UNTIL = int(0.4 * SLOTS_PER_EPOCH), int(0.7 * SLOTS_PER_EPOCH)


def commission_steps(seat: Seat, epoch: int) -> tuple[CommissionStep, ...]:
    """The commission through one epoch, in order; the first step begins at slot 0."""
    if seat.temperament == Temperament.PRIVATE:
        return ((0, ALL_BPS),)
    if seat.temperament == Temperament.RUG_PULLER:
        return _jumping(seat, epoch)
    if seat.temperament == Temperament.BLIPPER:
        return _blipping(seat, epoch)
    return ((0, draws.choice(_USUAL_BPS, seat.key, "commission")),)


def commission_at(steps: tuple[CommissionStep, ...], slot_index: int) -> int:
    """The commission in basis points at a slot index."""
    return next(bps for since, bps in reversed(steps) if since <= slot_index)


def _jumping(seat: Seat, epoch: int) -> tuple[CommissionStep, ...]:
    """Low for most of a cycle, then high from the middle of an epoch to the cycle's end."""
    cycle, length, place = _place_in_cycle(seat, epoch)
    low = draws.choice(_BAIT_BPS, seat.key, "bait", cycle)
    high = draws.choice(_RUG_BPS, seat.key, "rug", cycle)
    jump = length - _EPOCHS_AFTER_JUMP
    if place < jump:
        return ((0, low),)
    if place > jump:
        return ((0, high),)
    when = int(draws.between(0.1, 0.9, seat.key, "jump", cycle) * SLOTS_PER_EPOCH)
    return ((0, low), (when, high))


def _blipping(seat: Seat, epoch: int) -> tuple[CommissionStep, ...]:
    _, length, place = _place_in_cycle(seat, epoch)
    usual = draws.choice(_BAIT_BPS, seat.key, "commission")
    if place < length - 1:
        return ((0, usual),)
    return ((0, usual), (_BLIP_FROM, ALL_BPS), (_BLIP_UNTIL, usual))


def _place_in_cycle(seat: Seat, epoch: int) -> tuple[int, int, int]:
    """(number of the cycle, its length in epochs, the epoch's place in it)."""
    length = int(draws.between(_SHORTEST_CYCLE, _LONGEST_CYCLE, seat.key, "cycle"))
    cycle, place = divmod(epoch + draws.number(seat.key, "offset") % length, length)
    return cycle, length, place
