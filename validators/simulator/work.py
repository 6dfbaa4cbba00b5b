"""How a validator works through an epoch, and what it has earned by any slot of it."""

from dataclasses import dataclass

from validators.simulator import draws
from validators.simulator.clock import SLOTS_PER_EPOCH

# Timely vote credits: 16 for a vote on every slot (see SOLANA.md's source, SIMD-0033).
MAX_CREDITS_PER_EPOCH = SLOTS_PER_EPOCH * 16

# Every block of this many epochs deals the same shifts in another order. Its total is thereby
# known, so credits since birth cost a block's sum and not a walk through all epochs.
SHIFTS_PER_ROSTER = 32
ALL_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class Shift:
    """One epoch of work: credits lost to late votes, and at most one time away."""

    lost_credits: int = 0
    away_from: int = SLOTS_PER_EPOCH
    away_until: int = SLOTS_PER_EPOCH

    @property
    def missed_percent(self) -> int:
        """Of a hundred reward certificates, how many are made without its vote.

        Votes that are late by a slot or two are in the certificate, eight slots later, all the same.
        """
        return round(100 * self.lost_credits / MAX_CREDITS_PER_EPOCH)

    def slots_worked(self, slot_index: int) -> int:
        """Slots of the first `slot_index` of the epoch in which it was online."""
        away = max(0, min(slot_index, self.away_until) - self.away_from)
        return slot_index - away

    def credits(self, slot_index: int, *, distance: int = 0) -> int:
        """Vote credits earned in the first `slot_index` slots; distance is a further loss per epoch."""
        whole = MAX_CREDITS_PER_EPOCH - self.lost_credits - distance
        return whole * self.slots_worked(slot_index) // SLOTS_PER_EPOCH

    @property
    def is_ever_away(self) -> bool:
        return self.away_from < self.away_until

    def is_away(self, slot_index: int) -> bool:
        return self.away_from <= slot_index < self.away_until

    def last_slot_worked(self) -> int | None:
        """The last slot index online in the whole epoch; None when it was wholly missed."""
        if self.away_until < SLOTS_PER_EPOCH or self.away_from == SLOTS_PER_EPOCH:
            return SLOTS_PER_EPOCH - 1
        return self.away_from - 1 if self.away_from else None


MISSED = Shift(away_from=0)


@dataclass(frozen=True, slots=True)
class Roster:
    """The shifts that a validator works, again and again, in an order of its own in every block."""

    shifts: tuple[Shift, ...]

    def shift(self, age: int, *, owner: str) -> Shift:
        """The shift of the owner's epoch number `age`, counted from its first."""
        block, place = divmod(age, SHIFTS_PER_ROSTER)
        return self.shifts[_dealt(block, place, owner)]

    def seasonal_shift(self, epoch: int, *, owner: str) -> Shift:
        """The shift of an epoch when every 32 epochs are worked alike, whatever the owner's age."""
        return self.shifts[_dealt(0, epoch % SHIFTS_PER_ROSTER, owner)]

    def credits_until(self, age: int, *, owner: str, distance: int, parts: int = ALL_PARTS) -> int:
        """Credits of the first `age` epochs of the owner; of each it gets so many parts of 10,000."""
        earned = [
            shift.credits(SLOTS_PER_EPOCH, distance=distance) * parts // ALL_PARTS for shift in self.shifts
        ]
        block, rest = divmod(age, SHIFTS_PER_ROSTER)
        stride, start = _order(block, owner)
        begun = sum(earned[(stride * place + start) % SHIFTS_PER_ROSTER] for place in range(rest))
        return block * sum(earned) + begun


def _order(block: int, owner: str) -> tuple[int, int]:
    """Stride and start of a walk that visits every shift once: an odd stride is coprime to 32."""
    drawn = draws.number(owner, "order", block)
    return 2 * (drawn % (SHIFTS_PER_ROSTER // 2)) + 1, (drawn >> 8) % SHIFTS_PER_ROSTER


def _dealt(block: int, place: int, owner: str) -> int:
    stride, start = _order(block, owner)
    return (stride * place + start) % SHIFTS_PER_ROSTER
