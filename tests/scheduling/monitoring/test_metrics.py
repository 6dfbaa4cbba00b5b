"""`/metrics`: what it says, and that its counters only ever grow."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.conf import Conf
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from scheduling.ledger import tallies
from scheduling.ledger.retention import prune
from scheduling.models import Job, Run, RunState, RunTally
from scheduling.operations import changing
from scheduling.operations.retrying import retry
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("broker")]

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
NAME = "nobodys-repeatable"


@pytest.fixture
def job() -> Job:
    made: Job = JobFactory(schedule__name=NAME)
    return made


def scrape(client: Client) -> Samples:
    text = client.get("/metrics").content.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, tuple(sorted(labels.items()))))


def run(job: Job, state: RunState, *, late: float = 0.02, took: float = 0.3, **fields: Any) -> Run:
    made: Run = RunFactory(
        job=job,
        state=state,
        lateness=timedelta(seconds=late),
        duration=timedelta(seconds=took),
        finished_at=NOON,
        **fields,
    )
    return made


def counters(samples: Samples) -> Samples:
    """What must never go down."""
    ends = ("_total", "_bucket", "_count", "_sum")
    return {key: count for key, count in samples.items() if key[0].endswith(ends) and "score" not in key[0]}


def test_runs_are_counted_by_schedule_and_outcome_with_their_lateness_and_duration(
    client: Client, job: Job
) -> None:
    run(job, RunState.SUCCEEDED, late=0.02, took=0.3)
    run(job, RunState.SUCCEEDED, late=0.025, took=700, missed_before=4)
    run(job, RunState.FAILED, late=3, took=0.001)
    RunFactory(job=job, state=RunState.SKIPPED, finished_at=NOON)
    RunFactory(job=job, state=RunState.QUEUED)

    samples = scrape(client)

    ended = {
        outcome: value(samples, "staking_runs_total", schedule=NAME, outcome=outcome) for outcome in RunState
    }
    assert ended == {
        "succeeded": 2,
        "failed": 1,
        "skipped": 1,
        "pending": None,
        "queued": None,
        "running": None,
    }
    lateness = {
        bound: value(samples, "staking_run_lateness_seconds_bucket", schedule=NAME, le=bound)
        for bound in ("0.01", "0.025", "1.0", "5.0", "+Inf")
    }
    assert lateness == {"0.01": 0, "0.025": 2, "1.0": 2, "5.0": 3, "+Inf": 3}
    assert value(samples, "staking_run_lateness_seconds_sum", schedule=NAME) == pytest.approx(3.045)
    good = {"schedule": NAME, "outcome": "succeeded"}
    assert value(samples, "staking_run_duration_seconds_bucket", le="600.0", **good) == 1
    assert value(samples, "staking_run_duration_seconds_count", **good) == 2
    assert value(samples, "staking_missed_occurrences_total", schedule=NAME) == 4
    assert value(samples, "staking_open_runs", state="queued") == 1


def test_retention_a_retry_and_a_backfill_take_nothing_back_from_the_counters(
    client: Client, job: Job
) -> None:
    failed = run(job, RunState.FAILED, occurrence=NOON)
    RunFactory(job=job, state=RunState.SKIPPED, occurrence=NOON - timedelta(seconds=10), finished_at=NOON)
    for seconds in range(20, 100, 10):
        run(job, RunState.SUCCEEDED, occurrence=NOON - timedelta(seconds=seconds))
    before = counters(scrape(client))
    assert before

    prune(now=NOON + timedelta(hours=2), dry_run=False)
    assert Run.objects.count() < 10
    assert counters(scrape(client)) == before

    retry(failed.pk, by="ada", now=NOON)
    assert counters(scrape(client)) == before
    Run.objects.update(state=RunState.SUCCEEDED)
    after = scrape(client)
    assert value(after, "staking_runs_total", schedule=NAME, outcome="failed") == 1
    assert value(after, "staking_runs_total", schedule=NAME, outcome="succeeded") == 9


def test_a_backfill_of_what_was_skipped_leaves_it_counted(client: Client, job: Job) -> None:
    earlier = NOON - timedelta(seconds=10)
    RunFactory(job=job, state=RunState.SKIPPED, occurrence=earlier, finished_at=earlier)
    before = counters(scrape(client))

    changing.backfill(NAME, start=earlier, end=earlier, by="ada", now=NOON)

    assert counters(scrape(client)) == before


def test_folding_twice_counts_once(job: Job) -> None:
    run(job, RunState.SUCCEEDED)
    tallies.fold_all()
    assert tallies.fold(Run.objects.all()) == 0

    assert RunTally.objects.get().runs == 1
    assert tallies.tallies()[(job.pk, "succeeded")].runs == 1


def test_a_fold_between_the_two_readings_neither_loses_nor_doubles_a_run(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        run(job, RunState.SUCCEEDED)
    untallied = tallies._untallied
    folds: list[bool] = []

    def fold_behind_our_back() -> Any:
        rows = untallied()
        if not folds:
            folds.append(True)
            tallies.fold_all()
        return rows

    monkeypatch.setattr(tallies, "_untallied", fold_behind_our_back)

    assert tallies.tallies()[(job.pk, "succeeded")].runs == 3


def test_the_queue_and_paused_schedules_are_shown(client: Client, job: Job, broker: Any) -> None:
    broker.enqueue(b"one")
    due = value(scrape(client), "staking_schedule_next_run_timestamp_seconds", schedule=NAME)
    changing.pause(NAME, by="ada", note="", now=NOON)

    samples = scrape(client)

    assert value(samples, "staking_redis_up") == 1
    assert value(samples, "staking_queue_messages") == 1
    assert value(samples, "staking_workers") == 0
    assert value(samples, "staking_schedule_paused", schedule=NAME) == 1
    assert due == NOON.timestamp()
    assert value(samples, "staking_schedule_next_run_timestamp_seconds", schedule=NAME) is None
    assert (value(samples, "staking_database_size_bytes") or 0) > 0


def test_with_redis_away_its_numbers_are_absent_not_zero(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:1/0")

    samples = scrape(client)

    assert value(samples, "staking_redis_up") == 0
    assert value(samples, "staking_queue_messages") is None
    assert value(samples, "staking_workers") is None


def test_with_the_database_away_the_scrape_fails(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("connection refused by db.internal")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        response = client.get("/metrics")

    assert response.status_code == 503
    assert b"db.internal" not in response.content


def test_a_scrape_asks_as_many_questions_for_many_jobs_as_for_few(
    client: Client, job: Job, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with CaptureQueriesContext(connection) as asked:
        client.get("/metrics")
    assert len(asked) <= 18
    for _ in range(20):
        run(JobFactory(), RunState.SUCCEEDED)

    with django_assert_num_queries(len(asked)):
        client.get("/metrics")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("Bearer right-token-1", 200),
        ("bearer  right-token-1 ", 200),
        ("", 401),
        ("Bearer right-token-2", 401),
        ("Bearer right-token-1é", 401),
        ("Bearer", 401),
        ("Basic right-token-1", 401),
    ],
)
def test_a_token_keeps_them_for_who_brings_it(
    client: Client, settings: Settings, sent: str, status: int
) -> None:
    settings.METRICS_TOKEN = "right-token-1"

    response = client.get("/metrics", headers={"Authorization": sent} if sent else {})

    assert response.status_code == status
    assert ("WWW-Authenticate" in response.headers) == (status == 401)
    assert (b"staking_" in response.content) == (status == 200)


def test_the_last_lateness_is_of_no_run_of_a_clock_that_was_ahead(client: Client, job: Job) -> None:
    now = timezone.now()
    run(job, RunState.SUCCEEDED, occurrence=now, late=2)
    run(job, RunState.SUCCEEDED, occurrence=now + timedelta(days=365), late=40)

    assert value(scrape(client), "staking_schedule_last_lateness_seconds", schedule=NAME) == 2
