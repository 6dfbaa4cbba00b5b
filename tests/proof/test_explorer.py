"""The explorer finds the shortest way to what is broken, and what cannot go on."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.proof.explorer import Explored, System, explore


class Place(NamedTuple):
    x: int
    y: int


class Move(NamedTuple):
    name: str
    state: Place


def moves(place: Place) -> Iterator[Move]:
    """On a board of four by four, right and up; from the lower right corner a slide, and no way on."""
    if place == (9, 9):
        return
    if place == (3, 0):
        yield Move("slide", Place(9, 9))
    if place.x < 3:
        yield Move("right", Place(place.x + 1, place.y))
    if place.y < 3:
        yield Move("up", Place(place.x, place.y + 1))


def walked(*, broken: Place | None = None, counted_on: tuple[str, ...] = ("right", "up")) -> Explored[Move]:
    return explore(
        System(
            initial=Place(0, 0),
            steps=moves,
            canonical=lambda place: place,
            broken=lambda place, move: "RULE" if move.state == broken else "",
            is_end=lambda place: place == (3, 3),
            counted_on=lambda move: move.name in counted_on,
        ),
        rule_of_stuck="STUCK",
    )


def test_the_way_to_a_broken_rule_is_the_shortest() -> None:
    found = walked(broken=Place(1, 2))

    assert found.rule == "RULE"
    assert sorted(move.name for move in found.way) == ["right", "up", "up"]
    assert found.way[-1].state == (1, 2)


def test_what_leads_to_no_end_is_found() -> None:
    found = walked()

    assert (found.rule, found.states) == ("STUCK", 17)
    assert [move.name for move in found.way] == ["right", "right", "right", "slide"]


def test_a_step_that_need_not_come_leads_nobody_to_an_end() -> None:
    found = walked(counted_on=("right",))

    assert (found.rule, found.way) == ("STUCK", ())
