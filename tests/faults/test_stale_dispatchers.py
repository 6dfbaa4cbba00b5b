"""A dispatcher whose look at a schedule is old changes nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django_q.models import Schedule

from scheduling.engine import claiming
from scheduling.engine.recovery import open_runs, release_pending
from scheduling.models import Job, Overlap, Run, RunState, RunTrigger
from scheduling.operations.changing import change, pause
from scheduling.timing.cadence import Cron, Every
from tests.scheduling.claims import claim_due
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_schedule_that_was_moved_between_the_look_and_the_claim_stays_where_it_was_moved() -> None:
    job = JobFactory()
    plan = claiming.plan_of(job, now=NOON)
    tomorrow = NOON + timedelta(days=1)
    Schedule.objects.update(next_run=tomorrow)

    assert claiming.claim([plan], now=NOON) == []

    assert Schedule.objects.get().next_run == tomorrow
    assert not Run.objects.exists()


def test_an_end_or_a_count_that_somebody_sets_between_the_look_and_the_claim_stays() -> None:
    """The next look claims by it."""
    counted, ended = JobFactory(), JobFactory(ends_at=NOON)
    jobs = Job.objects.select_related("schedule").order_by("pk")
    plans = [claiming.plan_of(job, now=NOON) for job in jobs]
    change(counted.name, by="ann", now=NOON, repeats=5)
    change(ended.name, by="ann", now=NOON, fields={"ends_at": None})

    assert claiming.claim(plans, now=NOON) == []
    assert len(claim_due(now=NOON)) == 2

    assert [job.schedule.repeats for job in jobs.all() if job.schedule] == [4, -1]
    assert all(job.schedule and job.schedule.next_run for job in jobs.all())


@pytest.mark.parametrize(
    ("cadence", "then"),
    [
        (Every(30), 30),
        (Every(120), 120),
        (Every(10, 5), 5),
        (Cron("*/5 * * * *"), 300),
        (Cron("*/5 * * * *", "Asia/Kathmandu"), 300),
    ],
)
def test_a_cadence_that_somebody_sets_between_the_look_and_the_claim_says_what_comes_next(
    cadence: Every | Cron, then: int
) -> None:
    """Also where the next run that was seen is one of the new cadence as well."""
    job = JobFactory()
    plan = claiming.plan_of(job, now=NOON)
    change(job.name, by="ann", now=NOON - timedelta(seconds=1), cadence=cadence)
    Schedule.objects.update(next_run=NOON)

    assert claiming.claim([plan], now=NOON) == []
    assert len(claim_due(now=NOON)) == 1

    assert Schedule.objects.get().next_run == NOON + timedelta(seconds=then)


def test_an_occurrence_with_jitter_waits_for_its_own_time() -> None:
    one = claiming.plan_of(JobFactory(), now=NOON)
    [planned] = one.plan.runs
    later = replace(planned, not_before=NOON + timedelta(seconds=2))

    [run] = claiming.claim([replace(one, plan=replace(one.plan, runs=(later,)))], now=NOON)

    assert (run.state, run.queued_at) == (RunState.PENDING, None)


def test_a_dispatcher_that_was_stopped_for_a_while_does_not_set_the_schedule_back() -> None:
    job = JobFactory()
    old = claiming.plan_of(job, now=NOON)
    for second in (0, 10, 20):
        claim_due(now=NOON + timedelta(seconds=second))

    assert claiming.claim([old], now=NOON + timedelta(seconds=21)) == []

    assert Schedule.objects.get().next_run == NOON + timedelta(seconds=30)
    assert Run.objects.count() == 3


def test_a_schedule_that_was_paused_between_the_look_and_the_claim_is_not_claimed() -> None:
    """[PAUSE-1]"""
    job = JobFactory()
    plan = claiming.plan_of(job, now=NOON)
    pause(job.name, by="ann", note="", now=NOON)

    assert claiming.claim([plan], now=NOON) == []

    assert Schedule.objects.get().next_run == NOON
    assert not Run.objects.exists()


@pytest.mark.parametrize("overlap", Overlap.values)
def test_a_backfill_whose_schedule_was_paused_since_the_look_is_not_queued(overlap: str) -> None:
    """[PAUSE-2]"""
    run = RunFactory(state=RunState.PENDING, trigger=RunTrigger.BACKFILL, job__overlap=overlap)
    seen = open_runs()
    pause(run.job.name, by="ann", note="", now=NOON)

    assert release_pending(seen, now=NOON + timedelta(hours=1)) == []

    run.refresh_from_db()
    assert run.state == RunState.PENDING


@pytest.mark.parametrize("overlap", Overlap.values)
def test_a_run_that_was_tried_since_the_look_waits_for_its_next_attempt(overlap: str) -> None:
    run = RunFactory(state=RunState.PENDING, job__overlap=overlap)
    seen = open_runs()
    waits_until = NOON + timedelta(minutes=5)
    Run.objects.update(attempt=1, not_before=waits_until)

    assert release_pending(seen, now=NOON + timedelta(minutes=1)) == []

    run.refresh_from_db()
    assert (run.state, run.not_before) == (RunState.PENDING, waits_until)
