"""What the clock wrote down while it was ahead stops nothing once it is right again."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from pytest_django.fixtures import Settings

from scheduling.conditions import Occasion, require_condition
from scheduling.engine.aftermath import follow_failure
from scheduling.engine.courier import deliver_due
from scheduling.engine.pressure import adapt_stretch
from scheduling.engine.recovery import requeue_silent, unsettled_runs
from scheduling.models import Alert, AlertRound, Job, Run, RunState
from scheduling.monitoring.alert_delivery import News, ask_for_delivery
from scheduling.monitoring.alert_rules import failing_jobs, missed_occurrences
from scheduling.monitoring.alerts import Trouble, evaluate
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

YEAR = timedelta(days=365)
MINUTE = timedelta(minutes=1)


def ran(job: Job, state: RunState, *, at: int, **fields: object) -> Run:
    """So many minutes from noon."""
    instant = NOON + at * MINUTE
    run: Run = RunFactory(
        job=job, state=state, occurrence=instant, started_at=instant, finished_at=instant, **fields
    )
    return run


def job_ahead(**fields: object) -> Job:
    """Its newest run, by the clock, is a success of next year; after it three have failed."""
    job: Job = JobFactory(**fields)
    ran(job, RunState.SUCCEEDED, at=YEAR // MINUTE, pressure="the endpoint is slow", missed_before=3)
    for minute in (-3, -2, -1):
        ran(job, RunState.FAILED, at=minute, error="ValueError: broken")
    return job


def test_a_job_that_fails_is_told_of() -> None:
    job = job_ahead()

    assert [trouble.subject for trouble in failing_jobs(now=NOON)] == [job.name]


def test_a_job_pauses_itself_after_its_failures() -> None:
    job = job_ahead(pause_after_failures=3)

    follow_failure(job_id=job.pk, now=NOON)

    job.refresh_from_db()
    assert job.pause_note == "3 runs in a row have failed"


def test_a_job_that_ran_less_often_runs_as_often_as_before() -> None:
    job = job_ahead(stretch=4, stretch_limit=timedelta(minutes=5))

    adapt_stretch(job, now=NOON)

    job.refresh_from_db()
    assert job.stretch == 2


def test_what_was_missed_then_is_told_of_no_more() -> None:
    job_ahead()

    assert missed_occurrences(now=NOON) == []
    assert len(missed_occurrences(now=NOON + YEAR)) == 1


def refuses(occasion: Occasion) -> str:
    return f"the last success began at {occasion.last_success}"


def test_a_condition_is_asked_with_a_success_of_the_past(settings: Settings) -> None:
    settings.SCHEDULING_CONDITIONS = {"one": f"{__name__}.refuses"}
    job = job_ahead()
    ran(job, RunState.SUCCEEDED, at=-4)

    with time_machine.travel(NOON, tick=False), pytest.raises(Exception, match="one: the last") as raised:
        require_condition("one", job_id=job.pk, job_name=job.name, occurrence=NOON)

    assert str(NOON - 4 * MINUTE) in str(raised.value)


def test_a_message_of_then_that_was_lost_is_sent_again() -> None:
    run = RunFactory(occurrence=NOON - MINUTE, queued_at=NOON + YEAR)

    found = unsettled_runs(now=NOON, messages_lost=False, messages_waiting=False)

    assert requeue_silent(found, now=NOON, messages_lost=False, messages_waiting=False) == [run]


@pytest.mark.parametrize("state", [RunState.PENDING, RunState.QUEUED])
def test_an_alert_of_then_is_told_at_once(state: RunState, settings: Settings) -> None:
    settings.ALERT_EMAILS = ["ops@example.org"]
    news = News(event="opened", rule="late", subject="fetch", message="fetch is late", opened_at=NOON)
    ask_for_delivery([news], now=NOON + YEAR)
    Run.objects.update(state=state, queued_at=None if state == RunState.PENDING else NOON + YEAR)

    deliver_due(now=NOON)

    assert [message.body.split("\n")[0] for message in mail.outbox] == ["OPENED  late: fetch"]
    assert Run.objects.get().state == RunState.SUCCEEDED


def test_an_alert_that_waits_for_another_attempt_is_left_to_wait(settings: Settings) -> None:
    settings.ALERT_EMAILS = ["ops@example.org"]
    ask_for_delivery(
        [News(event="opened", rule="late", subject="fetch", message="late", opened_at=NOON)], now=NOON
    )
    Run.objects.update(attempt=3, not_before=NOON + timedelta(hours=1))

    assert deliver_due(now=NOON) == []


def is_late(*, now: object) -> list[Trouble]:
    return [Trouble(subject="fetch", message="it is late")]


def nothing(*, now: object) -> list[Trouble]:
    return []


@pytest.mark.parametrize(("rule", "told"), [("is_late", "still open"), ("nothing", "closed")])
def test_an_alert_that_was_open_then_is_told_again_and_closed(
    rule: str, told: str, settings: Settings
) -> None:
    settings.ALERT_RULES = {"late": f"{__name__}.{rule}"}
    AlertRound.objects.create(pk=1, looked_at=NOON)
    then = {"opened_at": NOON, "seen_at": NOON + YEAR, "told_at": NOON + YEAR}
    Alert.objects.create(rule="late", subject="fetch", message="it is late", **then)

    assert [one.event for one in evaluate(now=NOON)] == [told]
    assert evaluate(now=NOON + MINUTE / 2) == []
