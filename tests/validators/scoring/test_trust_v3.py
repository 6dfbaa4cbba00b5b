"""trust-v3: which way each input moves a score, what unknown means, and that the parts explain all of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.validators.scoring.pictures import EPOCH, SOL, cluster, past, validator
from tests.validators.scoring.test_trust_v2 import anybody, with_column
from validators.scoring.facts import Assessment, ClusterFacts, Past, ValidatorFacts
from validators.scoring.registry import METHODS, ranked, ranks
from validators.scoring.trust_v3.explanation import explained
from validators.scoring.trust_v3.inputs import INPUTS
from validators.scoring.trust_v3.method import METHOD, assess
from validators.scoring.trust_v3.releases import Lag, lags
from validators.scoring.trust_v3.tables import shipped_tables

FEWER = settings(max_examples=50)


def judged(one: ValidatorFacts) -> Assessment:
    return assess(cluster(one))[0]


def point(one: ValidatorFacts, name: str) -> float:
    return sum(part.points for part in explained(judged(one).components) if part.name == name)


def is_no_better(worse: ValidatorFacts, before: ValidatorFacts) -> bool:
    after, then = judged(worse), judged(before)
    assert after.risk is not None
    assert then.risk is not None
    return after.score <= then.score + 1e-9 and after.risk >= then.risk - 1e-12


def test_the_method_is_registered_under_its_name() -> None:
    assert METHODS["trust-v3"] is METHOD
    assert next(iter(shipped_tables().record)) == "fitted_at"
    assert len(shipped_tables().usual) == len(INPUTS)


@FEWER
@given(anybody(), st.data())
def test_a_lower_performance_in_any_epoch_never_helps(one: ValidatorFacts, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(one.past.epochs) - 1))
    earned = one.past.performance[place]
    assume(earned is not None)
    assert earned is not None

    assert is_no_better(with_column(one, "performance", place, data.draw(st.floats(0, earned))), one)


@FEWER
@given(anybody(), st.data())
def test_more_delinquency_in_any_epoch_never_helps(one: ValidatorFacts, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(one.past.epochs) - 1))
    share = one.past.delinquent_share[place]
    assume(share is not None)
    assert share is not None

    assert is_no_better(with_column(one, "delinquent_share", place, data.draw(st.floats(share, 1))), one)


@FEWER
@given(anybody(), st.integers(0, 15_000))
def test_a_higher_commission_never_helps(one: ValidatorFacts, more: int) -> None:
    assume(one.commission_bps is not None)
    assert one.commission_bps is not None

    assert judged(replace(one, commission_bps=one.commission_bps + more)).score <= judged(one).score + 1e-9


@FEWER
@given(st.booleans(), st.floats(0, 1.1), st.floats(0, 1.1))
def test_a_worse_end_of_the_epoch_never_helps(delinquent: bool, one: float, other: float) -> None:
    def ended(at: float, late: bool) -> ValidatorFacts:
        history = past(0.9, *[1.0] * 20)
        count = len(history.epochs)
        ends = (late, *[False] * (count - 1))
        return validator(
            1, history._replace(end_performance=(at, *[1.0] * (count - 1)), delinquent_at_end=ends)
        )

    low, high = sorted((one, other))
    assert is_no_better(ended(low, delinquent), ended(high, delinquent))
    assert is_no_better(ended(low, True), ended(low, delinquent))


@FEWER
@given(anybody())
def test_every_score_is_in_range_and_its_parts_add_up_to_it(one: ValidatorFacts) -> None:
    assessment = judged(one)
    components = assessment.components
    parts = explained(components)

    assert 0 <= assessment.score <= 100
    assert components["risk_low"] <= components["risk"] <= components["risk_high"]
    assert sum(part.points for part in parts) == pytest.approx(assessment.score, abs=1e-4)
    assert sum(part.shortfall for part in parts) == pytest.approx(100 - assessment.score, abs=1e-4)


def test_a_perfect_validator_without_commission_counts_for_nearly_all() -> None:
    perfect = judged(validator(1, past(*[1.01] * 59, bps=0), commission_bps=0, activated_stake=10**6 * SOL))

    assert perfect.score > 99.5
    assert perfect.components["expected_return"] > 0.999


def test_the_number_is_the_reward_less_commission_and_risk() -> None:
    tables = shipped_tables()
    one = judged(validator(1, past(*[0.99] * 20)))
    assert one.risk is not None

    kept = 0.95 * 0.99
    expected = 100 * (kept * (1 - tables.loss_when_bad * one.risk) - tables.aversion * one.risk)
    assert one.score == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("bps", [10_000, 25_500])
def test_who_keeps_everything_counts_for_nothing(bps: int) -> None:
    assessment = judged(validator(1, past(*[1.0] * 59, bps=bps), commission_bps=bps))

    assert assessment.score == 0
    assert sum(part.points for part in explained(assessment.components)) == pytest.approx(0)


def test_what_was_earned_beyond_the_mean_counts_for_nothing() -> None:
    usual, lucky = (judged(validator(1, past(*[earned] * 30))) for earned in (1.0, 1.2))

    assert usual.score == lucky.score


def test_a_commission_that_was_lowered_applies_only_from_the_second_epoch_on() -> None:
    history = past(*[1.0] * 20)._replace(commission_bps=(0, 500, *[500] * 18))

    assert judged(validator(1, history, commission_bps=0)).components["commission_bps"] == 500
    assert point(validator(1, history, commission_bps=0), "commission") == pytest.approx(-5)


def test_an_epoch_without_stake_says_nothing() -> None:
    history = past(1.0, 1.0, *[None] * 10)
    unstaked = validator(1, history._replace(stake=(*[1e5] * 2, *[0.0] * 10)))

    found = judged(unstaked)

    assert (found.components["known_of_window"], found.components["bad_of_window"]) == (2, 0)
    assert found.risk is not None
    assert found.risk < 0.1


def test_delinquent_now_weighs_most_where_the_epoch_went_badly_too() -> None:
    failed = past(0.8, *[1.0] * 30)._replace(end_performance=(0.0, *[1.0] * 30))
    well, badly = (
        judged(validator(1, history, delinquent=True)).risk for history in (past(*[1.0] * 31), failed)
    )
    healthy = judged(validator(1)).risk

    assert well is not None
    assert badly is not None
    assert healthy is not None
    assert badly > well > 10 * healthy


def unknown_for(one: ValidatorFacts, what: str) -> ValidatorFacts:
    if what == "version":
        return replace(one, version="")
    if what == "commission":
        bps = (None,) * len(one.past.epochs)
        return replace(one, commission_bps=None, past=one.past._replace(commission_bps=bps))
    unknown: dict[str, Any] = {what: (None,) * len(one.past.epochs)}
    return replace(one, past=one.past._replace(**unknown))


@pytest.mark.parametrize("what", ["end_performance", "delinquent_at_end", "delinquent_share", "stake"])
def test_an_input_unknown_for_everybody_moves_no_score_of_who_was_fine_by_it(what: str) -> None:
    field = [validator(n, past(*[1.0 - n / 10_000] * 40), activated_stake=n * 10**13) for n in range(1, 60)]
    known = ClusterFacts(1, EPOCH, 0.1, field, {})
    unknown = replace(known, validators=[unknown_for(one, what) for one in field])

    moved = [
        abs(before.score - after.score) for before, after in zip(assess(known), assess(unknown), strict=True)
    ]

    assert max(moved) <= 0.3


def test_a_version_unknown_for_one_moves_it_to_the_middle_and_widens_its_range() -> None:
    old = validator(1, version="1.18.0", activated_stake=50_000 * SOL)
    unread = replace(old, version="")
    usual = validator(1, activated_stake=50_000 * SOL)

    said = [judged(one) for one in (old, unread, usual)]

    assert said[0].score < said[1].score <= said[2].score + 1e-9
    low, high = said[1].components["risk_low"], said[1].components["risk_high"]
    assert high - low > said[2].components["risk_high"] - said[2].components["risk_low"]
    assert any("how its version compares is not known" in part.said for part in explained(said[1].components))


def test_a_commission_unknown_for_one_is_that_of_the_middle_and_says_so() -> None:
    unknown = unknown_for(validator(1), "commission")

    parts = {part.name: part for part in explained(judged(unknown).components)}

    assert parts["commission"].points == pytest.approx(-5)
    assert parts["commission"].said.startswith("its commission is unknown, and taken for 5 %")


def test_an_epoch_that_is_unknown_of_everybody_is_passed_over() -> None:
    def everyone(*newest: float | None) -> ClusterFacts:
        return ClusterFacts(
            1, EPOCH, 0.1, [validator(n, past(*newest, 0.8, *[1.0] * 30)) for n in range(5)], {}
        )

    lost = assess(everyone(None))[0].components["taken"][2]

    assert lost == pytest.approx(0.2)


def test_a_young_validator_shows_a_wider_range_of_risk() -> None:
    def width(epochs: int) -> float:
        parts = judged(validator(1, past(*[1.0] * epochs))).components
        return float(parts["risk_high"] - parts["risk_low"])

    assert width(1) >= width(3) >= width(59)
    assert width(1) > width(59)


def test_equals_are_ordered_by_risk_then_history_and_share_a_rank_whatever_their_stake() -> None:
    rich = Assessment(validator(1, past(1.0), activated_stake=10**17), 90.0, {}, 0.01)
    safe = Assessment(validator(2, past(1.0)), 90.0, {}, 0.001)
    known = Assessment(validator(3, past(1.0, 1.0)), 90.0, {}, 0.01)
    equal = Assessment(validator(4, past(1.0)), 90.0, {}, 0.01)

    order = ranked([equal, rich, known, safe])

    assert [one.validator.pk for one in order] == [2, 3, 1, 4]
    assert ranks(order) == [1, 2, 3, 3]


def test_versions_are_compared_within_their_lineage_to_the_patch() -> None:
    found = lags([("3.0.1", 1), ("3.0.2", 1), ("3.1.0", 2), ("0.1105.40200", 5), ("unknown", 9), ("", 9)])

    assert found == {
        "3.0.1": Lag(0.5, 0.75), "3.0.2": Lag(0.5, 0.5), "3.1.0": Lag(0, 0), "0.1105.40200": Lag(0, 0)
    }  # fmt: skip


def test_from_half_an_epoch_on_the_running_one_counts_as_the_last() -> None:
    history = past(*[1.0] * 20)
    now: tuple[Any, ...] = (EPOCH, 0.2, 0.8, 500, 500, None, None, 1e5, True, None)
    columns: list[Any] = [(first, *column) for first, column in zip(now, history, strict=True)]
    running = Past(*columns)
    picture = cluster(validator(1, running, delinquent=True))

    early, late = (assess(replace(picture, progress=progress))[0] for progress in (0.49, 0.5))

    assert early.components["vote_performance"] == 1.0
    assert late.score < early.score < 75


def test_the_same_facts_give_the_same_digits() -> None:
    one: Callable[[], ValidatorFacts] = lambda: validator(1, past(0.9, 1.0, None, 0.99))  # noqa: E731

    assert judged(one()) == judged(one())
