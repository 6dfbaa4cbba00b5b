"""Turning what is due into runs, once."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction
from django_q.models import Schedule

from scheduling.cadence import Due, due_at
from scheduling.exceptions import CadenceError
from scheduling.models import OPEN_STATES, Job, Run, RunState

logger = logging.getLogger(__name__)

# A thousand jobs due at once are claimed in ten short transactions, not one long one.
CLAIMS_PER_TRANSACTION = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What should become of a schedule that is due. `due` is None when its cadence is broken."""

    job: Job
    schedule_id: int
    seen_next_run: datetime
    due: Due | None
    problem: str = ""

    @property
    def occurrence(self) -> datetime:
        return self.due.latest if self.due else self.seen_next_run

    @property
    def following(self) -> datetime | None:
        return self.due.following if self.due else None


def claim_due(*, now: datetime) -> list[Run]:
    """Make one run of everything due that nobody else claimed, and return those to be rung for.

    An occurrence that finds the one before it still open is recorded as skipped. A schedule
    whose cadence cannot be is recorded as failed and gets no next run until somebody mends it;
    it never stops the others.
    """
    # By primary key, so that two dispatchers lock the rows in one order and cannot deadlock.
    due = Job.objects.filter(schedule__next_run__lte=now).select_related("schedule").order_by("schedule_id")
    plans = iter([_plan(job, now=now) for job in due])
    runs: list[Run] = []
    while batch := list(islice(plans, CLAIMS_PER_TRANSACTION)):
        runs += _claim(batch, now=now)
    return [run for run in runs if run.state == RunState.QUEUED]


def _plan(job: Job, *, now: datetime) -> Plan:
    schedule = job.schedule
    assert schedule is not None, "only due schedules are planned"
    assert schedule.next_run is not None, "only due schedules are planned"
    due, problem = None, ""
    try:
        due = due_at(now, cadence=job.cadence, first=schedule.next_run)
    except CadenceError as exc:
        problem = str(exc)
        logger.error("%s does not run until its schedule is mended: %s", job.name, problem)
    return Plan(job=job, schedule_id=schedule.pk, seen_next_run=schedule.next_run, due=due, problem=problem)


def _claim(plans: Sequence[Plan], *, now: datetime) -> list[Run]:
    """Advance each schedule if it still stands where we saw it, and create the runs of those we won."""
    with transaction.atomic():
        won = [
            plan
            for plan in plans
            if Schedule.objects.filter(pk=plan.schedule_id, next_run=plan.seen_next_run).update(
                next_run=plan.following
            )
        ]
        open_since = _open_occurrences(won)
        known = _known_occurrences(won)
        return Run.objects.bulk_create(
            _new_run(plan, now=now, open_since=open_since.get(plan.job.pk))
            for plan in won
            if (plan.job.pk, plan.occurrence) not in known
        )


def _new_run(plan: Plan, *, now: datetime, open_since: datetime | None) -> Run:
    run = Run(job=plan.job, occurrence=plan.occurrence, not_before=plan.occurrence, queued_at=now)
    run.state = RunState.QUEUED
    run.missed_before = plan.due.missed if plan.due else 0
    if plan.problem:
        run.state, run.error = RunState.FAILED, plan.problem
    elif open_since is not None:
        run.state, run.error = RunState.SKIPPED, f"the run of {open_since:%Y-%m-%d %H:%M:%S}Z had not ended"
    if run.state != RunState.QUEUED:
        run.queued_at, run.finished_at = None, now
    return run


def _open_occurrences(plans: Iterable[Plan]) -> dict[int, datetime]:
    """The occurrence of the open run of each of these jobs that has one, by job id."""
    job_ids = [plan.job.pk for plan in plans]
    return dict(
        Run.objects.filter(job__in=job_ids, state__in=OPEN_STATES).values_list("job_id", "occurrence")
    )


def _known_occurrences(plans: Iterable[Plan]) -> set[tuple[int, datetime]]:
    """Which of the planned occurrences have a run already: somebody may have set `next_run` back."""
    plans = list(plans)
    return set(
        Run.objects.filter(
            job__in=[plan.job.pk for plan in plans], occurrence__in={plan.occurrence for plan in plans}
        ).values_list("job_id", "occurrence")
    )
