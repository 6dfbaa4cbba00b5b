"""Whether it works, for machines: `/healthz`, `/readyz` and `manage.py health`."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import Schedule
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from scheduling.exceptions import CadenceError
from scheduling.models import Job, RunState
from scheduling.monitoring import readiness
from scheduling.monitoring.queue_state import LiveCluster, QueueState
from scheduling.monitoring.verdict_log import VerdictLog
from scheduling.operations import changing
from scheduling.pages import views
from scheduling.timing.instants import show_instant
from tests.scheduling.factories import JobFactory, RunFactory

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def all_is_well(*, now: Any) -> str:
    return ""


def nothing_is_well(*, now: Any) -> str:
    return "the data is old"


def cannot_be_told(*, now: Any) -> str:
    raise CadenceError("the cron never fires")


@pytest.fixture
def living_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = LiveCluster(
        id="1", host="here", pid=1, status="Idle", workers=2, started_at=timezone.now(), age=0.1
    )
    alive = QueueState(problem="", waiting=0, keys=[], clusters=[cluster])
    monkeypatch.setattr(readiness, "queue_state", lambda now: alive)


@pytest.fixture(autouse=True)
def own_checks(settings: Settings) -> None:
    settings.READINESS_CHECKS = {"data": "tests.scheduling.monitoring.test_readiness.all_is_well"}


@pytest.fixture
def job(db: None) -> Job:
    made: Job = JobFactory(
        schedule__name="fetch-repeatable", schedule__next_run=timezone.now() + timedelta(seconds=5)
    )
    return made


def problems(client: Client) -> dict[str, str | None]:
    checks = client.get("/readyz").json()["checks"]
    return {name: found["problem"] for name, found in checks.items() if not found["ok"]}


def test_the_process_says_that_it_lives_without_asking_anybody(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, db: None
) -> None:
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "alive"})
    assert client.post("/healthz").status_code == 405


@pytest.mark.usefixtures("living_workers", "job")
def test_ready_when_everything_is_as_it_should_be(client: Client) -> None:
    response = client.get("/readyz")

    assert response.status_code == 200
    document = response.json()
    assert document["ready"] is True
    assert document["checks"] == {
        name: {"ok": True, "problem": None} for name in ("database", "redis", "workers", "schedules", "data")
    }
    assert "no-store" in response["Cache-Control"]


@pytest.mark.usefixtures("job")
def test_not_ready_without_workers(client: Client) -> None:
    response = client.get("/readyz")

    assert response.status_code == 503
    assert "No workers are alive" in response.json()["checks"]["workers"]["problem"]


@pytest.mark.usefixtures("job")
def test_not_ready_without_redis_and_its_address_stays_with_us(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conf, "REDIS", NOBODY_LISTENS)

    found = problems(client)

    assert found == {"redis": "Redis does not answer.", "workers": "unknown while Redis is away"}


@pytest.mark.usefixtures("living_workers")
def test_the_log_tells_of_a_change_and_not_of_each_probe(
    client: Client,
    job: Job,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(views, "_log", VerdictLog())
    well, ill = (f"tests.scheduling.monitoring.test_readiness.{name}_is_well" for name in ("all", "nothing"))
    caplog.set_level(logging.INFO)

    for check in (well, ill, ill, ill, well, well):
        settings.READINESS_CHECKS = {"data": check}
        client.get("/readyz")

    told = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert told == [
        ("scheduling.monitoring.verdict_log", "WARNING", "Not ready. data: the data is old"),
        ("scheduling.monitoring.verdict_log", "INFO", "Ready again."),
    ]


@pytest.mark.usefixtures("job")
def test_the_log_names_what_is_wrong_and_not_what_is_unknown_for_it(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(views, "_log", VerdictLog())
    monkeypatch.setattr(Conf, "REDIS", NOBODY_LISTENS)

    client.get("/readyz")

    assert [record.getMessage() for record in caplog.records] == ["Not ready. redis: Redis does not answer."]


@pytest.mark.usefixtures("living_workers")
def test_not_ready_without_schedules(client: Client, db: None) -> None:
    assert "no schedules" in str(problems(client)["schedules"])


@pytest.mark.usefixtures("living_workers")
@pytest.mark.parametrize(
    ("check", "problem"),
    [("nothing_is_well", "the data is old"), ("cannot_be_told", "It cannot be told: the cron never fires")],
)
def test_not_ready_when_an_apps_own_check_says_so(
    client: Client, job: Job, settings: Settings, check: str, problem: str
) -> None:
    settings.READINESS_CHECKS = {"data": f"tests.scheduling.monitoring.test_readiness.{check}"}

    assert problems(client) == {"data": problem}


def test_an_occurrence_that_nobody_claims_is_late_unless_its_job_is_paused(job: Job) -> None:
    assert job.schedule is not None
    assert job.schedule.next_run is not None
    due = job.schedule.next_run

    assert readiness.late_jobs(now=due + readiness.LATE_CLAIM) == []
    [late] = readiness.late_jobs(now=due + timedelta(minutes=2))
    assert late.problem == "fetch-repeatable is 2min late: no dispatcher claims it."

    changing.pause(job.name, by="ada", note="", now=due)
    assert readiness.late_jobs(now=due + timedelta(minutes=2)) == []


def test_many_late_jobs_cost_as_many_queries_as_one(
    job: Job, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    assert job.schedule is not None
    due = job.schedule.next_run
    assert due is not None
    JobFactory.create_batch(5, schedule__next_run=due)

    # On PostgreSQL three more than on SQLite: whose rows are locked is tried in a transaction.
    with django_assert_max_num_queries(6):
        late = readiness.late_jobs(now=due + timedelta(minutes=2))

    assert len(late) == 6


def test_a_job_without_a_next_run_is_late_unless_it_ended_or_follows_another(job: Job) -> None:
    JobFactory(schedule__next_run=None, after=job)
    JobFactory(schedule__next_run=None, schedule__repeats=0)
    JobFactory(schedule__next_run=None, ends_at=timezone.now())
    broken = JobFactory(schedule__next_run=None)

    assert [late.name for late in readiness.late_jobs(now=timezone.now())] == [broken.name]


def test_a_job_that_ran_by_a_clock_that_was_ahead_is_late_until_somebody_brings_it_back(job: Job) -> None:
    """A next run that somebody chose is none of this, however far off."""
    now = timezone.now()
    ahead = now + timedelta(hours=5)
    JobFactory(schedule__next_run=ahead)
    Schedule.objects.filter(job=job).update(next_run=ahead + timedelta(hours=6))
    RunFactory(job=job, state=RunState.SUCCEEDED, occurrence=ahead)

    [late] = readiness.late_jobs(now=now)
    assert late.problem == (
        f"fetch-repeatable waits until {show_instant(ahead + timedelta(hours=6))}: the clock was ahead "
        "when it last ran; `manage.py scheduler rewind` mends it."
    )

    call_command("scheduler", "rewind", stdout=StringIO())
    assert [late.problem for late in readiness.late_jobs(now=now)] == []
    # And it stays so while it goes on from there, towards the time that was made up.
    Schedule.objects.filter(job=job).update(next_run=now + timedelta(hours=1))
    assert [late.problem for late in readiness.late_jobs(now=now)] == []


def test_a_run_that_no_worker_takes_is_late(job: Job) -> None:
    now = timezone.now()
    for state, age in ((RunState.QUEUED, 29), (RunState.PENDING, 60), (RunState.RUNNING, 60)):
        RunFactory(job=job, state=state, not_before=now - timedelta(seconds=age))
    assert readiness.late_jobs(now=now) == []

    RunFactory(job=job, state=RunState.QUEUED, not_before=now - timedelta(seconds=31))
    assert [late.problem for late in readiness.late_jobs(now=now)] == [
        "A run of fetch-repeatable was due more than 30s ago, and no worker has taken it."
    ]


@pytest.mark.usefixtures("living_workers")
def test_a_database_that_is_away_is_a_finding(
    client: Client, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("connection refused by db.internal")

    # No longer than this: what puts the test's rows back asks the same connection.
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        response = client.get("/readyz")

    assert response.status_code == 503
    assert "db.internal" not in response.content.decode()
    assert (
        response.json()["checks"]["database"]["problem"] == "The database does not answer (OperationalError)."
    )


def test_beside_a_database_that_does_not_work_that_comes_first() -> None:
    """A full disk may have ended the workers; to start them does not help then."""
    nobody = QueueState(problem="", waiting=0, keys=[], clusters=[])

    problem = readiness.workers_problem(nobody, now=timezone.now(), database="Its disk is full.")

    assert problem == "No workers are alive; once the database works, `manage.py qcluster` starts them."


@pytest.mark.usefixtures("living_workers")
def test_the_command_ends_with_3_under_check_when_not_ready(job: Job, settings: Settings) -> None:
    out = StringIO()
    call_command("health", "--check", stdout=out)
    assert "schedules  ok" in out.getvalue()

    settings.READINESS_CHECKS = {"data": "tests.scheduling.monitoring.test_readiness.nothing_is_well"}
    call_command("health", stdout=StringIO())
    out = StringIO()
    with pytest.raises(CommandError, match="not ready: data") as caught:
        call_command("health", "--check", "--json", stdout=out)

    assert caught.value.returncode == 3
    assert json.loads(out.getvalue())["checks"]["data"] == {"ok": False, "problem": "the data is old"}


@pytest.fixture(autouse=True)
def empty_redis() -> Iterator[None]:
    broker: Any = get_broker()
    broker.connection.flushdb()
    yield
    broker.connection.close()
