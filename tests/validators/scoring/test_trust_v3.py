"""trust-v3: the number, what unknown means, and the words; test_properties has what holds of any past."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.validators.scoring.pictures import EPOCH, SOL, cluster, past, validator
from validators.scoring.facts import Assessment, ClusterFacts, Past, ValidatorFacts
from validators.scoring.registry import order, ranked, ranks
from validators.scoring.releases import Lag, lags
from validators.scoring.trust_v3 import method
from validators.scoring.trust_v3.explanation import explained
from validators.scoring.trust_v3.inputs import INPUTS, Inputs, Surroundings, inputs_of
from validators.scoring.trust_v3.method import assess
from validators.scoring.trust_v3.tables import shipped_tables


def judged(one: ValidatorFacts) -> Assessment:
    return next(assess(cluster(one)))


def point(one: ValidatorFacts, name: str) -> float:
    return sum(part.points for part in explained(judged(one).components) if part.name == name)


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


@pytest.mark.parametrize(
    ("age", "bps", "points"), [(0, 10_000, 95), (2, 10_000, 95), (3, 10_000, 0), (0, 1_500, 0), (2, 400, 0)]
)
def test_only_a_recent_and_large_raise_tells_of_failing(age: int, bps: int, points: float) -> None:
    history = past(*[1.0] * 30)
    history = history._replace(commission_bps=(*[bps] * (age + 1), *history.commission_bps[age + 1 :]))
    raised, as_before = judged(validator(1, history, commission_bps=bps)), judged(validator(1))
    assert raised.risk is not None
    assert as_before.risk is not None

    assert raised.components["taken"][2 + INPUTS.index("raised")] == points
    assert (raised.risk > 5 * as_before.risk) == (points > 0)


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


# The worst that an input can say.
WORST = {
    **dict.fromkeys(("last_shortfall", "previous_shortfall", "recent_shortfall", "end_shortfall"), 0.9),
    "earlier_shortfall": 0.03,
    "delinquent_now": 1.0,
    "delinquency": 0.9,
    "stake": 1.0,
    "least_stake": 1.0,
    "behind_release": 1.0,
    "behind_patch": 1.0,
    "stake_kept": 0.0,
    "raised": 100.0,
}


def said_of(name: str, value: float | None, *, only: str = "") -> Callable[..., Inputs]:
    """The inputs with that one as given: of everybody, or of one validator."""

    def inputs(one: ValidatorFacts, around: Surroundings) -> Inputs:
        found = inputs_of(one, around)
        if only and one.vote_account != only:
            return found
        place = INPUTS.index(name)
        return found._replace(values=(*found.values[:place], value, *found.values[place + 1 :]))

    return inputs


@pytest.mark.parametrize("name", INPUTS)
def test_an_input_unknown_for_everybody_moves_nobody_who_was_usual_in_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was told apart by it moves: it can be told apart by nothing else. docs/scoring.md has how many."""
    usual = shipped_tables().usual[INPUTS.index(name)].middle
    field = [validator(n, past(*[1.0] * (n + 5)), activated_stake=n * 10**13) for n in range(1, 40)]
    picture = ClusterFacts(1, EPOCH, 0.1, field, {})
    monkeypatch.setattr(method, "inputs_of", said_of(name, usual))
    known = list(assess(picture))
    monkeypatch.setattr(method, "inputs_of", said_of(name, None))

    moved = [abs(before.score - after.score) for before, after in zip(known, assess(picture), strict=True)]

    assert max(moved) <= 0.3


@pytest.mark.parametrize("name", INPUTS)
def test_an_input_unknown_for_one_moves_it_to_the_middle_and_widens_its_range(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(value: float | None) -> Assessment:
        monkeypatch.setattr(method, "inputs_of", said_of(name, value, only="vote1"))
        return judged(validator(1, past(0.99, *[1.0] * 58)))

    unknown = said(None)
    # What the trees have learnt of not knowing is beside what they know of those who were fine.
    taken = unknown.components["taken"][2 + INPUTS.index(name)]
    worst, middle = said(WORST[name]), said(taken or 0.0)

    assert worst.score <= unknown.score <= middle.score + 0.05
    width = [one.components["risk_high"] - one.components["risk_low"] for one in (unknown, worst, middle)]
    assert width[0] >= max(width)


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

    lost = next(assess(everyone(None))).components["taken"][2]

    assert lost == pytest.approx(0.2)


def test_a_commission_lowered_while_no_epoch_is_judged_is_not_charged_for_longer() -> None:
    history = past(None, None, *[1.0] * 20)._replace(commission_bps=(0, 0, 0, *[500] * 19))
    lowered = ClusterFacts(1, EPOCH, 0.1, [validator(1, history, commission_bps=0)], {})

    assert next(assess(lowered)).components["commission_bps"] == 0


def test_a_commission_lowered_right_after_a_boundary_still_applies_to_the_next_epoch() -> None:
    """What stood at the end of the epoch before applies in the one after the running one."""
    history = past(*[1.0] * 20)._replace(commission_bps=(10_000, *[500] * 19))
    lowered = ClusterFacts(1, EPOCH, 0.1, [validator(1, history, commission_bps=500)], {})

    assert next(assess(lowered)).components["commission_bps"] == 10_000


def test_equals_are_ordered_by_risk_then_history_and_share_a_rank_whatever_their_stake() -> None:
    rich = Assessment(validator(1, past(1.0), activated_stake=10**17), 90.0, {}, 0.01)
    safe = Assessment(validator(2, past(1.0)), 90.0, {}, 0.001)
    known = Assessment(validator(3, past(1.0, 1.0)), 90.0, {}, 0.01)
    equal = Assessment(validator(4, past(1.0)), 90.0, {}, 0.01)

    best_first = ranked([equal, rich, known, safe])

    assert [one.validator.pk for one in best_first] == [2, 3, 1, 4]
    assert ranks(map(order, best_first)) == [1, 2, 3, 3]


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

    early, late = (next(assess(replace(picture, progress=progress))) for progress in (0.49, 0.5))

    assert early.components["vote_performance"] == 1.0
    assert late.score < early.score < 75
