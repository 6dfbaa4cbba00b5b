"""Who stays, enters and leaves."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from validators.scoring.selection import Cap, Chosen, Full, select

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


def test_the_band_is_reckoned_as_it_is_written() -> None:
    order = list(range(1, 201))

    found = [select(order, held=(), size=100, band=band).last_kept for band in (1, 1.1, 1.13, 1.15, 1.255)]

    assert found == [100, 110, 113, 115, 125]


def test_of_more_held_than_asked_for_the_best_stay() -> None:
    found = select(ORDER, held=("a", "b", "c"), size=2)

    assert [one.key for one in found.stays] == ["a", "b"]
    assert [one.key for one in found.leaves] == ["c"]


def test_who_is_barred_never_enters_and_stays_or_leaves_as_anybody() -> None:
    found = select(ORDER, held=("c", "j"), size=3, band=1.5, barred=set("acj"))

    assert [one.key for one in found.stays] == ["c"]
    assert [one.key for one in found.enters] == ["b", "d"]
    assert [one.key for one in found.leaves] == ["j"]
    assert found.passed_over == [Chosen("a", 1)]


def test_who_is_spared_stays_behind_the_band_but_not_beside_more_than_the_size() -> None:
    found = select(ORDER, held=("b", "j"), size=2, band=1, spared=set("ij"))

    assert [one.key for one in found.stays] == ["b", "j"]
    assert (found.enters, found.leaves) == ([], [])
    assert select(ORDER, held=("b", "j"), size=1, band=2, spared="j").leaves == [Chosen("j", 10)]


def test_where_everybody_is_barred_nobody_enters() -> None:
    found = select(ORDER, held=(), size=3, barred=ORDER)

    assert found.enters == []
    assert [one.key for one in found.passed_over] == ORDER


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


def capped(most: int, **groups: str) -> list[Cap[str]]:
    return [Cap("operator", most, {key: group for group, keys in groups.items() for key in keys})]


def test_who_finds_no_room_in_its_group_is_passed_over_for_the_next() -> None:
    found = select(ORDER, held=(), size=4, caps=capped(1, one="abc", two="de"))

    assert [one.key for one in found.enters] == ["a", "d", "f", "g"]
    assert found.passed_over == [Chosen("b", 2), Chosen("c", 3), Chosen("e", 5)]
    assert found.full["e"] == Full("operator", "two", 1)


def test_of_the_held_above_a_cap_the_worst_leave_though_they_are_inside_the_band() -> None:
    found = select(ORDER, held=("c", "d", "e"), size=4, caps=capped(2, one="abcde"))

    assert [one.key for one in found.stays] == ["c", "d"]
    assert found.leaves == [Chosen("e", 5)]
    # The band goes before what is better: held ones take the places of their group.
    assert [one.key for one in found.enters] == ["f", "g"]
    assert [one.key for one in found.passed_over] == ["a", "b"]
    assert found.full["e"] == Full("operator", "one", 2)


@given(
    order=st.permutations(ORDER),
    held=st.sets(st.sampled_from([*ORDER, "x", "y"])),
    size=st.integers(1, 12),
    band=st.floats(1, 3),
    caps=st.lists(
        st.builds(
            lambda most, groups: Cap("by", most, groups),
            st.integers(1, 4),
            st.dictionaries(st.sampled_from(ORDER), st.sampled_from("pqr")),
        ),
        max_size=3,
    ),
)
def test_no_group_has_more_than_its_cap_and_whoever_fits_has_a_place(
    order: list[str], held: set[str], size: int, band: float, caps: list[Cap[str]]
) -> None:
    found = select(order, held=held, size=size, band=band, caps=caps)

    chosen = [one.key for one in (*found.stays, *found.enters)]
    taken = [Counter(cap.group_of[key] for key in chosen if key in cap.group_of) for cap in caps]
    for cap, count in zip(caps, taken, strict=True):
        assert max(count.values(), default=0) <= cap.most
    assert len(chosen) == len(set(chosen)) <= size
    rest = [key for key in order if key not in chosen]
    full = {
        key
        for key in rest
        if any(count[cap.group_of.get(key, "")] >= cap.most for cap, count in zip(caps, taken, strict=True))
    }
    assert len(chosen) == size or full == set(rest)
    assert found.full.keys() <= full
    # Inside the band, whoever is held has gone for a cap or for better ones that are held.
    inside = [key for key in order[: found.last_kept] if key in held]
    for key in set(inside) - set(chosen):
        before = inside[: inside.index(key)]
        assert key in found.full or sum(one in chosen for one in before) == size
    if len(caps) == 1:
        of_group = Counter(caps[0].group_of.get(key, f"alone {key}") for key in order)
        room = sum(min(count, caps[0].most) for count in of_group.values())
        assert len(chosen) == min(size, room)


@given(st.permutations(ORDER), st.sets(st.sampled_from(ORDER)), st.integers(1, 12), st.floats(1, 3))
def test_a_cap_that_nobody_reaches_changes_nothing(
    order: list[str], held: set[str], size: int, band: float
) -> None:
    wide = Cap("by", len(ORDER), dict.fromkeys(ORDER, "one"))

    found = select(order, held=held, size=size, band=band, caps=[wide])

    assert found == select(order, held=held, size=size, band=band)
    assert not found.passed_over
