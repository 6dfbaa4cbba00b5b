"""The four patterns against the definition, tried on whole paths."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.solana.commission_flags import (
    CommissionFlag,
    CommissionStep,
    EpochCommission,
    commission_flags,
)

CROSSED = CommissionFlag.CROSSED_TEN_PERCENT
JUMPED = CommissionFlag.JUMPED
ABOVE_HALF = CommissionFlag.ABOVE_HALF
UP_AND_BACK = CommissionFlag.UP_AND_BACK

values = st.sampled_from([0, 300, 500, 799, 800, 1_000, 1_001, 1_300, 5_000, 5_001, 10_000, 25_500])
# For each epoch what the commission was at each look.
looks = st.lists(st.lists(values, min_size=1, max_size=6), min_size=1, max_size=5)


def by_definition(epochs: list[list[int]]) -> set[CommissionFlag]:
    """Three and back count from the last look before the epoch."""
    found = set()
    every = [value for epoch in epochs for value in epoch]
    if any(before <= 1_000 < after for before, after in pairwise(every)):
        found.add(CROSSED)
    if max(every) > 5_000:
        found.add(ABOVE_HALF)
    before: list[int] = []
    for epoch in epochs:
        path = before[-1:] + epoch
        if any(later - earlier >= 300 for earlier, later in combinations(path, 2)):
            found.add(JUMPED)
        if any(one < two and three <= one for one, two, three in combinations(path, 3)):
            found.add(UP_AND_BACK)
        before = epoch
    return found


def steps_of(epochs: list[list[int]]) -> list[CommissionStep]:
    every = [(at, value) for at, epoch in enumerate(epochs) for value in epoch]
    return [
        CommissionStep(at, before, after) for (_, before), (at, after) in pairwise(every) if before != after
    ]


def rows_of(epochs: list[list[int]]) -> list[EpochCommission]:
    return [
        EpochCommission(at, epoch[0], epoch[-1], min(epoch), max(epoch)) for at, epoch in enumerate(epochs)
    ]


def step(from_bps: int, to_bps: int, epoch: int = 900) -> CommissionStep:
    return CommissionStep(epoch, from_bps, to_bps)


@given(looks)
def test_changes_show_what_happened(epochs: list[list[int]]) -> None:
    steps = steps_of(epochs)
    if steps:
        assert commission_flags(steps=steps) == by_definition(epochs)


@given(looks)
def test_first_last_lowest_and_highest_show_nothing_that_did_not_happen(epochs: list[list[int]]) -> None:
    assert commission_flags(epochs=rows_of(epochs)) <= by_definition(epochs)


@given(st.lists(st.lists(values, min_size=1, max_size=2), min_size=1, max_size=5))
def test_of_epochs_with_two_looks_the_rows_show_everything(epochs: list[list[int]]) -> None:
    assert commission_flags(epochs=rows_of(epochs)) == by_definition(epochs)


@given(looks)
def test_both_together_show_what_either_shows(epochs: list[list[int]]) -> None:
    steps, rows = steps_of(epochs), rows_of(epochs)
    assert commission_flags(steps=steps, epochs=rows) == commission_flags(steps=steps) | commission_flags(
        epochs=rows
    )


@pytest.mark.parametrize(
    ("steps", "flags"),
    [
        ([], set()),
        ([step(500, 700)], set()),
        ([step(500, 800)], {JUMPED}),
        ([step(500, 700), step(700, 800)], {JUMPED}),
        ([step(500, 700), step(700, 800, epoch=901)], set()),
        ([step(900, 1_000)], set()),
        ([step(1_000, 1_001)], {CROSSED}),
        ([step(1_001, 1_000)], set()),
        ([step(500, 600), step(600, 500)], {UP_AND_BACK}),
        ([step(500, 600), step(600, 500, epoch=901)], set()),
        ([step(600, 500), step(500, 600)], set()),
        ([step(0, 10_000), step(10_000, 0)], {CROSSED, JUMPED, ABOVE_HALF, UP_AND_BACK}),
        ([step(10_000, 0)], {ABOVE_HALF}),
    ],
)
def test_these_changes_have_these_flags(steps: list[CommissionStep], flags: set[CommissionFlag]) -> None:
    assert commission_flags(steps=steps) == flags


def test_a_visit_to_a_higher_commission_between_two_looks_shows_in_the_highest() -> None:
    row = EpochCommission(900, first_bps=500, last_bps=500, min_bps=500, max_bps=10_000)
    assert commission_flags(epochs=[row]) == {CROSSED, JUMPED, ABOVE_HALF, UP_AND_BACK}


def test_a_fall_within_an_epoch_is_no_warning() -> None:
    row = EpochCommission(900, first_bps=4_000, last_bps=0, min_bps=0, max_bps=4_000)
    assert commission_flags(epochs=[row]) == set()


def test_a_rise_over_epochs_that_nobody_saw_crosses_but_does_not_jump() -> None:
    rows = [EpochCommission(900, 500, 500, 500, 500), EpochCommission(905, 1_100, 1_100, 1_100, 1_100)]
    assert commission_flags(epochs=rows) == {CROSSED}
    adjacent = [rows[0], rows[1]._replace(epoch=901)]
    assert commission_flags(epochs=adjacent) == {CROSSED, JUMPED}


def test_unknown_commissions_show_nothing() -> None:
    rows = [EpochCommission(epoch, None, None, None, None) for epoch in (900, 901)]
    assert commission_flags(epochs=rows) == set()
    known = [rows[0], EpochCommission(901, None, 500, None, 900), EpochCommission(902, 500, None, 500, None)]
    assert commission_flags(epochs=known) == set()
