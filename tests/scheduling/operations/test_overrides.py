"""What an operator set is kept by set-up, and shown, until it is reset."""

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from scheduling.models import Job, JobChange
from scheduling.operations import changing, setting_up
from scheduling.pages.policies import policies_of
from scheduling.timing.cadence import Cron, Every
from tests.commands import printed
from tests.scheduling.factories import NOON, JobFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NAME = "work-repeatable"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def set_up(settings: Settings) -> None:
    settings.SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS"]
    setting_up.set_up("test", now=NOON, by="tester")
    changing.change(
        NAME, by="ada", now=NOON, cadence=Every(45), fields={"time_limit": 2 * HOUR, "max_attempts": 5}
    )


def job() -> Job:
    return Job.objects.select_related("schedule", "after").get(name=NAME)


def outcome(mode: str, *, reset: bool = False) -> tuple[str, str]:
    changes = setting_up.set_up(mode, now=NOON + HOUR, by="tester", reset=reset)
    return next((change.action, change.detail) for change in changes if change.name == NAME)


def test_setting_up_again_keeps_what_somebody_set() -> None:
    before = job().schedule

    assert outcome("test") == ("left alone", "every 45 s (kept: set by ada)")

    assert (str(job().cadence), job().time_limit, job().max_attempts) == ("every 45 s", 2 * HOUR, 5)
    assert before is not None
    assert job().schedule.next_run == before.next_run  # type: ignore[union-attr]


def test_another_mode_changes_all_but_what_somebody_set() -> None:
    assert outcome("production") == ("changed", "every 45 s (kept: set by ada)")

    assert (job().mode, str(job().cadence), job().time_limit) == ("production", "every 45 s", 2 * HOUR)
    assert job().keep_succeeded == timedelta(days=7)
    assert outcome("production")[0] == "left alone"


def test_a_reset_brings_the_declaration_back() -> None:
    assert outcome("test", reset=True) == ("changed", "every 3 s")

    assert (job().overrides, job().time_limit) == ({}, timedelta(minutes=10))


def test_every_policy_that_somebody_set_is_marked_kept_and_reset() -> None:
    fields = {"jitter": timedelta(seconds=2), "backoff": HOUR, "overlap": "queue", "catch_up": "all"}
    more = {"pause_after_failures": 3, "keep_newest": 7, "condition": "fresh_data", "parameters_b": {}}
    changing.change(NAME, by="bob", now=NOON, fields=fields | more, repeats=9)
    touched = {*fields, *more, "count", "cadence", "time_limit", "max_attempts"}
    assert {*job().overrides} == touched
    marked = {policy.name for policy in policies_of(job(), in_full=True) if policy.set_by}
    assert marked >= {"Overlap", "Catch-up", "Attempts", "Occurrences left", "Condition", "Pauses itself"}

    outcome("production")

    assert {*job().overrides} == touched
    assert (job().overlap, job().schedule.repeats) == ("queue", 9)  # type: ignore[union-attr]

    outcome("production", reset=True)

    assert job().overrides == {}
    new = Job(name=NAME)
    for field in {*fields, *more, "max_attempts"}:
        assert getattr(job(), field) == getattr(new, field), field
    assert job().schedule.repeats == -1  # type: ignore[union-attr]
    details = JobChange.objects.filter(job=job(), action="set").first()
    assert details is not None
    assert "overlap: queue -> skip" in details.detail
    assert outcome("production")[0] == "left alone"


def test_a_job_that_was_made_to_follow_another_goes_on_following_it() -> None:
    changing.change(NAME, by="ada", now=NOON, after="note-repeatable")

    assert outcome("test") == ("left alone", "after note-repeatable (kept: set by ada)")
    assert job().after is not None


def test_a_cadence_that_cannot_be_is_not_kept() -> None:
    changing.change(NAME, by="ada", now=NOON, cadence=Cron("0 * * * *"))
    schedule = job().schedule
    assert schedule is not None
    schedule.cron = "0 0 30 2 *"
    schedule.save()

    assert outcome("test") == ("changed", "every 3 s")


def test_what_was_removed_comes_back_as_declared() -> None:
    setting_up.remove([NAME], now=NOON, by="tester")

    assert outcome("test") == ("created", "every 3 s")


def test_the_list_says_what_was_set_by_whom_and_when() -> None:
    said = "cadence set by ada at 2026-11-23T12:00:00Z; time_limit set by ada at"
    assert said in printed("scheduler", "list")


def test_what_is_no_longer_declared_is_named() -> None:
    JobFactory(schedule__name="old-repeatable")

    named = [change for change in setting_up.set_up("test", now=NOON, by="tester") if "old" in change.name]

    assert [(change.action, change.detail) for change in named] == [
        ("no longer declared", "`scheduler remove old-repeatable` removes it")
    ]


def test_what_is_no_longer_declared_makes_no_mode_mixed() -> None:
    JobFactory(schedule__name="old-repeatable", mode="test")

    setting_up.set_up("production", now=NOON, by="tester")

    assert printed("scheduler", "list").startswith("mode: production\n")
