"""A portfolio that does not churn: who stays, enters and leaves, of those in an order. Pure.

What is held leaves only when it falls behind the band, size times band deep; free places go to the best.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

Key = TypeVar("Key")

BAND: Final = 1.5


class Chosen(NamedTuple, Generic[Key]):
    """One of the portfolio, or one that leaves it: then `place` is None if it is in the order no more."""

    key: Key
    place: int | None


@dataclass(frozen=True, slots=True)
class Selection(Generic[Key]):
    """Each by place, those that are in no order last. `last_kept` is the place up to which the held stay."""

    stays: list[Chosen[Key]]
    enters: list[Chosen[Key]]
    leaves: list[Chosen[Key]]
    last_kept: int


def select(
    best_first: Sequence[Key], *, held: Collection[Key], size: int, band: float = BAND
) -> Selection[Key]:
    """At most `size` of the order; `band` is at least 1. Of more held than that, the best stay."""
    last_kept = int(size * band)
    places = {key: place for place, key in enumerate(best_first, start=1)}
    inside = [key for key in best_first[:last_kept] if key in held]
    stay = inside[:size]
    kept = set(stay)
    enter = [key for key in best_first if key not in kept][: size - len(stay)]
    # Free places may go to one that was held and lies behind the band: then it never left.
    again = [key for key in enter if key in held]
    kept.update(again)
    leave = sorted(
        (key for key in set(held) if key not in kept),
        key=lambda key: (places.get(key, len(places) + 1), str(key)),
    )
    return Selection(
        [Chosen(key, places[key]) for key in (*stay, *again)],
        [Chosen(key, places[key]) for key in enter if key not in held],
        [Chosen(key, places.get(key)) for key in leave],
        last_kept,
    )
