"""Who stays, enters and leaves."""

from hypothesis import given
from hypothesis import strategies as st

from validators.scoring.selection import Chosen, select

ORDER = list("abcdefghij")


def test_without_anything_held_the_best_enter() -> None:
    found = select(ORDER, held=(), size=3)

    assert (found.stays, found.leaves) == ([], [])
    assert found.enters == [Chosen("a", 1), Chosen("b", 2), Chosen("c", 3)]


def test_what_is_held_leaves_only_behind_the_band() -> None:
    found = select(ORDER, held=("f", "g", "gone"), size=4, band=1.5)

    assert found.last_kept == 6
    assert found.stays == [Chosen("f", 6)]
    assert found.enters == [Chosen("a", 1), Chosen("b", 2), Chosen("c", 3)]
    assert found.leaves == [Chosen("g", 7), Chosen("gone", None)]


def test_of_more_held_than_asked_for_the_best_stay() -> None:
    found = select(ORDER, held=("a", "b", "c"), size=2)

    assert [one.key for one in found.stays] == ["a", "b"]
    assert [one.key for one in found.leaves] == ["c"]


@given(
    st.permutations(ORDER), st.sets(st.sampled_from([*ORDER, "x", "y"])), st.integers(1, 12), st.floats(1, 3)
)
def test_every_place_is_filled_once_and_nobody_is_in_two_lists(
    order: list[str], held: set[str], size: int, band: float
) -> None:
    found = select(order, held=held, size=size, band=band)

    stays, enters, leaves = ({one.key for one in each} for each in (found.stays, found.enters, found.leaves))
    assert len(stays) + len(enters) == len(stays | enters) == min(size, len(order))
    assert stays <= held
    assert stays | leaves == held
    assert not (enters | stays) & leaves
