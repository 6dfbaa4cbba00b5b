"""What an idle tick asks, and what keeps a tick from being idle."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling.clock import database_now
from scheduling.engine.dispatcher import LONGEST_SLEEP, Dispatcher
from scheduling.engine.outlook import Outlook, look_ahead
from scheduling.engine.recovery import SILENCE, unsettled_runs
from scheduling.models import Run, RunState
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SECOND = timedelta(seconds=1)


def outlook(**changes: object) -> Outlook:
    expected = {"now": NOON, "is_due": False, "is_pause_over": False, "is_unsettled": False}
    return Outlook(**{**expected, "next_instant": None, **changes})  # type: ignore[arg-type]


def unsettled(*, lost: bool = False, waiting: bool = False) -> list[Run]:
    return unsettled_runs(now=NOON, messages_lost=lost, messages_waiting=waiting)


def test_nothing_is_to_be_done_where_nothing_is() -> None:
    assert look_ahead(at=NOON) == outlook()


def test_a_schedule_is_due_from_its_instant_on_unless_it_is_paused() -> None:
    JobFactory(schedule__next_run=NOON)
    JobFactory(schedule__next_run=NOON - SECOND, paused_at=NOON - SECOND)

    assert look_ahead(at=NOON) == outlook(is_due=True)
    assert not look_ahead(at=NOON - SECOND).is_due
    assert look_ahead(at=NOON - SECOND).next_instant == NOON


def test_a_pause_is_over_at_its_end() -> None:
    JobFactory(schedule__next_run=NOON, paused_at=NOON - SECOND, paused_until=NOON)

    assert look_ahead(at=NOON) == outlook(is_pause_over=True)
    assert not look_ahead(at=NOON - SECOND).is_pause_over


def test_the_next_attempt_counts_as_the_next_schedule_does() -> None:
    JobFactory(schedule__next_run=NOON + 2 * SECOND)
    RunFactory(state=RunState.PENDING, not_before=NOON + SECOND, job__schedule__next_run=NOON + 3 * SECOND)

    assert look_ahead(at=NOON) == outlook(next_instant=NOON + SECOND)


@pytest.mark.parametrize(
    ("state", "age", "is_unsettled"),
    [
        (RunState.RUNNING, timedelta(0), True),
        (RunState.PENDING, timedelta(0), True),
        (RunState.PENDING, -SECOND, False),
        (RunState.QUEUED, SILENCE, False),
        (RunState.QUEUED, SILENCE + timedelta(microseconds=1), True),
        (RunState.SUCCEEDED, timedelta(hours=1), False),
    ],
)
def test_what_is_on_its_way_to_a_worker_is_settled(
    state: RunState, age: timedelta, is_unsettled: bool
) -> None:
    run = RunFactory(state=state, occurrence=NOON - age, job__schedule__next_run=NOON - age)
    run.job.schedule.delete()

    assert look_ahead(at=NOON).is_unsettled == is_unsettled
    assert unsettled() == ([run] if is_unsettled else [])


def test_what_was_asked_for_again_a_moment_ago_is_on_its_way_however_old_it_is() -> None:
    RunFactory(state=RunState.QUEUED, occurrence=NOON - timedelta(hours=1), queued_at=NOON - SILENCE)

    assert unsettled() == []


def test_while_messages_wait_the_queue_is_long_and_what_is_queued_is_not_read() -> None:
    run = RunFactory(state=RunState.QUEUED, occurrence=NOON - SILENCE - SECOND)

    assert unsettled(waiting=True) == []
    assert unsettled(waiting=True, lost=True) == [run]


def test_where_messages_were_lost_all_that_is_queued_is_seen_to() -> None:
    run = RunFactory(state=RunState.QUEUED, occurrence=NOON)

    assert unsettled(lost=True) == [run]


def test_a_run_that_may_start_is_seen_with_all_that_is_open_of_its_job_and_nothing_else() -> None:
    due = RunFactory(state=RunState.PENDING, occurrence=NOON)
    before = RunFactory(job=due.job, state=RunState.QUEUED, occurrence=NOON - SECOND, queued_at=NOON)
    after = RunFactory(job=due.job, state=RunState.PENDING, occurrence=NOON + SECOND)
    RunFactory(state=RunState.QUEUED, occurrence=NOON)

    assert unsettled() == [before, due, after]


def test_an_idle_tick_asks_one_question() -> None:
    soon, later = (database_now() + timedelta(**wait) for wait in ({"minutes": 1}, {"hours": 1}))
    JobFactory(schedule__next_run=later)
    # A minute ahead: on a busy machine two seconds may pass here, and it would be silent.
    RunFactory(state=RunState.QUEUED, occurrence=soon, job__schedule__next_run=later)
    dispatcher = Dispatcher()
    dispatcher.tick()

    with CaptureQueriesContext(connection) as asked:
        assert dispatcher.tick() == LONGEST_SLEEP

    assert len(asked) == 1
    assert Run.objects.get().state == RunState.QUEUED
