"""The measures of a back-test against their definitions, counted pair by pair."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.scoring.backtest.calibration import brier, reliability, wilson
from validators.scoring.backtest.ranking import Pool, by_outcome, lift, ranks, separation, spearman

# Few values, so that there are ties.
rows = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.5]), st.booleans()), min_size=1, max_size=20)


def split(pairs: list[tuple[float, bool]]) -> tuple[list[float], list[float]]:
    return [value for value, bad in pairs if bad], [value for value, bad in pairs if not bad]


@given(rows)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[float, bool]]) -> None:
    bad, good = split(pairs)
    found = separation(by_outcome([value for value, _ in pairs], [was for _, was in pairs])).auc

    if not bad or not good:
        assert found is None
        return
    won = sum((b > g) + (b == g) / 2 for b in bad for g in good)
    assert found == pytest.approx(won / len(bad) / len(good))


@given(rows)
def test_average_precision_is_the_mean_precision_at_each_bad_one(pairs: list[tuple[float, bool]]) -> None:
    bad, good = split(pairs)
    found = separation(by_outcome([value for value, _ in pairs], [was for _, was in pairs])).average_precision

    if not bad or not good:
        assert found is None
        return
    precisions = [sum(b >= x for b in bad) / sum(value >= x for value, _ in pairs) for x in bad]
    assert found == pytest.approx(sum(precisions) / len(bad))


@given(st.lists(rows, min_size=1, max_size=4), st.data())
def test_a_pool_that_counts_epochs_twice_is_the_pool_of_the_copies(
    epochs: list[list[tuple[float, bool]]], data: st.DataObject
) -> None:
    times = data.draw(st.lists(st.integers(0, 2), min_size=len(epochs), max_size=len(epochs)))
    apart = [by_outcome([v for v, _ in one], [b for _, b in one]) for one in epochs]
    copies = [pair for one, count in zip(epochs, times, strict=True) for pair in one * count]
    whole = by_outcome([v for v, _ in copies], [b for _, b in copies])

    found, expected = Pool(apart).separation(times), separation(whole)

    assert found.auc == pytest.approx(expected.auc)
    assert found.average_precision == pytest.approx(expected.average_precision)


def test_equal_values_share_their_mean_rank() -> None:
    assert ranks([3.0, 1.0, 3.0, 2.0]) == [3.5, 1.0, 3.5, 2.0]


def test_spearman_is_one_for_the_same_order_and_none_without_any() -> None:
    assert spearman([1, 2, 3], [10, 100, 1000]) == pytest.approx(1)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert spearman([1, 1, 1], [1, 2, 3]) is None


def test_lift_counts_the_bad_ones_among_the_most_dangerous_and_shares_ties() -> None:
    assert lift(by_outcome([0.9, 0.8, 0.1, 0.0], [True, False, True, False]), 4) == [0.5, 0.5, 1, 1]
    assert lift(by_outcome([0.5] * 4, [True, False, False, False]), 4) == [0.25, 0.5, 0.75, 1]


def test_brier_is_the_mean_squared_error() -> None:
    assert brier([(0.5, True), (0.0, False)]) == 0.125
    assert brier([]) is None


def test_a_wilson_interval_is_the_published_one() -> None:
    # 10 of 100: 5.5 to 17.4 %.
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert wilson(0, 10)[0] == 0


def test_a_bin_holds_when_the_prediction_is_within_the_interval_or_a_fifth() -> None:
    right = reliability([(0.1, number < 10) for number in range(100)], (0, 0.5, 1.1))
    wrong = reliability([(0.6, number < 10) for number in range(100)], (0, 0.5, 1.1))

    assert [(one.validators, one.observed, one.holds) for one in (*right, *wrong)] == [
        (100, 0.1, True),
        (100, 0.1, False),
    ]
