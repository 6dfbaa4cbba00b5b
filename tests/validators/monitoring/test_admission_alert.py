"""Who watches a validator hears that it will be left out, while that can still be mended."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from tests.validators.rows import NOON, fetch, validator, vote_state
from validators.models import ClusterEpoch
from validators.monitoring.alerts import MOST_NAMED, not_admitted

pytestmark = pytest.mark.django_db

OUT = {"after_next": "out", "reason": "no BLS key"}


def messages(**later: float) -> list[str]:
    return [trouble.message for trouble in not_admitted(now=NOON + timedelta(**later))]


def running(slot_index: int = 108_000) -> None:
    """Epoch 990, of 24 hours, a quarter of which has passed at noon."""
    fetch(slot_index=slot_index)
    ClusterEpoch.objects.create(epoch=990, credits_unit="lamports", slots=432_000, slot_ms=200)


def test_a_watched_validator_that_will_be_left_out_is_named_with_the_reason_and_the_time_left(
    settings: Settings,
) -> None:
    settings.WATCHED_VALIDATORS = ["vote1", "vote2"]
    running()
    vote_state(validator(1, name="Ada"), **OUT)
    vote_state(validator(2))

    [trouble] = not_admitted(now=NOON)

    assert trouble.subject == "admission"
    assert trouble.message == (
        "1 watched validator will not vote in epoch 992; 18h left to mend it: vote1 (no BLS key)."
    )


def test_what_is_known_to_be_in_or_unknown_is_no_trouble(settings: Settings) -> None:
    settings.WATCHED_VALIDATORS = ["vote1", "vote2", "vote3", "vote4"]
    vote_state(validator(1), after_next="unknown", reason="BLS key not reported")
    # It is out of the next epoch already, which nobody can mend any more.
    vote_state(validator(2), next_epoch="out")
    vote_state(validator(3, left_at=NOON), **OUT)
    validator(4)

    assert messages() == []


def test_only_the_watched_are_told_of(settings: Settings) -> None:
    settings.WATCHED_VALIDATORS = ["vote2"]
    for number in (1, 2):
        vote_state(validator(number), **OUT)

    assert messages() == ["1 watched validator will not vote in epoch 992: vote2 (no BLS key)."]


def test_of_many_some_are_named_and_all_are_counted(settings: Settings) -> None:
    everybody = [validator(number) for number in range(1, MOST_NAMED + 3)]
    settings.WATCHED_VALIDATORS = [one.vote_account for one in everybody]
    for one in everybody:
        vote_state(one, **OUT)

    [message] = messages()

    assert message.startswith(f"{MOST_NAMED + 2} watched validators will not vote in epoch 992: vote1 (")
    assert message.endswith(" and 2 more.")
    assert message.count("no BLS key") == MOST_NAMED


@pytest.mark.parametrize(("hours", "left"), [(1, "; 17h left to mend it"), (19, "")])
def test_the_time_left_goes_down_and_is_not_told_when_it_is_over(
    settings: Settings, hours: int, left: str
) -> None:
    settings.WATCHED_VALIDATORS = ["vote1"]
    running()
    vote_state(validator(1), **OUT)

    assert messages(hours=hours) == [
        f"1 watched validator will not vote in epoch 992{left}: vote1 (no BLS key)."
    ]


def test_a_look_from_before_the_boundary_tells_no_time(settings: Settings) -> None:
    settings.WATCHED_VALIDATORS = ["vote1"]
    running()
    vote_state(validator(1), epoch=989, **OUT)

    assert messages() == ["1 watched validator will not vote in epoch 991: vote1 (no BLS key)."]


def test_each_is_told_of_with_the_epoch_that_its_own_account_tells_of(settings: Settings) -> None:
    settings.WATCHED_VALIDATORS = ["vote1", "vote2", "vote3"]
    running()
    vote_state(validator(1), **OUT)
    vote_state(validator(2), epoch=989, **OUT)
    # Nobody read it since: it may have been mended, and of what is ahead it tells nothing.
    vote_state(validator(3), epoch=988, **OUT)

    assert messages() == [
        "1 watched validator will not vote in epoch 992; 18h left to mend it: vote1 (no BLS key). "
        "1 watched validator will not vote in epoch 991: vote2 (no BLS key)."
    ]


def test_with_nobody_watched_only_that_is_asked(
    settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.WATCHED_VALIDATORS = []
    with django_assert_num_queries(1):
        assert not_admitted(now=NOON) == []


def test_it_is_one_of_the_rules_that_are_asked(settings: Settings) -> None:
    assert settings.ALERT_RULES["admission"] == "validators.monitoring.alerts.not_admitted"
