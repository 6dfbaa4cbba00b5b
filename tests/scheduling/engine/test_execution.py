"""What a worker does with a run."""

import os
from datetime import timedelta

import pytest
from django.db import connection

from scheduling.clock import database_now
from scheduling.engine.claims import claim_run
from scheduling.engine.execution import execute_run
from scheduling.engine.recovery import open_runs, release_pending
from scheduling.engine.room import WAITS
from scheduling.exceptions import TimeLimitError, UnknownNameError
from scheduling.ledger.attempts import failed_attempts
from scheduling.models import Job, Run, RunState
from tests.scheduling.factories import RunFactory

# The first waits, a little less than they are at least: the clock goes on.
STEPS = (0.9, 9.5, 59, 299, 1_199, 3_599)

# The tasks commit for themselves, as in a worker.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def queued_run(task: str, **fields: object) -> Run:
    run: Run = RunFactory(
        job__task=f"tests.scheduling.tasks.{task}",
        occurrence=database_now() - timedelta(milliseconds=20),
        **fields,
    )
    return run


def reloaded(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


def test_a_run_that_succeeds_is_recorded_with_its_result_lateness_and_duration() -> None:
    run = queued_run("succeed")

    assert execute_run(run.pk) == "succeeded"

    run = reloaded(run)
    assert (run.state, run.attempt, run.result, run.error) == (RunState.SUCCEEDED, 1, {"rows": 3}, "")
    assert run.lateness is not None
    assert timedelta(milliseconds=20) <= run.lateness < timedelta(seconds=20)
    assert run.duration is not None
    assert run.started_at is not None
    assert run.finished_at == run.started_at + run.duration


@pytest.mark.parametrize("task", ["succeed", "rename_job"])
@pytest.mark.parametrize(
    ("attempt", "while_it_runs"), [(0, ""), (1, "ValueError: why the first attempt failed")]
)
def test_what_a_run_waited_for_is_told_no_longer_than_it_waits(
    attempt: int, while_it_runs: str, task: str
) -> None:
    run = queued_run(task, state=RunState.PENDING, attempt=attempt, error=while_it_runs or WAITS)

    assert release_pending(open_runs(), now=database_now()) == [run]
    assert reloaded(run).error == while_it_runs
    Run.objects.filter(pk=run.pk).update(error=while_it_runs or WAITS)  # as other versions release it
    assert claim_run(run.pk) is not None
    assert reloaded(run).error == while_it_runs
    Run.objects.filter(pk=run.pk).update(state=RunState.QUEUED, attempt=attempt)
    assert execute_run(run.pk) == "succeeded"
    assert reloaded(run).error == ""


def test_a_run_is_executed_once_however_often_it_is_asked_for() -> None:
    run = queued_run("succeed")

    assert [execute_run(run.pk) for _ in range(3)] == ["succeeded", "already taken", "already taken"]
    assert reloaded(run).attempt == 1


@pytest.mark.parametrize("state", [state for state in RunState if state != RunState.QUEUED])
def test_only_a_queued_run_can_be_claimed(state: RunState) -> None:
    assert claim_run(queued_run("succeed", state=state).pk) is None


def test_a_failure_is_raised_and_waits_for_the_next_attempt() -> None:
    run = queued_run("fail")

    with pytest.raises(ValueError, match="the wheel came off"):
        execute_run(run.pk)

    run = reloaded(run)
    assert (run.state, run.attempt) == (RunState.PENDING, 1)
    assert run.error.startswith("ValueError: the wheel came off\n")
    assert run.not_before > database_now() - timedelta(seconds=30)
    assert run.finished_at is not None
    assert run.not_before > run.finished_at


def test_the_last_attempt_that_fails_ends_the_run_as_failed() -> None:
    run = queued_run("fail", attempt=2)

    with pytest.raises(ValueError, match="the wheel came off"):
        execute_run(run.pk)

    assert (reloaded(run).state, reloaded(run).attempt) == (RunState.FAILED, 3)


def test_a_task_that_has_nothing_to_do_is_recorded_as_skipped_with_its_reason() -> None:
    run = queued_run("skip")

    assert execute_run(run.pk) == "skipped: nothing fetched yet"
    assert (reloaded(run).state, reloaded(run).error) == (RunState.SKIPPED, "nothing fetched yet")


@pytest.mark.parametrize("task", ["sleep_long", "sleep_through_exceptions"])
def test_a_task_is_ended_at_its_time_limit_and_its_worker_lives_on(task: str) -> None:
    run = queued_run(task, job__time_limit=timedelta(seconds=0.2))

    with pytest.raises(TimeLimitError, match=r"time limit of 0\.2 s"):
        execute_run(run.pk)

    assert reloaded(run).state == RunState.PENDING
    assert execute_run(queued_run("succeed").pk) == "succeeded"


def test_a_task_that_does_not_exist_is_a_failure_with_its_name() -> None:
    run = queued_run("no_such_task")

    with pytest.raises(UnknownNameError):
        execute_run(run.pk)

    assert "no_such_task" in reloaded(run).error


def test_what_a_task_stores_and_the_end_of_its_run_are_committed_together() -> None:
    run = queued_run("rename_job")

    assert execute_run(run.pk) == "succeeded"

    run = reloaded(run)
    assert (run.state, run.result) == (RunState.SUCCEEDED, {"description": "renamed"})
    assert Job.objects.get().description == "renamed"


def test_a_worker_that_lost_its_run_stores_nothing() -> None:
    run = queued_run("rename_job_after_the_run_was_lost")

    assert execute_run(run.pk) == "lost"

    assert Job.objects.get().description == ""
    assert (reloaded(run).state, reloaded(run).owner) == (RunState.RUNNING, "somebody else")


def test_a_run_that_is_no_longer_there_costs_the_worker_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    run = queued_run("fail_after_the_run_was_deleted")

    with pytest.raises(ValueError, match="what nobody asks for"):
        execute_run(run.pk)

    assert ended == []
    assert "is no longer in the ledger" in caplog.text


def test_a_fault_in_the_middle_of_storing_stores_nothing() -> None:
    run = queued_run("rename_job_and_break")

    with pytest.raises(ValueError, match="in the middle of storing"):
        execute_run(run.pk)

    assert Job.objects.get().description == ""
    assert reloaded(run).state == RunState.PENDING


def test_a_run_of_six_hours_is_tried_for_hours_and_keeps_what_each_attempt_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = queued_run("fail", job__every_seconds=21_600, job__max_attempts=20)
    waits = []
    while reloaded(run).state != RunState.FAILED:
        Run.objects.update(state=RunState.QUEUED)
        with pytest.raises(ValueError, match="the wheel came off"):
            execute_run(run.pk)
        waits.append((reloaded(run).not_before - database_now()).total_seconds())

    assert [round(wait // step) for wait, step in zip(waits, STEPS, strict=False)] == [1] * 6
    kept = failed_attempts(reloaded(run))
    assert [failed.attempt for failed in kept] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {failed.error for failed in kept} == {"ValueError: the wheel came off"}
    assert [record.getMessage().count("\n") for record in caplog.records] == [0] * 8
    assert "attempt 8 of 8 failed, and so the run has: ValueError: the wheel" in caplog.messages[-1]


def test_the_connection_works_after_a_time_limit_struck_inside_a_transaction() -> None:
    run = queued_run("sleep_long", job__time_limit=timedelta(seconds=0.1))
    with pytest.raises(TimeLimitError):
        execute_run(run.pk)

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_a_task_whose_first_commit_fails_ends_its_run_with_the_second() -> None:
    run = queued_run("rename_job_at_the_second_trial")

    assert execute_run(run.pk) == "succeeded"

    run = reloaded(run)
    assert run.state == RunState.SUCCEEDED
    assert run.job.description == "renamed"
