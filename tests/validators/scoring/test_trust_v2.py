"""trust-v2: what it charges for, and in which words; test_properties has what holds of any past."""

from dataclasses import replace

import pytest

from tests.validators.scoring.pictures import EPOCH, cluster, past, validator
from validators.scoring.facts import Assessment, Past, ValidatorFacts
from validators.scoring.trust_v2.explanation import explained
from validators.scoring.trust_v2.inputs import newer_release_shares
from validators.scoring.trust_v2.method import assess


def judged(one: ValidatorFacts) -> Assessment:
    return next(assess(cluster(one)))


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


def test_a_raise_is_charged_and_named_with_its_epoch() -> None:
    history = past(*[1.0] * 20)
    history = history._replace(commission_bps=(900,) * 3 + (500,) * 17, highest_bps=(900,) * 3 + (500,) * 17)

    parts = explained(judged(validator(1, history, commission_bps=900)).components)

    (raised,) = [part for part in parts if part.name == "steep_raise"]
    assert raised.sentence == (
        "raised its commission steeply within 30 epochs; its last raise was from 5 % to 9 % "
        f"in epoch {EPOCH - 3}: -5.00"
    )


@pytest.mark.parametrize(
    ("bps", "name", "said"),
    [
        (
            (700, 600, 500),
            "raise",
            f"raised its commission, the last time from 6 % to 7 % in epoch {EPOCH - 3}",
        ),
        (
            (700, 600, 200),
            "steep_raise",
            "raised its commission steeply within 30 epochs; its last raise was from 6 % to 7 % "
            f"in epoch {EPOCH - 3}",
        ),
    ],
)
def test_of_several_raises_the_last_is_told_as_that(bps: tuple[int, int, int], name: str, said: str) -> None:
    newest, before, first = bps
    told = (newest,) * 3 + (before,) * 2 + (first,) * 15
    history = past(*[1.0] * 20)._replace(commission_bps=told, highest_bps=told)

    parts = explained(judged(validator(1, history, commission_bps=newest)).components)

    assert [(part.name, part.said) for part in parts if "raise" in part.name] == [(name, said)]


def test_going_up_and_back_within_an_epoch_is_a_raise_too() -> None:
    history = past(*[1.0] * 20)
    history = history._replace(highest_bps=(500, 500, 10_000, *[500] * 17))

    parts = explained(judged(validator(1, history)).components)

    assert [part.name for part in parts if part.points < -4.9 and "raise" in part.name] == ["steep_raise"]


def test_missed_epochs_are_counted_in_words() -> None:
    parts = explained(judged(validator(1, past(1.0, 0.5, 0.5, 0.5, *[1.0] * 20))).components)

    assert parts[0].said.endswith("; 3 of the last 10 epochs known were bad")


@pytest.mark.parametrize(("bad", "said"), [(2, "2"), (10, "10 or more"), (12, "10 or more")])
def test_bad_epochs_in_a_row_are_those_of_the_known_ones(bad: int, said: str) -> None:
    parts = explained(judged(validator(1, past(*[None] * 40, *[0.5] * bad))).components)

    assert f"bad epochs in a row, of those known: {said}" in [part.said for part in parts]


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

    early, late = (next(assess(replace(picture, progress=progress))).score for progress in (0.49, 0.5))

    assert early == judged(validator(1, history)).score
    assert late < early - 20
