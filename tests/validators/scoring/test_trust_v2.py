"""trust-v2: which way each input moves a score, and that the parts explain all of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.validators.scoring.pictures import EPOCH, SOL, cluster, past, validator
from validators.scoring.facts import Assessment, Past, ValidatorFacts
from validators.scoring.registry import METHODS
from validators.scoring.trust_v2.explanation import explained
from validators.scoring.trust_v2.inputs import newer_release_shares
from validators.scoring.trust_v2.method import METHOD, assess

# A past of up to 59 epochs takes long to draw.
FEWER = settings(max_examples=50)


def judged(one: ValidatorFacts) -> Assessment:
    return assess(cluster(one))[0]


def test_the_method_is_registered_under_its_name() -> None:
    assert METHODS["trust-v2"] is METHOD


@st.composite
def anybody(draw: Callable[..., object]) -> ValidatorFacts:
    """Any past whatsoever."""
    count = draw(st.integers(1, 59))

    def column(values: st.SearchStrategy[object]) -> tuple[object, ...]:
        return tuple(draw(st.lists(values, min_size=count, max_size=count)))  # type: ignore[arg-type]

    bps = column(st.none() | st.sampled_from([0, 100, 500, 900, 1_100, 10_000]))
    highest = tuple(
        None if value is None else max(value, extra)  # type: ignore[call-overload]
        for value, extra in zip(bps, column(st.sampled_from([0, 0, 300, 2_000])), strict=True)
    )
    history = Past(
        tuple(range(EPOCH - 1, EPOCH - 1 - count, -1)),  # type: ignore[operator]
        column(st.none() | st.floats(0, 1.01)),  # type: ignore[arg-type]
        column(st.none() | st.floats(0, 1)),  # type: ignore[arg-type]
        bps,  # type: ignore[arg-type]
        highest,
        column(st.none() | st.floats(0, 1)),  # type: ignore[arg-type]
        column(st.integers(0, 5_000)),  # type: ignore[arg-type]
    )
    return validator(
        1,
        history,
        commission_bps=bps[0],
        activated_stake=draw(st.integers(1, 10**17)),
        delinquent=draw(st.booleans()),
    )


def with_column(one: ValidatorFacts, name: str, place: int, value: object) -> ValidatorFacts:
    column = list(getattr(one.past, name))
    column[place] = value
    return replace(one, past=one.past._replace(**{name: tuple(column)}))


def is_no_better(worse: ValidatorFacts, before: ValidatorFacts) -> bool:
    after, then = judged(worse), judged(before)
    assert after.risk is not None
    assert then.risk is not None
    return after.score <= then.score + 1e-9 and after.risk >= then.risk - 1e-12


@FEWER
@given(anybody(), st.data())
def test_a_lower_performance_in_any_epoch_never_helps(one: ValidatorFacts, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(one.past.epochs) - 1))
    earned = one.past.performance[place]
    assume(earned is not None)
    assert earned is not None

    lower = data.draw(st.floats(0, earned))

    assert is_no_better(with_column(one, "performance", place, lower), one)


@FEWER
@given(anybody(), st.data())
def test_more_delinquency_in_any_epoch_never_helps(one: ValidatorFacts, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(one.past.epochs) - 1))
    share = one.past.delinquent_share[place]
    assume(share is not None)
    assert share is not None

    assert is_no_better(with_column(one, "delinquent_share", place, data.draw(st.floats(share, 1))), one)


@FEWER
@given(anybody(), st.data())
def test_more_skipping_in_any_epoch_never_helps(one: ValidatorFacts, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(one.past.epochs) - 1))
    rate = one.past.skip_rate[place]
    assume(rate is not None)
    assert rate is not None

    assert is_no_better(with_column(one, "skip_rate", place, data.draw(st.floats(rate, 1))), one)


@FEWER
@given(anybody(), st.integers(0, 15_000))
def test_a_higher_commission_never_helps(one: ValidatorFacts, more: int) -> None:
    before = one.commission_bps
    assume(before is not None)
    assert before is not None
    bps = before + more
    raised = with_column(replace(one, commission_bps=bps), "commission_bps", 0, bps)
    highest = max(bps, one.past.highest_bps[0] or 0)

    assert judged(with_column(raised, "highest_bps", 0, highest)).score <= judged(one).score + 1e-9


@FEWER
@given(anybody())
def test_being_delinquent_now_never_helps(one: ValidatorFacts) -> None:
    assert is_no_better(replace(one, delinquent=True), replace(one, delinquent=False))


@FEWER
@given(anybody())
def test_every_score_is_in_range_and_its_parts_add_up_to_it(one: ValidatorFacts) -> None:
    assessment = judged(one)
    components = assessment.components

    assert 0 <= assessment.score <= 100
    assert assessment.risk is not None
    assert components["risk_low"] <= components["risk"] <= components["risk_high"]
    assert sum(part.points for part in explained(components)) == pytest.approx(assessment.score, abs=0.002)


def test_a_steady_cheap_validator_scores_high_and_a_failing_one_low() -> None:
    steady = judged(validator(1, past(*[1.001] * 59, bps=0), commission_bps=0))
    failing = judged(validator(1, past(*[0.6] * 5, *[1.0] * 50, bps=0), commission_bps=0))

    assert steady.score > 85 > 45 > failing.score
    assert steady.risk is not None
    assert failing.risk is not None
    assert steady.risk < 0.01 < 0.4 < failing.risk


@pytest.mark.parametrize("bps", [10_000, 25_500])
def test_a_private_validator_never_ranks_high_however_reliable(bps: int) -> None:
    assessment = judged(validator(1, past(*[1.001] * 59, bps=bps), commission_bps=bps))

    assert assessment.score < 15
    assert any("keeps everything" in part.sentence for part in explained(assessment.components))


def test_a_young_validator_shows_a_wider_range_of_risk() -> None:
    def width(epochs: int) -> float:
        parts = judged(validator(1, past(*[1.0] * epochs))).components
        return float(parts["risk_high"] - parts["risk_low"])

    assert width(0) > width(2) > width(10) > width(59)


def test_a_raise_is_charged_and_named_with_its_epoch() -> None:
    history = past(*[1.0] * 20)
    history = history._replace(commission_bps=(900,) * 3 + (500,) * 17, highest_bps=(900,) * 3 + (500,) * 17)

    parts = explained(judged(validator(1, history, commission_bps=900)).components)

    (raised,) = [part for part in parts if part.name == "steep_raise"]
    assert raised.sentence == f"raised its commission from 5 % to 9 % in epoch {EPOCH - 3}: -5.0"


def test_going_up_and_back_within_an_epoch_is_a_raise_too() -> None:
    history = past(*[1.0] * 20)
    history = history._replace(highest_bps=(500, 500, 10_000, *[500] * 17))

    parts = explained(judged(validator(1, history)).components)

    assert [part.name for part in parts if part.points < -4.9 and "raise" in part.name] == ["steep_raise"]


def test_missed_epochs_are_counted_in_words() -> None:
    parts = explained(judged(validator(1, past(1.0, 0.5, 0.5, 0.5, *[1.0] * 20))).components)

    assert parts[0].said.endswith("; 3 of the last 10 epochs known were bad")


def test_who_runs_an_old_release_is_compared_within_its_lineage() -> None:
    shares = newer_release_shares(
        [("3.0.1", 1), ("3.1.0", 3), ("0.1105.40200", 5), ("42.0.0", 9), ("unknown", 9), ("", 9)]
    )

    assert shares == {"3.0.1": 0.75, "3.1.0": 0.0, "0.1105.40200": 0.0}


def test_from_half_an_epoch_on_the_running_one_counts_as_the_last() -> None:
    history = past(*[1.0] * 20)
    failing_now = Past(
        (EPOCH, *history.epochs), (0.2, *history.performance), (0.8, *history.delinquent_share),
        (500, *history.commission_bps), (500, *history.highest_bps), (None, *history.skip_rate),
        (None, *history.leader_slots),
    )  # fmt: skip
    picture = cluster(validator(1, failing_now))

    early, late = (assess(replace(picture, progress=progress))[0].score for progress in (0.49, 0.5))

    assert early == judged(validator(1, history)).score
    assert late < early - 20


def test_the_same_facts_give_the_same_digits() -> None:
    one = validator(1, past(0.9, 1.0, None, 0.99), activated_stake=1234 * SOL)

    assert judged(one) == judged(one)
