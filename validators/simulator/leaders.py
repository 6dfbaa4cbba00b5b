"""Who leads which slots of an epoch, and who makes a block of them.

Leaders are drawn by stake for four slots at a time. A turn begins late now and then, so that its
first blocks are missing; who is away makes none.
"""

import random
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from validators.simulator.clock import SLOTS_PER_TURN, TURNS_PER_EPOCH

# Where the set of an epoch is empty, nobody leads.
NOBODY = -1
# A turn that begins late misses one to four blocks, each as likely.
_MEAN_LOSS = (1 + SLOTS_PER_TURN) / 2


@dataclass(frozen=True, slots=True)
class Attendance:
    """How somebody in the set spends an epoch. Away from a turn until before another.

    Of a hundred reward certificates, missed_percent are made without its vote; who misses some so
    is never away.
    """

    weight: int
    away_from: int = TURNS_PER_EPOCH
    away_until: int = TURNS_PER_EPOCH
    missed_percent: int = 0
    skip_rate: float = 0.0

    def __post_init__(self) -> None:
        if self.missed_percent and self.is_ever_away:
            raise ValueError("Who misses votes now and then and is away too would be counted twice")

    @property
    def is_ever_away(self) -> bool:
        return self.away_from < self.away_until


@dataclass(frozen=True, slots=True)
class Production:
    """Leader slots and blocks made of them."""

    leader_slots: int
    blocks_produced: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The leader of each turn, as an index of a seat, and how many of its first slots had no block."""

    leaders: Sequence[int]
    lost: bytes
    # (turn, slots lost) of the turns that lost any, in order.
    losses: tuple[tuple[int, int], ...]

    def production(self, first: int, last: int) -> dict[int, Production]:
        """By seat, over slot indexes first … last; who has no turn among them is left out."""
        until = last + 1
        first_turn, end_turn = first // SLOTS_PER_TURN, -(-until // SLOTS_PER_TURN)
        led = Counter(
            {
                seat: turns * SLOTS_PER_TURN
                for seat, turns in Counter(self.leaders[first_turn:end_turn]).items()
            }
        )
        missing: Counter[int] = Counter()
        for turn, lost in self.losses[bisect_left(self.losses, (first_turn, 0)) :]:
            if turn >= end_turn:
                break
            missing[self.leaders[turn]] += lost
        # The range begins and ends within a turn: its slots before the first, and those after the last.
        before, lost_before = self._part(first_turn, first)
        within, lost_within = self._part(end_turn - 1, until)
        for turn, slots, lost in (
            (first_turn, before, lost_before),
            (end_turn - 1, SLOTS_PER_TURN - within, self.lost[end_turn - 1] - lost_within),
        ):
            led[self.leaders[turn]] -= slots
            missing[self.leaders[turn]] -= lost
        led.pop(NOBODY, None)
        return {seat: Production(slots, slots - missing[seat]) for seat, slots in led.items() if slots}

    def _part(self, turn: int, slot_index: int) -> tuple[int, int]:
        """Slots of a turn before a slot index, and how many of them had no block."""
        slots = slot_index - turn * SLOTS_PER_TURN
        return slots, min(slots, self.lost[turn])

    def blocks_by_turn(self, slots: int) -> bytes:
        """Blocks made in each turn that the first slots of the epoch have begun."""
        turns, rest = divmod(slots, SLOTS_PER_TURN)
        made = self.lost[:turns].translate(_BLOCKS_OF_LOSS)
        return made + bytes([max(0, rest - self.lost[turns])]) if rest else made


_BLOCKS_OF_LOSS = bytes(max(0, SLOTS_PER_TURN - lost) for lost in range(256))


def draw_schedule(label: str, attendances: Sequence[Attendance | None]) -> Schedule:
    """The schedule of an epoch by everybody's weight; None has none. The label is the luck of the draw."""
    weights = [0 if who is None else who.weight for who in attendances]
    if not any(weights):
        # No slot has a leader, so none has a block.
        nobody = array("h", [NOBODY]) * TURNS_PER_EPOCH
        return Schedule(nobody, bytes([SLOTS_PER_TURN]) * TURNS_PER_EPOCH, ())
    drawn = random.Random(f"{label}:leaders").choices(
        # Floats are found faster than whole numbers of this size.
        range(len(weights)),
        cum_weights=list(map(float, accumulate(weights))),
        k=TURNS_PER_EPOCH,
    )
    losses = tuple(_losses(label, drawn, attendances))
    lost = bytearray(TURNS_PER_EPOCH)
    for turn, slots in losses:
        lost[turn] = slots
    return Schedule(array("h", drawn), bytes(lost), losses)


def _losses(
    label: str, drawn: list[int], attendances: Sequence[Attendance | None]
) -> Iterable[tuple[int, int]]:
    late = [
        0.0 if who is None else min(1.0, who.skip_rate * SLOTS_PER_TURN / _MEAN_LOSS) for who in attendances
    ]
    # Only turns below this are worth a look: those who are ever away are looked at in every turn.
    limits = [
        1.0 if who and who.is_ever_away else chance for who, chance in zip(attendances, late, strict=True)
    ]
    luck = random.Random(f"{label}:skips").random
    hits = [(turn, seat, lot) for turn, seat in enumerate(drawn) if (lot := luck()) < limits[seat]]
    for turn, seat, lot in hits:
        who = attendances[seat]
        if who is None or who.away_from <= turn < who.away_until:
            yield turn, SLOTS_PER_TURN
        elif lot < late[seat]:
            yield turn, 1 + int(lot / late[seat] * SLOTS_PER_TURN)
