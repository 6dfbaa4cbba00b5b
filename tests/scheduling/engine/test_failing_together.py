"""Two runs of a job that may overlap fail at the same instant: the pause that it asks for comes with them."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from scheduling.engine.aftermath import follow_failure
from scheduling.models import Job, Overlap, Run, RunState
from tests.scheduling.factories import JobFactory, RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def job() -> Job:
    made: Job = JobFactory(pause_after_failures=2, overlap=Overlap.ALLOW)
    return made


def under_way(job: Job, *, since: float) -> Run:
    run: Run = RunFactory(
        job=job, occurrence=timezone.now() - timedelta(seconds=since), state=RunState.RUNNING
    )
    return run


def fail(run: Run, *, together: threading.Barrier | None = None) -> None:
    now = timezone.now()
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(state=RunState.FAILED, finished_at=now)
        # On SQLite the second cannot write before the first has committed.
        with suppress(threading.BrokenBarrierError):
            if together is not None:
                together.wait(1)
        follow_failure(job_id=run.job_id, now=now)


def test_the_second_of_them_sees_the_first(job: Job) -> None:
    both = threading.Barrier(2)

    def fail_together(run: Run) -> None:
        fail(run, together=both)
        connection.close()

    runs = [under_way(job, since=since) for since in (1, 2)]
    workers = [threading.Thread(target=fail_together, args=[run]) for run in runs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    job.refresh_from_db()
    assert job.pause_note == "2 runs in a row have failed"


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="locks no rows")
def test_who_holds_the_jobs_row_and_forgets_it_keeps_no_run_from_ending(job: Job) -> None:
    run, another = under_way(job, since=1), connection.copy()
    with another.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT id FROM scheduling_job WHERE id = %s FOR UPDATE", [job.pk])
        fail(run)
    another.close()

    run.refresh_from_db()
    assert run.state == RunState.FAILED
