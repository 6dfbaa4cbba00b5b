"""What holds of trust-v2 and trust-v3 alike, whatever the past: nothing bad ever helps, and parts add up."""

from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.validators.scoring.pictures import EPOCH, SOL, cluster, past, validator
from validators.scoring.facts import Assessment, Past, ScoringMethod, ValidatorFacts
from validators.scoring.registry import METHODS
from validators.scoring.trust_v2 import method as trust_v2
from validators.scoring.trust_v3 import method as trust_v3

# A past of up to 59 epochs takes long to draw, so that a longer one than this goes through the same again.
DRAWN = 12
FEWER = settings(max_examples=30)
both = pytest.mark.parametrize("method", [trust_v2.METHOD, trust_v3.METHOD], ids=lambda one: one.name)


def judged(method: ScoringMethod, one: ValidatorFacts) -> Assessment:
    return next(iter(method.assess(cluster(one))))


def is_no_better(method: ScoringMethod, worse: ValidatorFacts, before: ValidatorFacts) -> bool:
    after, then = judged(method, worse), judged(method, before)
    assert after.risk is not None
    assert then.risk is not None
    return after.score <= then.score + 1e-9 and after.risk >= then.risk - 1e-12


@st.composite
def anybody(draw: Callable[..., object]) -> ValidatorFacts:
    """Any past whatsoever."""
    count = draw(st.integers(1, 59))

    def column(values: st.SearchStrategy[object]) -> tuple[object, ...]:
        drawn = draw(st.lists(values, min_size=min(count, DRAWN), max_size=min(count, DRAWN)))  # type: ignore
        return tuple(islice(cycle(drawn), count))  # type: ignore[arg-type, call-overload]

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
    throughout = {
        "stake": st.none() | st.floats(1, 1e7),
        "end_performance": st.none() | st.floats(0, 1.1),
        "delinquent_at_end": st.none() | st.booleans(),
    }
    history = history._replace(
        **{name: (draw(values),) * count for name, values in throughout.items()}  # type: ignore
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


# Column of a past, and the worst that it can say.
WORST = {"performance": 0.0, "delinquent_share": 1.0, "skip_rate": 1.0}


@both
@pytest.mark.parametrize("name", WORST)
@FEWER
@given(anybody(), st.data())
def test_a_worse_epoch_anywhere_never_helps(
    method: ScoringMethod, name: str, one: ValidatorFacts, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(one.past.epochs) - 1))
    told = getattr(one.past, name)[place]
    assume(told is not None)
    low, high = sorted((told, WORST[name]))

    assert is_no_better(method, with_column(one, name, place, data.draw(st.floats(low, high))), one)


@both
@FEWER
@given(anybody(), st.floats(0, 1))
def test_a_worse_end_of_the_epoch_never_helps(
    method: ScoringMethod, one: ValidatorFacts, lower: float
) -> None:
    ended = one.past.end_performance[0]
    assume(ended is not None)
    assert ended is not None

    assert is_no_better(method, with_column(one, "end_performance", 0, ended * lower), one)


@both
@FEWER
@given(anybody())
def test_being_delinquent_never_helps(method: ScoringMethod, one: ValidatorFacts) -> None:
    fine = with_column(replace(one, delinquent=False), "delinquent_at_end", 0, False)

    assert is_no_better(method, with_column(fine, "delinquent_at_end", 0, True), fine)
    assert is_no_better(method, replace(fine, delinquent=True), fine)


@both
@FEWER
@given(anybody(), st.floats(1, 1e9))
def test_having_had_more_stake_never_helps(method: ScoringMethod, one: ValidatorFacts, before: float) -> None:
    now = one.activated_stake / SOL
    held = one.past._replace(stake=(now,) * len(one.past.epochs))
    kept = replace(one, past=held)

    assert is_no_better(method, with_column(kept, "stake", 0, max(now, before)), kept)


@both
@FEWER
@given(anybody(), st.integers(0, 15_000))
def test_a_higher_commission_never_helps(method: ScoringMethod, one: ValidatorFacts, more: int) -> None:
    before = one.commission_bps
    assume(before is not None)
    assert before is not None
    bps = before + more
    raised = with_column(replace(one, commission_bps=bps), "commission_bps", 0, bps)
    highest = max(bps, one.past.highest_bps[0] or 0)

    after, then = judged(method, with_column(raised, "highest_bps", 0, highest)), judged(method, one)

    assert after.score <= then.score + 1e-9


@both
@FEWER
@given(anybody())
def test_every_score_is_in_range_and_its_parts_add_up_to_it(
    method: ScoringMethod, one: ValidatorFacts
) -> None:
    assessment = judged(method, one)
    components = assessment.components
    parts = method.explain(components)

    assert 0 <= assessment.score <= 100
    assert assessment.risk is not None
    assert components["risk_low"] <= components["risk"] <= components["risk_high"]
    assert sum(part.points for part in parts) == pytest.approx(assessment.score, abs=0.002)
    assert sum(part.shortfall for part in parts) == pytest.approx(100 - assessment.score, abs=0.002)


@both
def test_a_young_validator_shows_a_wider_range_of_risk(method: ScoringMethod) -> None:
    def width(epochs: int) -> float:
        parts = judged(method, validator(1, past(*[1.0] * epochs))).components
        return float(parts["risk_high"] - parts["risk_low"])

    assert width(1) >= width(3) >= width(10) >= width(59)
    assert width(1) > width(59)


@both
def test_the_same_facts_give_the_same_digits(method: ScoringMethod) -> None:
    one = validator(1, past(0.9, 1.0, None, 0.99), activated_stake=1234 * SOL)

    assert judged(method, one) == judged(method, one)


@both
def test_a_method_is_registered_under_its_name(method: ScoringMethod) -> None:
    assert METHODS[method.name] is method
