"""A value that somebody wrote by SQL, past all that checks it, stops its own job and no other."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django_q.models import Schedule

from scheduling.clock import database_now
from scheduling.engine.dispatcher import Dispatcher
from scheduling.exceptions import UnknownNameError
from scheduling.ledger.spoilt import unreadable_jobs
from scheduling.models import Job, Run, RunState
from scheduling.monitoring.alert_rules import late_jobs
from scheduling.monitoring.readiness import schedules_problem
from scheduling.operations import setting_up
from scheduling.operations.naming import job_named
from tests.commands import printed
from tests.installation import Installation, wait_until
from tests.scheduling.factories import JobFactory, RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

LOST = "cleanup-repeatable"
# Table, column and value as SQL has it.
ON_SQLITE = [
    *(
        ("django_q_schedule", "next_run", value)
        for value in ("'soon'", "''", "5", "'2026-02-30 12:00:00'", "'0000-99-99 00:00:00'", "x'00'")
    ),
    ("django_q_schedule", "next_run", "strftime('%Y-%m-%d %H:%M:61', 'now', '-1 hour')"),
    # What people write; Python reads it, and no UPDATE that asks for what was read finds it.
    ("django_q_schedule", "next_run", "strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 hour')"),
    ("django_q_schedule", "next_run", "strftime('%Y-%m-%d %H:%M', 'now', '-1 hour')"),
    ("django_q_schedule", "repeats", "'x'"),
    ("django_q_schedule", "minutes", "'x'"),
    ("scheduling_job", "every_seconds", "'x'"),
    ("scheduling_job", "offset_seconds", "1e30"),
    ("scheduling_job", "time_limit", "'long'"),
    ("scheduling_job", "jitter", "'x'"),
    ("scheduling_job", "backoff", "'x'"),
    ("scheduling_job", "stretch", "'x'"),
    ("scheduling_job", "max_attempts", "'x'"),
    ("scheduling_job", "catch_up_window", "'x'"),
    ("scheduling_job", "ends_at", "'never'"),
    ("scheduling_job", "parameters", "'[1]'"),
    ("scheduling_run", "not_before", "'soon'"),
    ("scheduling_run", "not_before", "5"),
    ("scheduling_run", "occurrence", "'2026-02-30 12:00:00'"),
    ("scheduling_run", "attempt", "'x'"),
    ("scheduling_run", "losses", "'x'"),
    ("scheduling_run", "queued_at", "7"),
    ("scheduling_run", "failed_attempts", "'{}'"),
    ("scheduling_run", "parameters", "'[1]'"),
]
ON_POSTGRESQL = [
    *(
        ("django_q_schedule", "next_run", value)
        for value in ("'infinity'", "'-infinity'", "'0044-03-15 BC'", "'20000-01-01'")
    ),
    ("scheduling_job", "time_limit", "'100000000 years'"),
    ("scheduling_job", "catch_up_window", "'100000000 years'"),
    ("scheduling_job", "ends_at", "'infinity'"),
    ("scheduling_job", "parameters", "'[1]'"),
    ("scheduling_run", "not_before", "'-infinity'"),
    ("scheduling_run", "occurrence", "'-infinity'"),
    ("scheduling_run", "queued_at", "'-infinity'"),
    ("scheduling_run", "failed_attempts", "'{}'"),
    ("scheduling_run", "parameters", "'[1]'"),
]


def spoil(job: Job, table: str, column: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = {value} WHERE {rows_of(job, table)}")  # noqa: S608


def stored(job: Job, table: str, column: str) -> object:
    with connection.cursor() as cursor:
        rows = rows_of(job, table)
        cursor.execute(f"SELECT CAST({column} AS text) FROM {table} WHERE {rows} ORDER BY id")  # noqa: S608
        return cursor.fetchone()


def rows_of(job: Job, table: str) -> str:
    return {
        "scheduling_job": f"id = {job.pk}",
        "django_q_schedule": f"id = {job.schedule_id}",
        "scheduling_run": f"job_id = {job.pk}",
    }[table]


SPOILS = ON_SQLITE if connection.vendor == "sqlite" else ON_POSTGRESQL


def spoilt_job(state: RunState, **fields: object) -> Job:
    past = database_now() - timedelta(seconds=60)
    job: Job = JobFactory(schedule__name="spoilt", schedule__next_run=past, **fields)
    RunFactory(job=job, state=state, occurrence=past, queued_at=past, started_at=past)
    return job


def tick() -> None:
    dispatcher = Dispatcher()
    for _ in range(3):
        dispatcher.tick()
    dispatcher.hand_over()


@pytest.mark.parametrize("state", [RunState.PENDING, RunState.QUEUED, RunState.RUNNING])
@pytest.mark.parametrize("where", SPOILS, ids=" ".join)
def test_a_value_that_cannot_be_stops_its_own_job_and_is_named(
    where: tuple[str, str, str], state: RunState
) -> None:
    past = database_now() - timedelta(seconds=60)
    due = JobFactory(schedule__next_run=past)
    waits = RunFactory(job__schedule__next_run=None, state=RunState.PENDING, occurrence=past)
    spoilt = spoilt_job(state)
    spoil(spoilt, *where)
    written = stored(spoilt, *where[:2])

    tick()

    assert Run.objects.get(job=due).state == RunState.QUEUED
    assert Run.objects.get(pk=waits.pk).state == RunState.QUEUED
    if stored(spoilt, *where[:2]) != written:
        return  # a step of the run wrote the column anew
    named = f"spoilt is passed over: {where[1]} in row "
    assert named in schedules_problem(now=database_now())
    assert any(named in trouble.message for trouble in late_jobs(now=database_now()))


def test_a_pause_that_is_over_of_a_job_that_cannot_be_read_is_passed_over_too() -> None:
    past = database_now() - timedelta(seconds=60)
    due = JobFactory(schedule__next_run=past)
    spoilt = spoilt_job(RunState.PENDING, paused_at=past, paused_until=past)
    long = "'long'" if connection.vendor == "sqlite" else "'100000000 years'"
    spoil(spoilt, "scheduling_job", "time_limit", long)

    tick()

    assert Run.objects.get(job=due).state == RunState.QUEUED


def test_what_was_mended_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    job = JobFactory(schedule__next_run=database_now())
    spoil(job, "django_q_schedule", "next_run", "''" if connection.vendor == "sqlite" else "'-infinity'")
    dispatcher = Dispatcher()
    dispatcher.tick()
    assert not Run.objects.exists()

    Schedule.objects.filter(pk=job.schedule_id).update(next_run=database_now())
    monkeypatch.setattr("scheduling.engine.passed_over.LOOK_AGAIN", 0.0)
    dispatcher.tick()

    assert Run.objects.get().state == RunState.QUEUED
    assert schedules_problem(now=database_now()) == ""


def test_nothing_that_this_program_writes_is_taken_for_spoilt() -> None:
    for microsecond in (0, 1, 999_999):
        at = database_now().replace(microsecond=microsecond)
        job = JobFactory(schedule__next_run=at, ends_at=at, jitter=timedelta(microseconds=1))
        RunFactory(job=job, state=RunState.RUNNING, occurrence=at, lateness=timedelta(days=-1))
    JobFactory(schedule__next_run=datetime(1, 1, 2, tzinfo=UTC), parameters_b={"a": 1}, every_seconds=None)

    assert unreadable_jobs() == []


@pytest.mark.processes
def test_a_cluster_goes_on_with_the_others_and_health_names_the_one(stack: Installation) -> None:
    parent = stack.start_scheduled(EFFECT_SECONDS="0.1")
    wait_until(lambda: len(stack.events("work ended")) >= 1, saying="the first runs")

    no_time = "" if connection.vendor == "sqlite" else "-infinity"
    stack.rows(f"UPDATE django_q_schedule SET next_run = '{no_time}' WHERE name LIKE 'work%' RETURNING id")  # noqa: S608
    # What django-q2's own scheduler would stumble over, and nobody here reads.
    stack.rows("UPDATE django_q_schedule SET args = '(', kwargs = '{', hook = 'no.where' RETURNING id")
    noted = len(stack.events("note"))

    wait_until(lambda: len(stack.events("note")) >= noted + 4, saying="four more runs of the other")
    assert parent.poll() is None
    assert "is passed over: next_run in row" in stack.manage("health").stdout
    assert "is passed over: next_run in row" in stack.logs()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL looks after references")
@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("is_set_by_hand", [False, True])
def test_a_schedule_whose_row_was_deleted_by_sqlite3_is_told_as_that_and_set_up_again(
    is_set_by_hand: bool, reset: bool
) -> None:
    setting_up.set_up("test", by="ada", now=database_now())
    if is_set_by_hand:
        printed("scheduler", "set", LOST, "--every", "2m")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")  # as it is in that shell
        cursor.execute("DELETE FROM django_q_schedule WHERE name = %s", [LOST])
        cursor.execute("PRAGMA foreign_keys = ON")

    told = f"{LOST} has no next run: its row of django_q_schedule is gone; `manage.py scheduler setup`"
    assert schedules_problem(now=database_now()) == f"{told} makes another."
    with pytest.raises(UnknownNameError, match=f"no schedule named '{LOST}'; there are: fetch"):
        job_named(LOST)
    setting_up.set_up("test", by="ada", now=database_now(), reset=reset)
    assert schedules_problem(now=database_now()) == ""
    assert job_named(LOST).schedule is not None


def test_a_next_run_that_somebody_took_away_is_set_by_the_command_that_health_names() -> None:
    setting_up.set_up("test", by="ada", now=database_now())
    Schedule.objects.filter(name=LOST).update(next_run=None)

    told = f"{LOST} has no next run: somebody took it away; `manage.py scheduler set {LOST} --every …`"
    assert schedules_problem(now=database_now()) == f"{told}, or `--cron …`, sets it."
    printed("scheduler", "set", LOST, "--every", "2m")
    assert schedules_problem(now=database_now()) == ""
