"""What ran while the clock was ahead goes on from now, when somebody says so."""

from datetime import datetime, timedelta

import pytest
from django_q.models import Schedule
from pytest_django.fixtures import Settings

from scheduling.exceptions import RefusedError
from scheduling.ledger.ahead import jobs_ahead
from scheduling.models import Job, JobChange, Run, RunState, RunTrigger
from scheduling.operations.changing import change, rewind
from scheduling.operations.pausing import rewind_all
from scheduling.operations.setting_up import set_up
from tests.scheduling.claims import claim_due
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

YEAR = timedelta(days=365)
TEN = timedelta(seconds=10)


def job_ahead(**fields: object) -> Job:
    """It ran at noon, and by a clock a year ahead once more."""
    job: Job = JobFactory(schedule__next_run=NOON + YEAR + TEN, **fields)
    RunFactory(job=job, occurrence=NOON, state=RunState.SUCCEEDED)
    RunFactory(job=job, occurrence=NOON + YEAR, state=RunState.SUCCEEDED)
    return job


def next_run_of(job: Job) -> datetime | None:
    next_run: datetime | None = Schedule.objects.get(job=job).next_run
    return next_run


@pytest.mark.parametrize(("passed", "then"), [(3, 10), (60, 60)])
def test_it_runs_an_interval_after_its_last_true_run_and_not_before_now(passed: int, then: int) -> None:
    job = job_ahead()

    assert rewind_all(by="ann", now=NOON + timedelta(seconds=passed)) == [job.name]

    assert next_run_of(job) == NOON + timedelta(seconds=then)
    change = JobChange.objects.get(job=job)
    assert (change.by, change.action) == ("ann", "set")
    assert change.detail.startswith(f"next_run: {NOON + YEAR + TEN} -> ")


def test_a_cron_takes_its_next_match_and_what_has_a_run_already_does_not_run_again() -> None:
    job = job_ahead()
    Schedule.objects.filter(job=job).update(schedule_type=Schedule.CRON, cron="0 12 * * *")

    rewind(job.name, by="ann", now=NOON + TEN)

    assert next_run_of(job) == NOON + timedelta(days=1)
    claim_due(now=NOON + YEAR)
    assert Run.objects.filter(job=job, occurrence=NOON + YEAR).count() == 1


@pytest.mark.parametrize("state", [RunState.PENDING, RunState.QUEUED])
def test_what_was_asked_for_then_and_waits_begins_now(state: RunState) -> None:
    """With `overlap` skip nothing of its job would run before it."""
    future = NOON + YEAR
    run = RunFactory(state=state, occurrence=future, job__schedule__next_run=NOON + TEN)
    Run.objects.filter(state=RunState.PENDING).update(queued_at=None)
    assert list(jobs_ahead(now=NOON)) == [run.job]

    rewind_all(by="ann", now=NOON)

    run.refresh_from_db()
    assert (run.state, run.not_before) == (state, NOON)
    assert run.queued_at == (NOON if state == RunState.QUEUED else None)
    assert next_run_of(run.job) == NOON + TEN
    assert list(jobs_ahead(now=NOON)) == []


@pytest.mark.parametrize(
    "of_the_past",
    [
        {"trigger": RunTrigger.CHAIN},  # its source began while the clock was ahead
        {"trigger": RunTrigger.BACKFILL},
        {"begun_anew": True},
        {"attempt": 1},
    ],
    ids=str,
)
def test_what_was_asked_for_then_and_is_for_the_past_begins_now(of_the_past: dict[str, object]) -> None:
    fields = {"state": RunState.PENDING, "occurrence": NOON - TEN, "not_before": NOON + YEAR} | of_the_past
    run = RunFactory(**fields)
    assert list(jobs_ahead(now=NOON)) == [run.job]

    rewind_all(by="ann", now=NOON)

    run.refresh_from_db()
    assert run.not_before == NOON


