from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.exceptions import ImpossibleCreditsError
from validators.solana.arithmetic import (
    LARGEST,
    MOST_VOTE_CREDITS,
    SPLIT_MARK,
    CreditsUnit,
    Earned,
    earned_by_epoch,
    own_split_epoch,
    with_gaps,
)

VOTES, LAMPORTS = CreditsUnit.VOTE_CREDITS, CreditsUnit.LAMPORTS


def test_earned_is_the_cumulative_number_less_the_one_before() -> None:
    # A recorded mainnet account.
    tuples = [(988, 2094523244, 2087625867), (989, 2101425785, 2094523244), (990, 2108194966, 2101425785)]

    assert earned_by_epoch(tuples, running_epoch=990) == [
        Earned(988, 6_897_377, VOTES),
        Earned(989, 6_902_541, VOTES),
        Earned(990, 6_769_181, VOTES),
    ]


@given(st.lists(st.integers(0, MOST_VOTE_CREDITS), max_size=64), st.integers(0, 2**40), st.integers(0, 2**40))
def test_what_was_earned_adds_up_to_what_was_counted(credits: list[int], first: int, before: int) -> None:
    tuples, total = [], before
    for epoch, number in enumerate(credits, start=first):
        tuples.append((epoch, total + number, total))
        total += number

    earned = earned_by_epoch(tuples, running_epoch=first + 64)

    assert [row.credits for row in earned] == credits
    assert sum(row.credits or 0 for row in earned) == total - before


def test_a_cumulative_zero_below_the_one_before_is_unknown() -> None:
    assert earned_by_epoch([(984, 500, 400), (985, 0, 500)], running_epoch=990) == [
        Earned(984, 100, VOTES),
        Earned(985, None, VOTES),
    ]


@pytest.mark.parametrize(
    ("tuples", "complaint"),
    [
        ([(985, 499, 500)], "fell from 500 to 499"),
        ([(985, MOST_VOTE_CREDITS + 1, 0)], "6912000 are possible"),
        ([(985, 2, 1), (985, 3, 2)], "epoch 985 after 985"),
        ([(985, 2, 1), (984, 3, 2)], "epoch 984 after 985"),
        ([(991, 2, 1)], "epoch 990 runs"),
        ([(985, LARGEST + 1, LARGEST)], "beyond"),
        ([(985, 0, LARGEST + 1)], "beyond"),
        ([SPLIT_MARK, SPLIT_MARK], "two migration sentinels"),
        ([(985, 2, 1), SPLIT_MARK, (985, 3, 2), (985, 4, 3)], "epoch 985 twice"),
        ([(SPLIT_MARK[0], 1, 1)], "epoch 990 runs"),
    ],
)
def test_impossible_credits_are_refused(tuples: Any, complaint: str) -> None:
    with pytest.raises(ImpossibleCreditsError, match=complaint):
        earned_by_epoch(tuples, running_epoch=990)


def test_the_migration_epoch_keeps_both_numbers_and_later_epochs_count_lamports() -> None:
    tuples = [
        (987, 700, 100),
        (988, 900, 700),
        SPLIT_MARK,
        (988, 9_000_000_900, 900),
        (989, 9_000_000_901, 9_000_000_900),
    ]

    assert earned_by_epoch(tuples, running_epoch=990) == [
        Earned(987, 600, VOTES),
        Earned(988, 9_000_000_000, LAMPORTS, credits_before_split=200),
        Earned(989, 1, LAMPORTS),
    ]


def test_without_its_own_sentinel_an_account_counts_lamports_after_the_clusters_split() -> None:
    earned = earned_by_epoch([(988, 2, 1), (989, 10**12, 2)], running_epoch=990, split_epoch=988)

    assert [row.unit for row in earned] == [VOTES, LAMPORTS]


@pytest.mark.parametrize(
    ("tuples", "epoch"),
    [
        ([], None),
        ([(987, 2, 1)], None),
        ([SPLIT_MARK], None),
        ([(987, 2, 1), SPLIT_MARK], 987),
        ([SPLIT_MARK, (988, 2, 1)], 988),
        ([(987, 2, 1), SPLIT_MARK, (987, 3, 2)], 987),
    ],
)
def test_a_sentinel_belongs_to_the_epoch_beside_it(tuples: Any, epoch: int | None) -> None:
    assert own_split_epoch(tuples) == epoch


def test_missed_epochs_earned_nothing() -> None:
    earned = [Earned(984, 5, VOTES), Earned(989, 6, VOTES)]

    filled = with_gaps(earned, first_epoch=984, running_epoch=990, split_epoch=None)

    missed = {epoch: Earned(epoch, 0, VOTES) for epoch in (986, 987, 988, 990)}
    assert filled == [earned[0], missed[986], missed[987], missed[988], earned[1], missed[990]]


def test_epochs_before_the_first_known_one_are_no_gaps() -> None:
    earned = [Earned(989, 6, VOTES), Earned(990, 6, VOTES)]

    assert with_gaps(earned, first_epoch=989, running_epoch=990, split_epoch=None) == earned


@pytest.mark.parametrize(
    ("earned", "split"), [([], 988), ([Earned(988, 7, LAMPORTS)], None), ([Earned(989, 7, LAMPORTS)], 988)]
)
def test_a_gap_from_the_split_on_is_counted_in_lamports(earned: list[Earned], split: int | None) -> None:
    """As what the cluster counts: who missed all of the migration's epoch earned none of its lamports."""
    filled = with_gaps(earned, first_epoch=987, running_epoch=990, split_epoch=split)

    assert [(row.epoch, row.unit) for row in filled] == [
        (987, VOTES),
        (988, LAMPORTS),
        (989, LAMPORTS),
        (990, LAMPORTS),
    ]
