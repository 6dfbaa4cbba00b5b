"""What was asked for beside the schedule stands behind it, waits through a pause, and can be taken back."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from scheduling.clock import database_now
from scheduling.engine.execution import execute_run
from scheduling.engine.recovery import open_runs, release_pending
from scheduling.exceptions import RefusedError
from scheduling.ledger.presentation import trigger_text
from scheduling.models import Job, Overlap, Run, RunState, RunTrigger
from scheduling.monitoring.readiness import late_jobs
from scheduling.operations import changing
from scheduling.operations.cancelling import What, cancel
from tests.commands import printed
from tests.scheduling.claims import claim_due
from tests.scheduling.factories import NOON, JobFactory, RunFactory
from tests.scheduling.operations.outcomes import TEN, journal

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def backfilled(job: Job, count: int = 30) -> list[Run]:
    return changing.backfill(
        job.name, start=NOON - (count + 1) * TEN, end=NOON - 2 * TEN, by="ada", now=NOON - TEN
    )


def released(at: float = 0) -> list[Run]:
    return release_pending(open_runs(), now=NOON + at * TEN)


def test_a_live_occurrence_runs_while_thirty_of_the_past_wait(job: Job) -> None:
    backfilled(job)

    [live] = claim_due(now=NOON)

    assert (live.occurrence, live.trigger) == (NOON, RunTrigger.SCHEDULE)
    assert released() == []
    Run.objects.filter(pk=live.pk).update(state=RunState.SUCCEEDED)
    assert [run.trigger for run in released()] == [RunTrigger.BACKFILL]


def test_a_schedule_that_is_never_done_by_its_next_occurrence_takes_turns_with_what_was_asked_for(
    job: Job,
) -> None:
    """[LIVE-1] Found by a seed of the simulation: a live one always waited, and no other ever began."""
    Job.objects.update(overlap=Overlap.QUEUE)
    backfilled(job, count=2)
    claim_due(now=NOON)

    order = []
    for at in range(1, 5):
        claim_due(now=NOON + at * TEN)
        [run] = released(at) or Run.objects.filter(state=RunState.QUEUED)
        order.append(run.trigger)
        Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED, attempt=1, finished_at=NOON + at * TEN)

    assert order == [RunTrigger.SCHEDULE, RunTrigger.BACKFILL] * 2


@pytest.mark.parametrize("overlap", [Overlap.QUEUE, Overlap.SKIP])
def test_what_was_asked_for_has_its_turn_where_no_dispatcher_looks_between_two_of_the_clock(
    job: Job, overlap: Overlap
) -> None:
    """[LIVE-1] Found by seed 40: each run ended just before the next occurrence, which was queued at once."""
    Job.objects.update(overlap=overlap)
    backfilled(job, count=2)

    order, told = [], set()
    for at in range(4):
        [run] = claim_due(now=NOON + at * TEN) or released(at)
        order.append(run.trigger)
        told |= set(Run.objects.filter(state=RunState.PENDING).values_list("error", flat=True))
        ended = NOON + at * TEN + 0.99 * TEN
        Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED, attempt=1, finished_at=ended)

    assert order == [RunTrigger.SCHEDULE, RunTrigger.BACKFILL] * 2
    assert "waits for the run of 2026-11-23 11:59:30Z, which was asked for" in told


@pytest.mark.parametrize(
    ("last", "of_job", "of_asked"),
    [
        (RunTrigger.BACKFILL, {}, {}),
        (RunTrigger.SCHEDULE, {"overlap": Overlap.ALLOW}, {}),
        (RunTrigger.SCHEDULE, {}, {"attempt": 1, "not_before": NOON + TEN}),
    ],
)
def test_a_live_occurrence_is_queued_where_it_is_not_the_turn_of_what_was_asked_for(
    job: Job, last: RunTrigger, of_job: dict[str, Any], of_asked: dict[str, Any]
) -> None:
    """The last run was asked for too, or both may run, or it waits for its next attempt."""
    RunFactory(
        job=job, trigger=last, attempt=1, finished_at=NOON, state=RunState.SUCCEEDED, occurrence=NOON - TEN
    )
    backfilled(job, count=1)
    Job.objects.update(**of_job)
    Run.objects.filter(state=RunState.PENDING).update(**of_asked)

    [live] = claim_due(now=NOON)

    assert (live.occurrence, live.trigger) == (NOON, RunTrigger.SCHEDULE)


def test_a_live_occurrence_does_not_wait_for_the_next_attempt_of_one_of_the_past(job: Job) -> None:
    """It would be late by all the time between two attempts, whose turn it is or not."""
    RunFactory(job=job, occurrence=NOON - TEN, attempt=1, finished_at=NOON - TEN, state=RunState.SUCCEEDED)
    later = NOON + 60 * TEN
    waiting, _ = backfilled(job, count=2)
    Run.objects.filter(pk=waiting.pk).update(attempt=1, not_before=later)
    live = RunFactory(job=job, occurrence=NOON, state=RunState.PENDING, not_before=NOON)

    assert released() == [live]


@pytest.mark.parametrize("trigger", [RunTrigger.BACKFILL, RunTrigger.OPERATOR])
@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING])
def test_a_live_occurrence_waits_for_the_one_under_way_and_goes_before_the_others(
    job: Job, trigger: RunTrigger, state: RunState
) -> None:
    backfilled(job)
    asked = RunFactory(job=job, state=state, trigger=trigger, occurrence=NOON - TEN)

    assert claim_due(now=NOON) == []
    live = Run.objects.get(occurrence=NOON)
    assert live.state == RunState.PENDING
    assert live.error == "waits for the run of 2026-11-23 11:59:50Z, which was asked for"

    assert released() == []
    Run.objects.filter(pk=asked.pk).update(state=RunState.SUCCEEDED)
    assert released() == [live]


def test_what_an_operator_asks_for_goes_before_what_is_of_the_past(job: Job) -> None:
    backfilled(job, count=2)
    run = changing.trigger(job.name, by="ada", now=NOON)

    assert released() == [run]


def test_a_dispatcher_whose_look_is_old_queues_none_beside_a_live_one(job: Job) -> None:
    backfilled(job)
    seen = open_runs()
    claim_due(now=NOON)

    assert release_pending(seen, now=NOON) == []


def test_a_pause_holds_what_was_asked_for(job: Job) -> None:
    backfilled(job)
    run = changing.trigger(job.name, by="ada", now=NOON)
    changing.pause(job.name, by="ada", note="", now=NOON)

    assert released() == []
    assert trigger_text(Run.objects.get(pk=run.pk), now=NOON).endswith("waits until it is resumed.")

    changing.resume(job.name, by="ada", now=NOON)
    assert released() == [run]


def test_at_most_one_run_that_an_operator_asked_for_waits(job: Job) -> None:
    first = changing.trigger(job.name, by="ada", now=NOON)

    again = changing.trigger(job.name, by="bob", now=NOON + TEN)

    assert again == first
    assert trigger_text(again, now=NOON + TEN) == (
        "A run of fetch-repeatable was asked for at 2026-11-23 12:00:00Z already, and waits."
    )
    assert journal() == [("ada", "trigger", "")]
    Run.objects.update(state=RunState.RUNNING)
    assert changing.trigger(job.name, by="bob", now=NOON + TEN) != first


@pytest.mark.parametrize(
    ("what", "left"),
    [
        (What.ASKED, [RunTrigger.BACKFILL, RunTrigger.SCHEDULE]),
        (What.BACKFILL, [RunTrigger.OPERATOR, RunTrigger.SCHEDULE]),
        (What.ALL, []),
    ],
)
def test_what_waits_is_cancelled_and_what_has_begun_is_not(
    job: Job, what: What, left: list[RunTrigger]
) -> None:
    backfilled(job, count=1)
    changing.trigger(job.name, by="ada", now=NOON)
    RunFactory(job=job, state=RunState.PENDING, attempt=2, occurrence=NOON + TEN)
    RunFactory(job=job, state=RunState.RUNNING, attempt=1, occurrence=NOON + 2 * TEN)

    cancel(job.name, what=what, by="ada", now=NOON)

    waiting = Run.objects.filter(state=RunState.PENDING).order_by("trigger")
    assert list(waiting.values_list("trigger", flat=True)) == left
    assert Run.objects.filter(state=RunState.RUNNING).count() == 1
    assert set(Run.objects.filter(state=RunState.SKIPPED).values_list("error", flat=True)) == {
        "cancelled by ada"
    }


def test_what_a_worker_takes_just_before_it_is_cancelled_goes_on(job: Job) -> None:
    """[ASK-1] Workers hold no lock that a cancel waits for, so it must ask as it writes, not before."""
    run = RunFactory(job=job, state=RunState.QUEUED)

    def take_first(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith('UPDATE "scheduling_run"'):
            with connection.cursor() as cursor:
                cursor.cursor.execute("UPDATE scheduling_run SET state = 'running'")
        return execute(sql, *rest)

    with connection.execute_wrapper(take_first):
        assert cancel(job.name, what=What.ALL, by="ada", now=NOON) == 0

    run.refresh_from_db()
    assert run.state == RunState.RUNNING


def test_a_skipped_occurrence_that_is_made_up_for_still_counts_what_was_missed_with_it(job: Job) -> None:
    occurrence = NOON - 3 * TEN
    RunFactory(job=job, occurrence=occurrence, state=RunState.SKIPPED, missed_before=4)

    run, _ = changing.backfill(job.name, start=occurrence, end=NOON - 2 * TEN, by="ada", now=NOON - TEN)

    assert (run.occurrence, run.missed_before) == (occurrence, 4)


def test_the_command_cancels_and_counts(job: Job) -> None:
    backfilled(job, count=3)

    assert (
        printed("scheduler", "cancel", job.name, "--backfill")
        == "3 waiting runs of fetch-repeatable cancelled.\n"
    )
    backfilled(job, count=1)
    assert (
        printed("scheduler", "cancel", job.name, "--backfill")
        == "1 waiting run of fetch-repeatable cancelled.\n"
    )


def test_a_job_that_reads_the_present_refuses_what_is_of_the_past(settings: Settings) -> None:
    settings.SCHEDULED_JOBS = ["validators.jobs.JOBS"]

    with pytest.raises(RefusedError, match="fetch-repeatable reads the present"):
        backfilled(JobFactory(schedule__name="fetch-repeatable"))


@pytest.mark.django_db(transaction=True)
def test_lateness_and_its_alert_are_of_scheduled_runs_alone(job: Job) -> None:
    lateness = {}
    for number, trigger in enumerate(RunTrigger):
        run = RunFactory(job=job, trigger=trigger, occurrence=database_now() - timedelta(hours=1 + number))
        execute_run(run.pk)
        lateness[trigger] = Run.objects.get(pk=run.pk).lateness is not None
    assert [trigger for trigger, known in lateness.items() if known] == [RunTrigger.SCHEDULE]

    RunFactory(job=job, trigger=RunTrigger.BACKFILL, state=RunState.QUEUED, occurrence=NOON)
    assert late_jobs(now=NOON) == []