@pytest.mark.parametrize(
    "fields",
    [
        {"not_before": NOON + timedelta(hours=1), "attempt": 1},
        {"not_before": NOON + timedelta(days=1), "attempt": 1, "job__backoff": timedelta(days=1)},
        {"not_before": NOON + timedelta(hours=1), "job__jitter": timedelta(hours=2)},
        {"not_before": NOON + timedelta(seconds=30), "trigger": RunTrigger.CHAIN},
    ],
    ids=str,
)
def test_what_waits_for_its_turn_or_another_attempt_goes_on_waiting(fields: dict[str, object]) -> None:
    run = RunFactory(**({"state": RunState.PENDING, "occurrence": NOON - TEN} | fields))

    assert list(jobs_ahead(now=NOON)) == []
    with pytest.raises(RefusedError, match="did not run while the clock was ahead"):
        rewind(run.job.name, by="ann", now=NOON)


def test_a_next_run_that_somebody_chose_stays_where_something_else_waits() -> None:
    run = RunFactory(
        state=RunState.PENDING,
        occurrence=NOON - TEN,
        not_before=NOON + YEAR,
        trigger=RunTrigger.BACKFILL,
        job__schedule__next_run=NOON + timedelta(days=3),
    )

    rewind(run.job.name, by="ann", now=NOON)

    assert next_run_of(run.job) == NOON + timedelta(days=3)


def test_a_next_run_that_is_due_stays_as_it_is() -> None:
    """What nobody has claimed yet is claimed; what was asked for while the clock was ahead begins now."""
    run = RunFactory(state=RunState.PENDING, occurrence=NOON + YEAR, job__schedule__next_run=NOON - 2 * TEN)

    rewind(run.job.name, by="ann", now=NOON)

    run.refresh_from_db()
    assert run.not_before == NOON
    assert next_run_of(run.job) == NOON - 2 * TEN


def test_who_did_not_run_so_is_left_alone() -> None:
    """A next run that somebody chose, a pause, a run that is under way."""
    chosen = JobFactory(schedule__next_run=NOON + YEAR)
    job_ahead(paused_at=NOON)
    RunFactory(state=RunState.RUNNING, occurrence=NOON + YEAR, job__schedule__next_run=NOON + TEN)

    assert rewind_all(by="ann", now=NOON) == []
    with pytest.raises(RefusedError, match="did not run while the clock was ahead"):
        rewind(chosen.name, by="ann", now=NOON)
    assert not JobChange.objects.exists()


@pytest.mark.parametrize("how", ["set", "set-up with --reset"])
def test_an_attempt_that_waits_by_a_longer_first_wait_of_before_is_none_of_that_clock(
    how: str, settings: Settings
) -> None:
    """It begins after the new one: by the old one it would be taken for what was asked for then."""
    settings.SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS"]
    set_up("test", now=NOON, by="ann")
    change("work-repeatable", by="ann", now=NOON, fields={"backoff": timedelta(days=1)})
    job = Job.objects.get(name="work-repeatable")
    fields = {"state": RunState.PENDING, "attempt": 1, "occurrence": NOON, "job": job}
    long = RunFactory(not_before=NOON + timedelta(hours=20), **fields)

    if how == "set":
        change(job.name, by="ann", now=NOON, fields={"backoff": timedelta(minutes=5)})
    else:
        set_up("test", now=NOON, by="ann", reset=True)

    job.refresh_from_db()
    long.refresh_from_db()
    assert long.not_before == NOON + job.backoff
    assert job.backoff < timedelta(hours=1)
    assert list(jobs_ahead(now=NOON)) == []


@pytest.mark.parametrize("backoff", [timedelta(minutes=5), timedelta(days=2), timedelta(days=3)], ids=str)
@pytest.mark.parametrize(
    "fields",
    [
        {"not_before": NOON + YEAR, "occurrence": NOON + YEAR},
        {"not_before": NOON + timedelta(days=1), "occurrence": NOON + timedelta(days=1)},
        {"not_before": NOON + YEAR, "occurrence": NOON - TEN},
    ],
    ids=str,
)
def test_what_waits_by_that_clock_does_not_begin_because_a_first_wait_is_set(
    fields: dict[str, object], backoff: timedelta
) -> None:
    run = RunFactory(state=RunState.PENDING, attempt=1, job__backoff=timedelta(days=2), **fields)

    change(run.job.name, by="ann", now=NOON, fields={"backoff": backoff})

    run.refresh_from_db()
    assert run.not_before == fields["not_before"]
