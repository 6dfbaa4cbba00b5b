"""Which basis points a whole percent may stand for."""

import pytest

from validators.solana.whole_percent import may_be_rounded, meant, stayed, still_meant


@pytest.mark.parametrize(
    ("whole", "exact", "may_be"),
    [
        (600, 550, True),  # rounded up
        (500, 550, True),  # rounded down
        (500, 500, True),
        (600, 500, False),
        (600, 700, False),
        (600, 501, True),
        (600, 699, True),
        (0, 99, True),
        (0, 100, False),
        (25_500, 30_000, True),  # more does not fit into a byte
        (20_000, 30_000, False),
        (550, 551, False),  # not in whole percent
    ],
)
def test_a_whole_percent_stands_for_less_than_one_on_either_side(
    whole: int, exact: int, may_be: bool
) -> None:
    assert may_be_rounded(whole, exact) is may_be


@pytest.mark.parametrize(
    ("told", "seen", "means"),
    [
        ([600], [700, 550, 650], [550]),
        ([600], [700], [600]),
        # What was seen as it is told is meant so, whatever else may be.
        ([600], [550, 600], [600]),
        # A history that tells both has seen a change, and which of them is 5.5 % depends on how it rounds.
        ([500, 600], [550], [500, 600]),
        ([500, 700], [550], [550, 700]),
        ([10_000], [9_950], [9_950]),
        ([9_900, 10_000], [9_950], [9_900, 10_000]),
        ([500], [], [500]),
    ],
)
def test_what_a_history_means_is_taken_from_what_was_seen(
    told: list[int], seen: list[int], means: list[int]
) -> None:
    assert meant(told, seen) == dict(zip(told, means, strict=True))


@pytest.mark.parametrize(
    ("before", "after", "is_one"),
    [
        ((600, True), (550, False), True),
        ((550, False), (500, True), True),
        ((550, False), (600, False), False),
        ((600, True), (500, True), False),
        ((600, True), (750, False), False),
    ],
)
def test_only_between_whole_and_exact_a_difference_may_be_none(
    before: tuple[int, bool], after: tuple[int, bool], is_one: bool
) -> None:
    assert stayed(before[0], after[0], before_is_whole=before[1], after_is_whole=after[1]) is is_one


@pytest.mark.parametrize(
    ("told", "known", "meant_still"),
    [
        ([600], [550], {0: 550}),
        ([500], [550], {0: 550}),
        ([700], [550], {}),
        # Of what is known in whole percent itself another one is a change.
        ([500], [600], {}),
        ([600], [600], {}),
        # A node that rounds most down rounds all down.
        ([500, 600, 800], [550, 650, 750], {0: 550, 1: 650}),
        ([600, 700, 700], [550, 650, 750], {0: 550, 1: 650}),
        ([600, 700], [550, 750], {0: 550, 1: 750}),
        ([600, 700, 25_500], [550, 650, 30_000], {0: 550, 1: 650, 2: 30_000}),
    ],
)
def test_what_was_known_exactly_stands_until_it_cannot_be_meant(
    told: list[int], known: list[int], meant_still: dict[int, int]
) -> None:
    named = [{str(place): bps for place, bps in enumerate(all_bps)} for all_bps in (told, known)]
    assert still_meant(*named) == {str(place): bps for place, bps in meant_still.items()}
    assert still_meant(named[0], {}) == {}
