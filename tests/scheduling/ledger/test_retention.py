"""Deleting what is older than anybody promised to keep it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django_q.models import Failure, Success, Task
from pytest_django.fixtures import Settings

from scheduling.ledger import retention
from scheduling.models import Job, Run, RunState
from scheduling.operations import setting_up
from tests.scheduling.claims import claim_due
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def own_jobs_in_test_mode(settings: Settings) -> None:
    """Successes are kept an hour, failures a day."""
    settings.SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS"]
    settings.RETENTION_TASKS = []
    setting_up.set_up("test", now=NOON, by="tester")


def task_row(*, stopped: datetime, success: bool) -> Task:
    number = Task.objects.count()
    return Task.objects.create(
        id=f"{number:032}", name=str(number), func="f", started=stopped, stopped=stopped, success=success
    )


def ended(state: RunState, *, finished_at: datetime) -> Run:
    run: Run = RunFactory(job=Job.objects.get(name="note-repeatable"), state=state, finished_at=finished_at)
    return run


def test_each_kind_of_history_is_deleted_at_its_own_age() -> None:
    kept = [
        task_row(stopped=NOON - HOUR, success=True),
        task_row(stopped=NOON - 24 * HOUR, success=False),
        ended(RunState.SUCCEEDED, finished_at=NOON - HOUR),
        ended(RunState.SKIPPED, finished_at=NOON - HOUR),
        ended(RunState.FAILED, finished_at=NOON - 24 * HOUR),
        ended(RunState.RUNNING, finished_at=NOON - 999 * HOUR),
    ]
    task_row(stopped=NOON - HOUR - SECOND, success=True)
    task_row(stopped=NOON - 24 * HOUR - SECOND, success=False)
    ended(RunState.SUCCEEDED, finished_at=NOON - HOUR - SECOND)
    ended(RunState.SKIPPED, finished_at=NOON - HOUR - SECOND)
    ended(RunState.FAILED, finished_at=NOON - 24 * HOUR - SECOND)
    kept.append(ended(RunState.SUCCEEDED, finished_at=NOON))

    counts = retention.prune(now=NOON, dry_run=False)

    assert counts == {"successful tasks": 1, "failed tasks": 1, "runs": 3}
    assert {*Success.objects.all(), *Failure.objects.all(), *Run.objects.all()} == {
        *Success.objects.filter(pk__in=[kept[0].pk]),
        *Failure.objects.filter(pk__in=[kept[1].pk]),
        *kept[2:],
    }


def test_a_dry_run_counts_and_deletes_nothing() -> None:
    task_row(stopped=NOON - 2 * HOUR, success=True)
    ended(RunState.SUCCEEDED, finished_at=NOON - 2 * HOUR)
    ended(RunState.SUCCEEDED, finished_at=NOON)

    assert retention.prune(now=NOON, dry_run=True) == {"successful tasks": 1, "failed tasks": 0, "runs": 1}
    assert (Success.objects.count(), Run.objects.count()) == (1, 2)


def test_the_newest_run_of_a_job_is_kept_however_old() -> None:
    ended(RunState.SUCCEEDED, finished_at=NOON - 3 * HOUR)
    newest = ended(RunState.SUCCEEDED, finished_at=NOON - 2 * HOUR)

    retention.prune(now=NOON, dry_run=False)

    assert list(Run.objects.all()) == [newest]


def test_more_rows_than_a_batch_are_all_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 4)
    for _ in range(11):
        task_row(stopped=NOON - 2 * HOUR, success=True)

    assert retention.prune(now=NOON, dry_run=False)["successful tasks"] == 11
    assert Success.objects.count() == 0


def test_a_run_that_begins_anew_while_old_ones_are_deleted_stays() -> None:
    """As PostgreSQL has it, where a retry may be committed between two statements of the clean-up."""
    again = ended(RunState.FAILED, finished_at=NOON - 25 * HOUR)
    gone = ended(RunState.FAILED, finished_at=NOON - 25 * HOUR)
    ended(RunState.SUCCEEDED, finished_at=NOON)

    def retried(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("DELETE") and "scheduling_run" in sql:
            Run.objects.filter(pk=again.pk).update(state=RunState.PENDING, finished_at=None)
        return execute(sql, *rest)

    with connection.execute_wrapper(retried):
        counts = retention.prune(now=NOON, dry_run=False)

    assert counts["runs"] == 1
    assert set(Run.objects.filter(pk__in=[again.pk, gone.pk])) == {again}


def test_what_other_apps_keep_is_pruned_with_the_modes_retention(settings: Settings) -> None:
    settings.RETENTION_TASKS = ["tests.scheduling.ledger.test_retention.prune_of_another_app"]

    assert retention.prune(now=NOON, dry_run=True)["another app's rows"] == 3600


def prune_of_another_app(*, keep: timedelta, now: datetime, dry_run: bool) -> dict[str, int]:
    return {"another app's rows": int(keep.total_seconds())}


def test_after_an_hour_of_test_mode_the_number_of_rows_is_flat() -> None:
    """Three hours of ticks, each run ending at once, and a cleanup after each of them."""
    counts = {}
    for minute in range(0, 181, 5):
        now = NOON + timedelta(minutes=minute)
        with time_machine.travel(now, tick=False):
            for run in claim_due(now=now):
                Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED, finished_at=now)
                task_row_at(now)
            retention.prune(now=now, dry_run=False)
        counts[minute] = (Run.objects.count(), Success.objects.count())

    assert counts[30] < counts[65]
    assert counts[65] == counts[120] == counts[180]


_serial = iter(range(10**6))


def task_row_at(now: datetime) -> None:
    number = next(_serial)
    Task.objects.create(
        id=f"s{number:031}", name=str(number), func="f", started=now, stopped=now, success=True
    )


def test_before_any_set_up_history_is_kept_as_in_production() -> None:
    Job.objects.all().delete()
    JobFactory()
    task_row(stopped=NOON - 7 * 24 * HOUR, success=True)

    assert retention.prune(now=NOON, dry_run=False)["successful tasks"] == 0
