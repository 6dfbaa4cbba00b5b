"""The first scoring method: pure numbers in, pure numbers out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.scoring.baseline import METHOD, assess, stake_weighted_means
from validators.scoring.facts import Assessment, ClusterFacts, EpochFacts, ValidatorFacts
from validators.scoring.registry import METHODS, ranked

EPOCH = 990


def epochs(
    *credits: int | None, last: int = EPOCH - 1, stake: int | None = None, unit: str = "vote_credits"
) -> list[EpochFacts]:
    """Consecutive epochs, the last of them the newest complete one."""
    first = last - len(credits) + 1
    return [EpochFacts(epoch, number, unit, stake) for epoch, number in enumerate(credits, start=first)]


def validator(number: int = 1, history: list[EpochFacts] | None = None, **changes: object) -> ValidatorFacts:
    made = ValidatorFacts(
        number, f"vote {number}", 100, 500, False, epochs(1000) if history is None else history
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def cluster(
    *validators: ValidatorFacts, progress: float = 0.5, others: tuple[EpochFacts, ...] = ()
) -> ClusterFacts:
    return ClusterFacts(1, EPOCH, progress, validators, others)


def only(assessments: list[Assessment]) -> Assessment:
    (assessment,) = assessments
    return assessment


def test_the_method_is_registered_under_its_name() -> None:
    assert METHODS["baseline-v1"] is METHOD
    assert (METHOD.name, METHOD.version) == ("baseline-v1", "1")


def test_a_score_is_the_performance_in_percent_less_the_commission() -> None:
    # The mean is (300 x 1000 + 100 x 600) / 400 = 900.
    large = validator(1, epochs(1000), activated_stake=300, commission_bps=700)
    small = validator(2, epochs(600), activated_stake=100, commission_bps=250)

    first, second = assess(cluster(large, small))

    assert first.score == 93
    assert second.score == pytest.approx(600 / 900 * 100 - 2.5)
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
    # Against means of 1000: 1500 counts as 1, and does not make up for 500.
    uneven = validator(1, epochs(1500, 500), commission_bps=0)
    counterweight = validator(2, epochs(500, 1500))

    assert assess(cluster(uneven, counterweight))[0].score == 75


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

    parts = assess(cluster(validator(1, epochs(9, 9)), dead))[1].components

    assert (parts["delinquent"], parts["earned_nothing"], parts["vote_performance"]) == (True, True, 0)


def test_only_the_five_latest_complete_epochs_count() -> None:
    old_failure = validator(1, epochs(0, 10, 10, 10, 10, 10), commission_bps=0)
    steady = validator(2, epochs(10, 10, 10, 10, 10, 10))

    first = assess(cluster(old_failure, steady))[0]

    assert (first.score, first.components["epochs"]) == (100, 5)


def test_an_epoch_whose_credits_are_unknown_is_left_out_of_the_average() -> None:
    gap = validator(1, epochs(10, None, 10), commission_bps=0)

    assert only(assess(cluster(gap))).components["epochs"] == 2


def test_a_missed_epoch_counts_as_zero() -> None:
    missed = validator(1, epochs(10, 0), commission_bps=0)
    steady = validator(2, epochs(10, 10))

    assert assess(cluster(missed, steady))[0].score == 50


def test_the_running_epoch_counts_only_where_no_complete_one_is_known() -> None:
    old = validator(1, [*epochs(10), *epochs(0, last=EPOCH)], commission_bps=0)
    new = validator(2, epochs(5, last=EPOCH), commission_bps=0)
    steady = validator(3, [*epochs(10), *epochs(10, last=EPOCH)], activated_stake=10**12, commission_bps=0)

    assert [round(one.score) for one in assess(cluster(old, new, steady))] == [100, 50, 100]


def test_the_first_twentieth_of_an_epoch_tells_nothing() -> None:
    new = validator(1, epochs(5, last=EPOCH))

    assessment = only(assess(cluster(new, progress=0.05)))

    assert (
        assessment.score,
        assessment.components["no_history"],
        assessment.components["vote_performance"],
    ) == (0, True, None)
    assert only(assess(cluster(new, progress=0.051))).components["no_history"] is False


def test_a_mean_weighs_by_the_epochs_own_stake_where_it_is_known() -> None:
    grew = validator(1, epochs(1000, stake=100), activated_stake=10**9)
    steady = validator(2, epochs(500), activated_stake=300)

    assert stake_weighted_means(cluster(grew, steady)) == {(EPOCH - 1, "vote_credits"): 625}


def test_who_left_still_weighs_in_the_epochs_it_was_seen_in() -> None:
    left = (*epochs(400, stake=100), *epochs(10**9))

    assert stake_weighted_means(cluster(validator(), others=left)) == {(EPOCH - 1, "vote_credits"): 700}


def test_an_epoch_in_which_nobody_earned_is_nobodys_failure() -> None:
    assessment = only(assess(cluster(validator(1, epochs(0, 10), commission_bps=0))))

    assert (assessment.score, assessment.components["epochs"]) == (100, 1)


def test_an_epoch_known_of_a_few_only_is_no_measure() -> None:
    dead = validator(1, [*epochs(1000, last=EPOCH - 5), *epochs(0)], commission_bps=0)
    steady = validator(2, epochs(1000), activated_stake=101)

    assessment = assess(cluster(dead, steady))[0]

    assert (assessment.score, assessment.components["epochs"]) == (0, 1)
    larger = replace(dead, activated_stake=101)
    assert assess(cluster(larger, steady))[0].score == 50


def test_lamports_are_divided_by_stake_and_never_compared_with_credits() -> None:
    # Each earned 1 % of its stake after the migration, as it should.
    before, after = epochs(800, last=EPOCH - 2), epochs(10**6, unit="lamports")
    large = validator(1, [*before, *after], activated_stake=10**8, commission_bps=0)
    small = validator(2, epochs(10**4, unit="lamports"), activated_stake=10**6, commission_bps=0)
    lazy = validator(3, epochs(5 * 10**3, unit="lamports"), activated_stake=10**6, commission_bps=0)

    scores = [one.score for one in assess(cluster(large, small, lazy))]

    assert scores == [100, 100, pytest.approx(50, abs=0.5)]


def test_ranks_follow_score_then_stake_then_vote_account() -> None:
    best = Assessment(validator(4), 99.0, {})
    rich = Assessment(validator(3, activated_stake=200), 50.0, {})
    first, second = Assessment(validator(1), 50.0, {}), Assessment(validator(2), 50.0, {})

    assert ranked([second, first, rich, best]) == [best, rich, first, second]


credit = st.none() | st.integers(0, 6_912_000)
history = st.lists(credit, max_size=6).map(lambda numbers: epochs(*numbers, last=EPOCH))
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
    assessments = assess(ClusterFacts(1, EPOCH, progress, validators, ()))

    assert [one.validator for one in assessments] == validators
    assert all(0 <= one.score <= 100 for one in assessments)


@given(st.lists(facts, min_size=2, max_size=6))
def test_the_order_of_the_validators_does_not_matter(validators: list[ValidatorFacts]) -> None:
    forwards = {id(one.validator): one.score for one in assess(cluster(*validators))}
    backwards = {id(one.validator): one.score for one in assess(cluster(*reversed(validators)))}

    assert forwards == backwards
