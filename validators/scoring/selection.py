"""A portfolio that does not churn: who stays, enters and leaves, of those in an order. Pure.

What is held leaves only when it falls behind the band, size times band deep; free places go to the best.
Who is barred never enters; held, it stays or leaves as anybody. Who is spared stays behind the band as well.
Caps bound how many may be of one group: whoever comes first in the order, of the held and then of all, takes
its place, and those behind are passed over, or leave.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Generic, NamedTuple, TypeVar

Key = TypeVar("Key")

BAND: Final = 1.5
WIDEST_BAND: Final = 100.0


class Chosen(NamedTuple, Generic[Key]):
    """One of the portfolio, or one that leaves it: then `place` is None if it is in the order no more."""

    key: Key
    place: int | None


class Cap(NamedTuple, Generic[Key]):
    """At most so many of one group; whoever is in none, or in one that is not known, is not capped."""

    by: str
    most: int
    group_of: Mapping[Key, str]


class Full(NamedTuple):
    """Why somebody has no place: so many of its group are held, and that is the cap."""

    by: str
    group: str
    most: int


@dataclass(frozen=True, slots=True)
class Selection(Generic[Key]):
    """Each by place, those that are in no order last. `last_kept` is the place up to which the held stay.

    `full` says of those who leave, or are passed over, which cap it is for; who is passed over and is not
    there is barred.
    """

    stays: list[Chosen[Key]]
    enters: list[Chosen[Key]]
    leaves: list[Chosen[Key]]
    last_kept: int
    passed_over: list[Chosen[Key]] = field(default_factory=list)
    full: Mapping[Key, Full] = field(default_factory=dict)


def select(
    best_first: Sequence[Key],
    *,
    held: Collection[Key],
    size: int,
    band: float = BAND,
    caps: Sequence[Cap[Key]] = (),
    barred: Collection[Key] = (),
    spared: Collection[Key] = (),
) -> Selection[Key]:
    """At most `size` of the order; `band` is at least 1. Of more held than that, the best stay.

    Nobody who was passed over would fit in beside those chosen. Of a single cap that is as many as there can
    be; of several, another choice might hold more, of worse ones.
    """
    # As it is written: in binary 100 times 1.15 is less than 115.
    last_kept, held = int(size * Decimal(str(band))), set(held)
    places = {key: place for place, key in enumerate(best_first, start=1)}
    rooms = _Rooms(caps, barred=set(barred) - held)
    may_stay = held & {*best_first[:last_kept], *spared}
    stay = rooms.fill((key for key in best_first if key in may_stay), most=size)
    kept = set(stay)
    enter = rooms.fill((key for key in best_first if key not in kept), most=size - len(stay))
    # Free places may go to one that was held and lies behind the band: then it never left.
    again = [key for key in enter if key in held]
    kept.update(again)
    leave = sorted(
        (key for key in held if key not in kept),
        key=lambda key: (places.get(key, len(places) + 1), str(key)),
    )
    passed_over = sorted(places[key] for key in (*rooms.full, *rooms.refused) if key not in held)
    return Selection(
        [Chosen(key, places[key]) for key in (*stay, *again)],
        [Chosen(key, places[key]) for key in enter if key not in held],
        [Chosen(key, places.get(key)) for key in leave],
        last_kept,
        [Chosen(best_first[place - 1], place) for place in passed_over],
        rooms.full,
    )


class _Rooms(Generic[Key]):
    """How many of each group are taken, by cap.

    `full` is who found no room, and where; `refused` the barred that came before somebody who was let in.
    """

    def __init__(self, caps: Sequence[Cap[Key]], *, barred: Collection[Key]) -> None:
        self._caps, self._taken = caps, [Counter[str]() for _ in caps]
        self._barred = barred
        self.full: dict[Key, Full] = {}
        self.refused: list[Key] = []

    def fill(self, keys: Iterable[Key], *, most: int) -> list[Key]:
        """The first of these that there is room for, up to so many."""
        found: list[Key] = []
        for key in keys:
            if len(found) == most:
                break
            if key in self._barred:
                self.refused.append(key)
                continue
            full = self._full(key)
            if full is None:
                self._take(key)
                found.append(key)
            else:
                self.full.setdefault(key, full)
        return found

    def _full(self, key: Key) -> Full | None:
        for cap, taken in zip(self._caps, self._taken, strict=True):
            group = cap.group_of.get(key)
            if group is not None and taken[group] >= cap.most:
                return Full(cap.by, group, cap.most)
        return None

    def _take(self, key: Key) -> None:
        for cap, taken in zip(self._caps, self._taken, strict=True):
            group = cap.group_of.get(key)
            if group is not None:
                taken[group] += 1
