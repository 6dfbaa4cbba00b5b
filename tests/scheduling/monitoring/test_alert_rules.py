"""What is found wrong with the schedules."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from scheduling.engine.aftermath import follow_failure
from scheduling.models import Job, Run, RunState
from scheduling.monitoring.alert_rules import failing_jobs, late_jobs
from scheduling.operations import changing
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MINUTE = timedelta(minutes=1)
GOOD, BAD, SKIPPED = RunState.SUCCEEDED, RunState.FAILED, RunState.SKIPPED


@pytest.fixture
def job() -> Job:
    made: Job = JobFactory(schedule__name="fetch-repeatable")
    return made


def runs(job: Job, *states: RunState) -> None:
    """The oldest first."""
    for number, state in enumerate(states):
        RunFactory(
            job=job,
            state=state,
            occurrence=NOON + number * MINUTE,
            finished_at=NOON + number * MINUTE,
            error=f"ValueError: number {number}\n\nTraceback",
        )


@pytest.mark.parametrize(
    ("states", "failing"),
    [
        ([], False),
        ([GOOD, BAD, BAD], False),
        ([BAD, BAD, GOOD], False),
        ([BAD, GOOD, BAD, BAD], False),
        ([GOOD, BAD, BAD, BAD], True),
        ([BAD, SKIPPED, BAD, SKIPPED, BAD, SKIPPED], True),
        ([BAD, BAD, BAD, RunState.RUNNING], True),
    ],
)
def test_a_job_fails_when_its_last_three_tries_have(job: Job, states: list[RunState], failing: bool) -> None:
    runs(job, *states)

    assert [trouble.subject for trouble in failing_jobs(now=NOON + 60 * MINUTE)] == [
        "fetch-repeatable"
    ] * failing


def test_the_newest_reason_is_told_in_one_line(job: Job) -> None:
    runs(job, BAD, BAD, BAD)

    [trouble] = failing_jobs(now=NOON + 60 * MINUTE)

    assert trouble.message == (
        "The last 3 runs of fetch-repeatable have failed, the newest with: ValueError: number 2"
    )


@pytest.mark.parametrize("attempts", [[], [{"attempt": 1, "error": "RpcError: away"}]])
def test_who_took_over_is_no_reason(job: Job, attempts: list[dict[str, object]]) -> None:
    runs(job, BAD, BAD, BAD)
    ended = "the run of 2026-11-23 12:00:00Z took over after attempt 1: RpcError: away"
    Run.objects.update(error=ended, failed_attempts=attempts)

    [trouble] = failing_jobs(now=NOON + 60 * MINUTE)

    assert trouble.message == (
        "The last 3 runs of fetch-repeatable have failed, the newest with: RpcError: away"
    )


def test_a_job_that_pauses_itself_after_two_failures_fails_after_two(job: Job) -> None:
    Job.objects.update(pause_after_failures=2)
    runs(job, BAD, BAD)

    assert len(failing_jobs(now=NOON + 60 * MINUTE)) == 1


def test_a_failing_job_that_somebody_paused_is_nobodys_alert(job: Job) -> None:
    runs(job, BAD, BAD, BAD)
    changing.pause(job.name, by="root", note="being mended", now=NOON)
    assert failing_jobs(now=NOON + 60 * MINUTE) == []

    changing.resume(job.name, by="root", now=NOON)

    assert len(failing_jobs(now=NOON + 60 * MINUTE)) == 1


def test_a_job_that_its_failures_paused_fails_on(job: Job) -> None:
    Job.objects.update(pause_after_failures=2)
    runs(job, BAD, BAD)
    changing.pause(job.name, by="root", note="being mended", now=NOON)
    changing.resume(job.name, by="root", now=NOON)

    follow_failure(job_id=job.pk, now=NOON + MINUTE)

    job.refresh_from_db()
    assert job.pause_note == "2 runs in a row have failed"
    assert len(failing_jobs(now=NOON + MINUTE)) == 1


def test_a_rare_job_fails_with_its_first_run_that_failed_for_good() -> None:
    rare = JobFactory(schedule__name="names", every_seconds=3600)
    runs(rare, GOOD, BAD)
    Run.objects.update(attempt=6)

    [trouble] = failing_jobs(now=NOON + 60 * MINUTE)

    assert trouble.message == (
        "The run of names of 2026-11-23 12:01:00Z has failed for good, in attempt 6, "
        "with: ValueError: number 1"
    )


@pytest.mark.parametrize(
    ("state", "attempt", "failing"),
    [
        (RunState.PENDING, 2, False),
        (RunState.PENDING, 3, True),
        (RunState.QUEUED, 3, True),
        (RunState.RUNNING, 3, False),
        (RunState.RUNNING, 4, True),
    ],
)
@pytest.mark.parametrize("seconds", [900, 901])
def test_a_rare_job_fails_with_its_third_attempt(
    state: RunState, attempt: int, failing: bool, seconds: int
) -> None:
    job = JobFactory(schedule__name="names", every_seconds=seconds)
    RunFactory(job=job, state=state, occurrence=NOON, attempt=attempt, error="RpcError: away\n\nTraceback")

    found = [trouble.message for trouble in failing_jobs(now=NOON + 60 * MINUTE)]

    told = "3 attempts of names have failed since 2026-11-23 12:00:00Z, the newest with: RpcError: away"
    assert found == [told] * (failing and seconds > 900)


def test_a_rare_job_that_runs_after_another_one_has_its_interval() -> None:
    leader = JobFactory(every_seconds=21_600)
    runs(JobFactory(schedule__name="score", schedule__next_run=None, after=leader), BAD)

    assert [trouble.subject for trouble in failing_jobs(now=NOON + 60 * MINUTE)] == ["score"]


def test_a_job_without_a_schedule_is_not_looked_at() -> None:
    runs(JobFactory(schedule=None, name="alert-email"), BAD, BAD, BAD)

    assert failing_jobs(now=NOON + 60 * MINUTE) == []


def test_good_jobs_cost_one_query_however_many(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(8):
        runs(JobFactory(), BAD, BAD, GOOD)

    with django_assert_num_queries(1):
        assert failing_jobs(now=NOON + 60 * MINUTE) == []


def test_a_job_that_nobody_claims_is_late(job: Job) -> None:
    assert late_jobs(now=NOON) == []

    [trouble] = late_jobs(now=NOON + MINUTE)

    assert (trouble.subject, trouble.message) == (
        "fetch-repeatable",
        "fetch-repeatable is 1min late: no dispatcher claims it.",
    )
