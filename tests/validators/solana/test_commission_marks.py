"""When each pattern of a commission was seen, and from what to what."""

import pytest
from hypothesis import given

from tests.validators.solana.test_commission_flags import looks, rows_of, steps_of
from validators.solana.commission_flags import (
    CommissionFlag,
    CommissionStep,
    EpochCommission,
    commission_flags,
)
from validators.solana.commission_marks import CommissionMark, commission_marks, without_repeats


def thrice(epochs: list[list[int]]) -> list[list[int]]:
    """As if each epoch were seen three times over."""
    return [looks_of_one for looks_of_one in epochs for _ in range(3)]


@given(looks)
def test_there_is_a_mark_for_each_flag_and_for_no_other(epochs: list[list[int]]) -> None:
    for told in (
        {"steps": steps_of(epochs)},
        {"epochs": rows_of(epochs)},
        {"epochs": rows_of(thrice(epochs))},
    ):
        marks = commission_marks(**told)
        flags = [mark.flag for mark in marks]
        assert len(flags) == len(set(flags))
        assert frozenset(flags) == commission_flags(**told)


@given(looks)
def test_a_mark_names_values_that_were_seen_and_an_epoch_that_has_them(epochs: list[list[int]]) -> None:
    for seen in (epochs, thrice(epochs)):
        for mark in commission_marks(epochs=rows_of(seen)):
            assert mark.since <= mark.epoch < len(seen)
            # Above half it is the highest of that time, which may lie in between.
            assert any(mark.to_bps in looks for looks in seen[mark.since : mark.epoch + 1])
            assert mark.from_bps is None or mark.from_bps < mark.to_bps


def test_of_several_the_newest_is_told() -> None:
    steps = [
        CommissionStep(900, 500, 2_000),
        CommissionStep(905, 2_000, 500),
        CommissionStep(910, 500, 1_100),
    ]

    assert commission_marks(steps=steps) == [
        CommissionMark(CommissionFlag.CROSSED_TEN_PERCENT, 910, 910, 500, 1_100),
        CommissionMark(CommissionFlag.JUMPED, 910, 910, 500, 1_100),
    ]


def test_what_crossed_while_nobody_looked_is_dated_by_the_epochs_around() -> None:
    epochs = [EpochCommission(900, 500, 500, 500, 500), EpochCommission(912, 2_000, 2_000, 2_000, 2_000)]

    assert commission_marks(epochs=epochs) == [
        CommissionMark(CommissionFlag.CROSSED_TEN_PERCENT, 912, 900, 500, 2_000)
    ]


def test_what_a_first_look_saw_is_dated_from_the_epoch_that_was_looked_at_before() -> None:
    """It may have changed behind the last look there; without one known, in the epoch before."""
    up, down = CommissionStep(1_105, 500, 6_000, True), CommissionStep(1_107, 6_000, 500, True)

    assert commission_marks(steps=[up, down]) == [
        CommissionMark(CommissionFlag.ABOVE_HALF, 1_106, 1_105, None, 6_000),
        CommissionMark(CommissionFlag.CROSSED_TEN_PERCENT, 1_105, 1_104, 500, 6_000),
        CommissionMark(CommissionFlag.JUMPED, 1_105, 1_104, 500, 6_000),
    ]
    long_before = [EpochCommission(1_101, None, None, 500, 500)]
    dated = {mark.flag: mark.since for mark in commission_marks(steps=[up, down], epochs=long_before)}
    assert dated[CommissionFlag.CROSSED_TEN_PERCENT] == dated[CommissionFlag.JUMPED] == 1_101


def test_up_in_a_first_look_and_back_in_the_same_epoch_began_before_it() -> None:
    steps = [CommissionStep(1_105, 500, 900, True), CommissionStep(1_105, 900, 500)]

    mark = CommissionMark(CommissionFlag.UP_AND_BACK, 1_105, 1_104, 500, 900)
    assert mark in commission_marks(steps=steps)


def test_who_crossed_within_an_epoch_did_not_in_the_next() -> None:
    """Our looks tell the lowest and the highest of an epoch, and the steps in what order they came."""
    epochs = [
        EpochCommission(1_104, None, None, 0, 0),
        EpochCommission(1_105, None, None, 0, 1_200),
        EpochCommission(1_106, None, None, 1_200, 1_200),
    ]
    steps = [CommissionStep(1_105, 0, 1_200)]

    [crossed, _] = commission_marks(steps=steps, epochs=epochs)

    assert crossed == CommissionMark(CommissionFlag.CROSSED_TEN_PERCENT, 1_105, 1_105, 0, 1_200)


def test_who_fell_in_one_epoch_and_crossed_in_the_next_is_dated_by_that() -> None:
    epochs = [
        EpochCommission(1_104, None, None, 1_200, 1_200),
        EpochCommission(1_105, None, None, 500, 1_200),
        EpochCommission(1_106, None, None, 1_200, 1_200),
    ]
    steps = [CommissionStep(1_105, 1_200, 500), CommissionStep(1_106, 500, 1_200)]

    [crossed, _] = commission_marks(steps=steps, epochs=epochs)

    assert crossed == CommissionMark(CommissionFlag.CROSSED_TEN_PERCENT, 1_106, 1_106, 500, 1_200)


@pytest.mark.parametrize("seen_again", [1_106, 1_109])
def test_who_was_above_before_it_fell_may_have_crossed_until_it_is_seen_again(seen_again: int) -> None:
    epochs = [
        EpochCommission(1_104, None, None, 1_200, 1_200),
        EpochCommission(1_105, None, None, 500, 1_200),
        EpochCommission(seen_again, None, None, 1_200, 1_200),
    ]

    marks = commission_marks(steps=[CommissionStep(1_105, 1_200, 500)], epochs=epochs)

    crossed = CommissionMark(CommissionFlag.CROSSED_TEN_PERCENT, seen_again, 1_105, 500, 1_200)
    assert crossed in marks


def test_what_is_always_above_half_began_with_the_first_epoch_known() -> None:
    epochs = [EpochCommission(epoch, 10_000, 10_000, 10_000, 10_000) for epoch in range(900, 905)]

    assert commission_marks(epochs=epochs) == [
        CommissionMark(CommissionFlag.ABOVE_HALF, 904, 900, None, 10_000)
    ]


def test_what_stood_for_long_is_dated_by_where_it_began_and_ended() -> None:
    """Also where the middle of a long stand is passed over, the epoch before a rise is the one before it."""
    stood = [500] * 300 + [6_000] * 300 + [500] * 300
    epochs = [EpochCommission(epoch, bps, bps, bps, bps) for epoch, bps in enumerate(stood)]

    assert len(without_repeats(epochs)) == 6
    assert commission_marks(epochs=epochs) == [
        CommissionMark(CommissionFlag.ABOVE_HALF, 599, 300, None, 6_000),
        CommissionMark(CommissionFlag.CROSSED_TEN_PERCENT, 300, 299, 500, 6_000),
        CommissionMark(CommissionFlag.JUMPED, 300, 299, 500, 6_000),
    ]
