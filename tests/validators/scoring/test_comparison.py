"""Where two methods place the same validators, and what sets a score apart: arithmetic on a few numbers."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.validators.rows import COMPONENTS
from tests.validators.scoring.pictures import cluster, past, validator
from validators.scoring.comparison import (
    SAMPLE_SIZE,
    SORTS,
    Agreement,
    Pair,
    Reason,
    agreement,
    middle,
    ordered,
    reasons,
    sampled_places,
)
from validators.scoring.facts import Part
from validators.scoring.registry import METHODS

ALONE = Pair(4, 4, 60.0, None, None)
UNKNOWN = Pair(5, None, None, 4, 10.0)
PAIRS = [Pair(1, 1, 90.0, 3, 20.0), Pair(2, 2, 80.0, 1, 40.0), Pair(3, 3, 70.0, 2, 30.0), ALONE, UNKNOWN]


def part(name: str, points: float, best: float = 0.0) -> Part:
    return Part(name, None, None, 100.0, points, f"said of {name}", best)


def test_the_difference_is_positive_where_the_first_method_places_it_higher() -> None:
    assert [pair.rank_difference for pair in PAIRS] == [2, -1, -1, None, None]
    assert [pair.disagreement for pair in PAIRS] == [2, 1, 1, None, None]


@pytest.mark.parametrize(
    ("sort", "keys"),
    [
        ("-disagreement", [1, 2, 3, 4, 5]),
        ("disagreement", [2, 3, 1, 4, 5]),
        ("rank_difference", [2, 3, 1, 4, 5]),
        ("rank", [1, 2, 3, 4, 5]),
        ("-rank", [4, 3, 2, 1, 5]),
        ("other_rank", [2, 3, 1, 5, 4]),
        ("-score", [1, 2, 3, 4, 5]),
        ("other_score", [5, 1, 3, 2, 4]),
    ],
)
def test_unknown_values_come_last_either_way_round(sort: str, keys: list[int]) -> None:
    assert [pair.key for pair in ordered(PAIRS, sort=sort)] == keys


@given(st.data())
def test_an_order_does_not_depend_on_the_order_before(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    places = data.draw(st.permutations(range(1, count + 1)))
    pairs = [Pair(key, rank, 50.0, key, 50.0) for key, rank in enumerate(places, start=1)]
    sort = data.draw(st.sampled_from([f"{sign}{name}" for name in SORTS for sign in ("", "-")]))
    shuffled = random.Random(data.draw(st.integers())).sample(pairs, count)

    assert ordered(shuffled, sort=sort) == ordered(pairs, sort=sort)


def test_agreement_counts_who_is_scored_by_whom_and_how_far_apart() -> None:
    found = agreement(PAIRS)

    assert found.rank_correlation == pytest.approx(-0.5)
    assert replace(found, rank_correlation=None) == Agreement(
        both=3,
        only_first=1,
        only_other=1,
        rank_correlation=None,
        top=4,
        top_shared=3,
        furthest_up=2,
        furthest_down=1,
    )


def test_the_same_order_correlates_entirely_and_shares_its_top() -> None:
    same = [Pair(rank, rank, 1_000.0 - rank, rank, 2_000.0 - rank) for rank in range(1, 151)]
    turned = [Pair(rank, rank, 1_000.0 - rank, 151 - rank, float(rank)) for rank in range(1, 151)]

    found, opposite = agreement(same), agreement(turned)

    assert found.rank_correlation == pytest.approx(1.0)
    assert (found.top, found.top_shared) == (100, 100)
    assert (found.furthest_up, found.furthest_down) == (0, 0)
    assert opposite.rank_correlation == pytest.approx(-1.0)
    assert opposite.top_shared == 50
    assert (opposite.furthest_up, opposite.furthest_down) == (149, 149)


def test_equal_scores_share_a_rank_and_never_more_than_the_whole_top() -> None:
    equal = [Pair(key, min(key, 95), 1.0, min(key, 95), 1.0) for key in range(1, 151)]
    one_set_apart = [pair._replace(other_rank=150) if pair.key == 100 else pair for pair in equal]

    assert (agreement(equal).top, agreement(equal).top_shared) == (100, 100)
    # Of the 56 equals another takes its place with both methods.
    assert agreement(one_set_apart).top_shared == 100


def test_without_anybody_there_is_no_correlation() -> None:
    nobody = agreement([])

    assert (nobody.both, nobody.rank_correlation, nobody.top, nobody.furthest_up) == (0, None, 0, 0)


@given(st.integers(0, 5_000))
def test_the_sample_is_spread_evenly_over_all_ranks(count: int) -> None:
    found = sampled_places(count)

    assert len(found) == len(set(found)) == min(SAMPLE_SIZE, count)
    assert all(1 <= rank <= count for rank in found)
    if found:
        gaps = [after - before for before, after in pairwise(found)]
        assert not gaps or max(gaps) - min(gaps) <= 1
        assert abs(found[0] + found[-1] - (count + 1)) <= 1


def test_the_middle_is_the_median_of_what_is_lacking() -> None:
    sample = [
        [part("return", 29, best=29), part("charge", -5)],
        [part("return", 20, best=29)],
        [part("return", 10, best=29), part("charge", -3)],
    ]

    assert middle(sample) == {"return": 9, "charge": 3}
    assert middle([]) == {}


def test_the_reasons_are_the_parts_furthest_from_the_middle_in_either_direction() -> None:
    usual = {"return": 9.0, "charge": 0.0, "stake": 2.0, "small": 0.0}
    parts = [part("small", -0.04), part("stake", -1), part("return", 26, best=29), part("charge", -5)]

    assert reasons(parts, usual) == [
        Reason(name="return", points=26, ahead=6, said="said of return"),
        Reason(name="charge", points=-5, ahead=-5, said="said of charge"),
    ]


def test_of_equal_reasons_the_one_explained_first_goes_first() -> None:
    parts = [part("first", -1), part("second", -1), part("third", -1)]

    assert [reason.name for reason in reasons(parts, {})] == ["first", "second"]


def test_an_ordinary_score_has_no_reason() -> None:
    parts = [part("return", 20, best=29), part("charge", -1)]

    assert reasons(parts, {"return": 9.0, "charge": 1.04}) == []


@pytest.mark.parametrize("lowered", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("bps", [0, 500, 10_000, None])
def test_what_the_parts_of_a_score_lack_is_what_it_lacks_to_a_hundred(
    lowered: float, bps: int | None
) -> None:
    history = past(*[1.0 - lowered] * 5, *[1.0] * 20, bps=bps)
    method = METHODS["trust-v2"]

    assessment = next(iter(method.assess(cluster(validator(1, history, commission_bps=bps)))))

    lacking = sum(one.shortfall for one in method.explain(assessment.components))
    assert lacking == pytest.approx(100 - assessment.score, abs=0.002)


@pytest.mark.parametrize(("performance", "subtracted", "score"), [(0.987, 5.0, 93.7), (None, 5.0, 0.0)])
def test_so_it_is_for_the_baseline(performance: float | None, subtracted: float, score: float) -> None:
    components = COMPONENTS | {"vote_performance": performance, "subtracted_percent": subtracted}

    parts = METHODS["baseline-v1"].explain(components)

    assert sum(one.shortfall for one in parts) == pytest.approx(100 - score)
