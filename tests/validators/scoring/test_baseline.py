"""The first scoring method: pure numbers in, pure numbers out."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.scoring.baseline import METHOD, assess
from validators.scoring.facts import Assessment, ClusterFacts, EpochFacts, ValidatorFacts
from validators.scoring.registry import METHODS, order, ranked, ranks

EPOCH = 990


def epochs(*performances: float | None, last: int = EPOCH - 1) -> list[EpochFacts]:
    """Consecutive epochs, the last of them the newest complete one."""
    first = last - len(performances) + 1
    return [
        EpochFacts(epoch, performance, None if performance is None else round(performance * 1_000))
        for epoch, performance in enumerate(performances, start=first)
    ]


def validator(number: int = 1, history: list[EpochFacts] | None = None, **changes: object) -> ValidatorFacts:
    made = ValidatorFacts(
        number, f"vote {number}", 100, 500, False, epochs(1.0) if history is None else history
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def cluster(*validators: ValidatorFacts, progress: float = 0.5) -> ClusterFacts:
    return ClusterFacts(1, EPOCH, progress, validators)


def only(assessments: Iterable[Assessment]) -> Assessment:
    (assessment,) = assessments
    return assessment


def test_the_method_is_registered_under_its_name() -> None:
    assert METHODS["baseline-v1"] is METHOD
    assert (METHOD.name, METHOD.version) == ("baseline-v1", "2")


def test_a_score_is_the_performance_in_percent_less_the_commission() -> None:
    large = validator(1, epochs(1.1), activated_stake=300, commission_bps=700)
    small = validator(2, epochs(2 / 3), activated_stake=100, commission_bps=250)

    first, second = assess(cluster(large, small))

    assert first.score == 93
    assert second.score == pytest.approx(200 / 3 - 2.5)
    assert second.components == {
        "vote_performance": pytest.approx(2 / 3),
        "epochs": 1,
        "commission_percent": 2.5,
        "commission_known": True,
        "subtracted_percent": 2.5,
        "delinquent": False,
        "earned_nothing": False,
        "no_history": False,
    }


def test_each_epoch_is_capped_before_the_average() -> None:
    # 1.5 counts as 1, and does not make up for 0.5.
    assert only(assess(cluster(validator(1, epochs(1.5, 0.5), commission_bps=0)))).score == 75


def test_an_unknown_commission_costs_five_percent_and_says_so() -> None:
    unknown = only(assess(cluster(validator(commission_bps=None))))

    assert unknown.score == 95
    parts = unknown.components
    assert (parts["commission_percent"], parts["commission_known"], parts["subtracted_percent"]) == (
        None,
        False,
        5.0,
    )


@pytest.mark.parametrize(("bps", "score"), [(0, 100), (10_000, 0), (25_500, 0), (65_535, 0), (1, 99.99)])
def test_a_score_stays_between_0_and_100(bps: int, score: float) -> None:
    assert only(assess(cluster(validator(commission_bps=bps)))).score == score


def test_a_delinquent_validator_and_one_that_earned_nothing_say_so() -> None:
    dead = validator(2, epochs(0, 0), delinquent=True)

    parts = only(assess(cluster(dead))).components

    assert (parts["delinquent"], parts["earned_nothing"], parts["vote_performance"]) == (True, True, 0)


def test_who_earned_something_that_nobody_could_judge_did_not_earn_nothing() -> None:
    """After Alpenglow lamports are known before the blocks that they are judged with."""
    unjudged = validator(1, [EpochFacts(EPOCH - 1, None, 10**9)])

    parts = only(assess(cluster(unjudged))).components

    assert (parts["earned_nothing"], parts["no_history"], parts["vote_performance"]) == (False, True, None)


def test_only_the_five_latest_complete_epochs_count() -> None:
    old_failure = validator(1, epochs(0, 1, 1, 1, 1, 1), commission_bps=0)

    found = only(assess(cluster(old_failure)))

    assert (found.score, found.components["epochs"]) == (100, 5)


def test_an_epoch_that_is_not_judged_is_left_out_of_the_average() -> None:
    gap = validator(1, epochs(1, None, 0.5), commission_bps=0)

    found = only(assess(cluster(gap)))

    assert (found.score, found.components["epochs"]) == (75, 2)


def test_a_missed_epoch_counts_as_zero() -> None:
    assert only(assess(cluster(validator(1, epochs(1, 0), commission_bps=0)))).score == 50


def test_the_running_epoch_counts_only_where_no_complete_one_is_known() -> None:
    old = validator(1, [*epochs(1), *epochs(0, last=EPOCH)], commission_bps=0)
    new = validator(2, epochs(0.5, last=EPOCH), commission_bps=0)
    unjudged = validator(3, [*epochs(None), *epochs(0.25, last=EPOCH)], commission_bps=0)

    assert [one.score for one in assess(cluster(old, new, unjudged))] == [100, 50, 25]


def test_the_first_twentieth_of_an_epoch_tells_nothing() -> None:
    new = validator(1, epochs(0.5, last=EPOCH))

    assessment = only(assess(cluster(new, progress=0.05)))

    assert (
        assessment.score,
        assessment.components["no_history"],
        assessment.components["vote_performance"],
    ) == (0, True, None)
    assert only(assess(cluster(new, progress=0.051))).components["no_history"] is False


def test_nobodys_score_depends_on_who_else_is_there() -> None:
    """What a performance is measured against was settled when it was stored."""
    one = validator(1, epochs(0.9, 1.0), commission_bps=100)

    alone = only(assess(cluster(one)))

    assert next(assess(cluster(one, validator(2, epochs(0.1)), validator(3, [])))) == alone


def test_ranks_follow_score_then_vote_account_and_never_stake() -> None:
    best = Assessment(validator(4), 99.0, {})
    rich = Assessment(validator(3, activated_stake=200), 50.0, {})
    first, second = Assessment(validator(1), 50.0, {}), Assessment(validator(2), 50.0, {})

    assert ranked([second, first, rich, best]) == [best, first, second, rich]
    assert ranks(map(order, [best, first, second, rich])) == [1, 2, 2, 2]


performance = st.none() | st.floats(0, 1.5)
history = st.lists(performance, max_size=6).map(lambda numbers: epochs(*numbers, last=EPOCH))
facts = st.builds(
    ValidatorFacts,
    pk=st.integers(),
    vote_account=st.text(max_size=3),
    activated_stake=st.integers(1, 10**18),
    commission_bps=st.none() | st.integers(0, 65_535),
    delinquent=st.booleans(),
    epochs=history,
)


@given(st.lists(facts, max_size=6), st.floats(0, 1))
def test_any_cluster_gets_one_score_from_0_to_100_each(
    validators: list[ValidatorFacts], progress: float
) -> None:
    assessments = list(assess(ClusterFacts(1, EPOCH, progress, validators)))

    assert [one.validator for one in assessments] == validators
    assert all(0 <= one.score <= 100 for one in assessments)


@given(st.lists(facts, min_size=2, max_size=6))
def test_the_order_of_the_validators_does_not_matter(validators: list[ValidatorFacts]) -> None:
    forwards = {id(one.validator): one.score for one in assess(cluster(*validators))}
    backwards = {id(one.validator): one.score for one in assess(cluster(*reversed(validators)))}

    assert forwards == backwards
