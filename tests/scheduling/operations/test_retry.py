"""A failed run that an operator lets begin anew."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from scheduling.engine.execution import execute_run
from scheduling.engine.recovery import open_runs, release_pending
from scheduling.exceptions import RefusedError, UnknownNameError
from scheduling.models import JobChange, Overlap, Run, RunState, RunTrigger
from scheduling.operations import changing, setting_up
from scheduling.operations.retrying import retry_all
from tests.scheduling.factories import NOON, RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def failed_run(**fields: object) -> Run:
    given = {"attempt": 3, "losses": 2, "finished_at": NOON, "error": "ValueError: no\n\nTraceback"}
    run: Run = RunFactory(state=RunState.FAILED, owner="old", **(given | fields))
    return run


def test_a_retried_run_begins_anew_with_all_its_attempts_and_keeps_its_occurrence() -> None:
    failed = failed_run()

    run = changing.retry(failed.pk, by="ada", now=NOON)

    assert release_pending(open_runs(), now=NOON) == [run]
    assert execute_run(run.pk) == "succeeded"
    run.refresh_from_db()
    assert (run.state, run.attempt, run.losses, run.occurrence) == ("succeeded", 1, 0, failed.occurrence)
    assert run.error == "retried by ada after: ValueError: no"
    change = JobChange.objects.get()
    assert (change.by, change.action, change.detail) == (
        "ada",
        "retry",
        f"{failed.occurrence}: ValueError: no",
    )


@pytest.mark.parametrize("state", [state for state in RunState if state != RunState.FAILED])
def test_only_a_failed_run_is_retried(state: RunState) -> None:
    run = RunFactory(state=state, attempt=2)

    with pytest.raises(RefusedError, match=f"it is {state}"):
        changing.retry(run.pk, by="ada", now=NOON)

    run.refresh_from_db()
    assert (run.state, run.attempt) == (state, 2)
    assert not JobChange.objects.exists()


def test_a_run_that_is_gone_or_whose_schedule_was_removed_is_not_retried() -> None:
    run = failed_run()
    with pytest.raises(UnknownNameError, match="There is no run"):
        changing.retry(run.pk + 1, by="ada", now=NOON)

    setting_up.remove([run.job.name], now=NOON, by="bob")
    with pytest.raises(RefusedError, match="has no schedule"):
        changing.retry(run.pk, by="ada", now=NOON)


def test_the_command_retries_the_newest_failure_or_the_one_of_an_occurrence() -> None:
    older = failed_run(occurrence=NOON + timedelta(seconds=0.25))
    newer = failed_run(job=older.job, occurrence=NOON + timedelta(seconds=10))
    name = older.job.name

    call_command("scheduler", "retry", name, stdout=StringIO())
    assert Run.objects.get(state=RunState.PENDING) == newer

    out = StringIO()
    call_command("scheduler", "retry", name, "--occurrence", "2026-11-23T12:00:00Z", stdout=out)
    assert "begins anew" in out.getvalue()
    assert not Run.objects.filter(state=RunState.FAILED).exists()

    with pytest.raises(CommandError, match=r"has no failed run at 2026-11-23 12:00:00Z") as caught:
        call_command("scheduler", "retry", name, "--occurrence", "2026-11-23T12:00:00Z")
    assert caught.value.returncode == 2


@pytest.mark.parametrize(
    ("overlap", "trigger", "begun"),
    [
        (Overlap.SKIP, RunTrigger.SCHEDULE, 2),
        (Overlap.QUEUE, RunTrigger.OPERATOR, 2),
        (Overlap.ALLOW, RunTrigger.SCHEDULE, 4),
        (Overlap.SKIP, RunTrigger.BACKFILL, 4),
    ],
)
def test_of_runs_that_take_over_from_each_other_the_newest_of_a_schedule_is_retried(
    overlap: Overlap, trigger: RunTrigger, begun: int
) -> None:
    oldest = failed_run(job__overlap=overlap, trigger=trigger)
    runs = [oldest, *(failed_run(job=oldest.job, trigger=trigger) for _ in range(2)), failed_run()]

    retried = retry_all([run.pk for run in runs], by="ada", now=NOON)

    left = [] if begun == 4 else runs[:2]
    assert (retried.begun, list(Run.objects.filter(state=RunState.FAILED).order_by("occurrence"))) == (
        begun,
        left,
    )
    said = f"gives way to {runs[2].occurrence:%Y-%m-%d %H:%M:%S}Z, its newest chosen."
    assert retried.refused == tuple(f"{run} {said}" for run in left)
