"""Turning what is due into runs, once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django_q.models import Schedule

from scheduling.engine import claiming
from scheduling.models import Overlap, Run, RunState, RunTrigger
from tests.scheduling.claims import claim_due
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

TEN_SECONDS = timedelta(seconds=10)


@pytest.mark.parametrize("back", [1, 2])
def test_a_run_that_waits_for_its_next_attempt_outlives_that_its_schedule_is_set_back(back: int) -> None:
    """Neither itself nor an older one takes over from it."""
    waiting = RunFactory(
        job=JobFactory(schedule__next_run=NOON + TEN_SECONDS - back * TEN_SECONDS),
        occurrence=NOON,
        state=RunState.PENDING,
        attempt=1,
        not_before=NOON + timedelta(seconds=3),
    )

    claim_due(now=NOON + timedelta(seconds=1))

    waiting.refresh_from_db()
    assert waiting.state == RunState.PENDING


def test_a_due_occurrence_becomes_one_queued_run_and_the_schedule_moves_on() -> None:
    job = JobFactory()

    claimed = claim_due(now=NOON + timedelta(milliseconds=3))

    assert [(run.job, run.occurrence, run.state) for run in claimed] == [(job, NOON, RunState.QUEUED)]
    assert list(Run.objects.all()) == claimed
    assert Schedule.objects.get().next_run == NOON + TEN_SECONDS


def test_what_is_not_due_is_left_alone() -> None:
    JobFactory()

    assert claim_due(now=NOON - timedelta(microseconds=1)) == []
    assert Schedule.objects.get().next_run == NOON


def test_a_schedule_that_is_not_ours_is_never_touched() -> None:
    Schedule.objects.create(name="theirs", func="os.system", schedule_type="I", minutes=1, next_run=NOON)

    assert claim_due(now=NOON) == []
    assert Schedule.objects.get().next_run == NOON


def test_after_downtime_the_newest_occurrence_runs_and_the_missed_ones_are_counted() -> None:
    JobFactory()

    (run,) = claim_due(now=NOON + timedelta(seconds=47))

    assert (run.occurrence, run.missed_before) == (NOON + 4 * TEN_SECONDS, 4)
    assert Schedule.objects.get().next_run == NOON + 5 * TEN_SECONDS


@pytest.mark.parametrize("state", [RunState.PENDING, RunState.QUEUED, RunState.RUNNING])
def test_an_occurrence_that_finds_the_one_before_it_open_is_skipped_with_that_reason(state: RunState) -> None:
    job = JobFactory()
    RunFactory(job=job, occurrence=NOON - TEN_SECONDS, state=state)

    assert claim_due(now=NOON) == []

    skipped = Run.objects.get(occurrence=NOON)
    assert skipped.state == RunState.SKIPPED
    assert skipped.error == "the run of 2026-11-23 11:59:50Z had not ended"
    assert skipped.finished_at == NOON


def test_an_occurrence_takes_over_from_one_that_waits_for_its_next_attempt() -> None:
    job = JobFactory()
    RunFactory(
        job=job,
        occurrence=NOON - TEN_SECONDS,
        state=RunState.PENDING,
        attempt=2,
        not_before=NOON + TEN_SECONDS,
        error="RpcError: away\n\ntrace",
    )

    assert [run.occurrence for run in claim_due(now=NOON)] == [NOON]

    old = Run.objects.get(occurrence=NOON - TEN_SECONDS)
    assert (old.state, old.finished_at) == (RunState.FAILED, NOON)
    assert old.error == "the run of 2026-11-23 12:00:00Z took over after attempt 2: RpcError: away"


@pytest.mark.parametrize(
    "fields",
    [
        {"attempt": 2, "not_before": NOON},  # its worker was lost, and it runs again at once
        {"attempt": 2, "state": RunState.QUEUED},
        {"attempt": 2, "trigger": RunTrigger.BACKFILL},
        {"attempt": 0},
        {"attempt": 2, "job__overlap": Overlap.ALLOW},
    ],
)
def test_nothing_else_is_taken_over(fields: dict[str, Any]) -> None:
    run = RunFactory(
        **{"occurrence": NOON - TEN_SECONDS, "state": RunState.PENDING, "not_before": NOON + TEN_SECONDS}
        | fields
    )

    claim_due(now=NOON)

    assert Run.objects.get(pk=run.pk).state == run.state


def test_a_schedule_with_an_impossible_cadence_is_reported_and_never_stops_the_others() -> None:
    poison = JobFactory()
    healthy = JobFactory()
    # As croniter, which django-q2 validates with, lets it pass.
    Schedule.objects.filter(pk=poison.schedule.pk).update(schedule_type="C", cron="0 0 30 2 *")

    assert [run.job for run in claim_due(now=NOON)] == [healthy]

    failed = Run.objects.get(job=poison)
    assert (failed.state, failed.occurrence) == (RunState.FAILED, NOON)
    assert "'0 0 30 2 *' is not valid: Bad day-of-month" in failed.error
    assert Schedule.objects.get(job=poison).next_run is None
    assert claim_due(now=NOON) == []


def test_an_occurrence_that_has_a_run_is_not_run_again_when_somebody_sets_the_clock_hand_back() -> None:
    job = JobFactory()
    claim_due(now=NOON)
    Run.objects.update(state=RunState.SUCCEEDED)
    Schedule.objects.filter(job=job).update(next_run=NOON)

    assert claim_due(now=NOON) == []
    assert Run.objects.count() == 1


def test_the_database_refuses_a_second_run_of_an_occurrence() -> None:
    run = RunFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        RunFactory(job=run.job, occurrence=run.occurrence)


def test_an_edited_cadence_counts_from_the_next_claim() -> None:
    job = JobFactory()
    Schedule.objects.filter(job=job).update(minutes=5)

    claim_due(now=NOON)

    assert Schedule.objects.get().next_run == NOON + timedelta(minutes=5)


def test_the_number_of_queries_does_not_grow_with_what_was_missed(django_assert_num_queries: object) -> None:
    JobFactory()
    # On PostgreSQL it locks what it reads, in a transaction, which is a savepoint in that of the test.
    with django_assert_num_queries(7 if connection.vendor == "postgresql" else 5):  # type: ignore[operator]
        claim_due(now=NOON + timedelta(days=300))


def test_whose_turn_it_is_costs_one_question_where_what_was_asked_for_waits(
    django_assert_num_queries: object,
) -> None:
    job = JobFactory()
    for number in range(1, 4):
        occurrence = NOON - number * TEN_SECONDS
        RunFactory(job=job, occurrence=occurrence, trigger=RunTrigger.BACKFILL, state=RunState.PENDING)

    with django_assert_num_queries(8 if connection.vendor == "postgresql" else 6):  # type: ignore[operator]
        claim_due(now=NOON)


def test_a_claim_that_somebody_else_won_is_no_error() -> None:
    """Two dispatchers read the same due row; the second one's compare-and-swap finds it moved."""
    job = JobFactory()
    plan = claiming.plan_of(job, now=NOON)

    first = claiming.claim([plan], now=NOON)
    second = claiming.claim([plan], now=NOON)

    assert (len(first), second) == (1, [])
