"""The verdict: whether everything works as it should, and if not, why not; the one place with its rules.

`settings.READINESS_CHECKS` maps a name to the dotted path of an app's own `ReadinessCheck`.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Protocol

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils import timezone
from django.utils.module_loading import import_string

from scheduling.clock import database_now
from scheduling.exceptions import CadenceError, SchedulingError
from scheduling.ledger.ahead import jobs_ahead
from scheduling.ledger.spoilt import unreadable_jobs
from scheduling.ledger.stored_tasks import stored_tasks, tasks_that_are_gone
from scheduling.models import ASKED_FOR, Job, Run, RunState, RunTrigger
from scheduling.monitoring import refusals
from scheduling.monitoring.alerts import DOWN, last_look
from scheduling.monitoring.database_state import another_writes, require_room, require_tables
from scheduling.monitoring.queue_state import QueueState, queue_state
from scheduling.monitoring.row_locks import held_jobs, holders_in_words
from scheduling.timing.durations import show_duration, show_roughly
from scheduling.timing.instants import show_instant

# A dispatcher claims within half a second, and a free worker takes a run within milliseconds. Later
# than this, and one of them is missing or has far too much to do.
LATE_CLAIM = timedelta(seconds=10)
LATE_START = timedelta(seconds=30)
# Of those that cannot run, and of those that are late: what a probe reads, and a person.
MOST_NAMED = 10
# What a check says that could not look, by no fault of its own.
UNKNOWN = "unknown while "
# Why nothing is claimed where a worker, or somebody's sqlite3, began to write and does not end.
ANOTHER_WRITES = "somebody else is writing to the database, and nobody can until that ends"
# Seconds that the verdict on the database holds in one process: the trial writes, and anybody asks /readyz.
VERDICT_KEPT = 3.0


class ReadinessCheck(Protocol):
    """What `settings.READINESS_CHECKS` names: says what is wrong, or nothing."""

    def __call__(self, *, now: datetime) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found; an empty `problem` is none."""

    check: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What all checks found at one instant."""

    at: datetime
    findings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        return not any(finding.problem for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateJob:
    """A job that does not run when it should, and what is known of it."""

    name: str
    problem: str


def readiness() -> Readiness:
    """Look at everything; what does not answer is a finding and never an error."""
    database = database_verdict() or _problem_of(require_tables)
    now = timezone.now() if database else database_now()
    return Readiness(at=now, findings=judge(queue_state(now=now), now=now, database=database))


def judge(queue: QueueState, *, now: datetime, database: str) -> tuple[Finding, ...]:
    """What is wrong, given the queue and what is wrong with the database."""
    found = [
        Finding(check="database", problem=database),
        Finding(check="redis", problem=queue.problem),
        Finding(check="workers", problem=workers_problem(queue, now=now, database=database)),
    ]
    asked: dict[str, ReadinessCheck] = {"schedules": schedules_problem}
    asked |= {name: import_string(path) for name, path in settings.READINESS_CHECKS.items()}
    for name, check in asked.items():
        problem = f"{UNKNOWN}the database does not work" if database else _ask(check, now=now)
        found.append(Finding(check=name, problem=problem))
    return tuple(found)


class _SharedVerdict:
    """Whether the database takes writes, tried once for all threads; a command is a process of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._problem = ""
        self._tried_at = -math.inf

    def problem(self) -> str:
        with self._lock:
            if not 0 <= time.monotonic() - self._tried_at < VERDICT_KEPT:
                self._problem = _problem_of(require_room)
                self._tried_at = time.monotonic()
            return self._problem


_verdict = _SharedVerdict()


def database_verdict() -> str:
    """What keeps it from taking writes, as of some seconds ago, or nothing: to answer is not enough."""
    return _verdict.problem()


def _problem_of(*trials: Callable[[], None]) -> str:
    try:
        for trial in trials:
            trial()
    except DatabaseError as exc:
        return refusals.database_problem(exc)
    return ""


def workers_problem(queue: QueueState, *, now: datetime, database: str) -> str:
    if queue.problem:
        return f"{UNKNOWN}Redis is away"
    if queue.workers_alive:
        return ""
    if database:  # first things first: what ended them may be that
        return "No workers are alive; once the database works, `manage.py qcluster` starts them."
    elsewhere = _ask(lambda now: works_elsewhere(last_look(), now=now), now=now)
    if elsewhere and queue.evicting:
        return (
            "No workers are seen: Redis throws away what they report (maxmemory-policy "
            f"{queue.evicting}). It must not: noeviction."
        )
    return elsewhere or "No workers are alive; `manage.py qcluster` starts them."


def works_elsewhere(looked_at: datetime | None, *, now: datetime) -> str:
    """Where no workers report to our queue: that somebody dispatches all the same; empty when nobody does.

    `looked_at` is when a dispatcher last looked.
    """
    if looked_at is None or looked_at <= now - DOWN:
        return ""
    return (
        "No workers are alive in this queue; `manage.py qcluster` starts them. A dispatcher looked at "
        f"{show_instant(looked_at)}: if it goes on looking, it has another SECRET_KEY or REDIS_URL."
    )


def schedules_problem(*, now: datetime) -> str:
    """What cannot run and what is late, all in one sentence each."""
    stored = stored_tasks()
    if not stored:
        return "There are no schedules; `manage.py scheduler setup` makes them."
    gone = [f"{name} cannot run: {reason}" for name, reason in tasks_that_are_gone(stored)]
    late = [job.problem for job in late_jobs(now=now)]
    return " ".join([*_first(gone, others="cannot run"), *_first(late, others="are late")])


def _first(problems: list[str], *, others: str) -> list[str]:
    more = len(problems) - MOST_NAMED
    return [*problems[:MOST_NAMED], *([f"{more:,} more {others}."] if more > 0 else [])]


def late_jobs(*, now: datetime) -> list[LateJob]:
    """The jobs whose rows cannot be read, whose time has come without a run, that wait for a time that a
    wrong clock made up, or whose run no worker takes.
    """
    unreadable = unreadable_jobs()
    told = [LateJob(name=one.name, problem=one.problem) for one in unreadable]
    found = _found(now=now, but=[one.id for one in unreadable])
    return [*told, *_unclaimed(found, now=now), *_ahead(found, now=now), *_untaken(found)]


def _found(*, now: datetime, but: Sequence[int]) -> list[Any]:
    """By one question, with what is so of each."""
    clocked = Q(schedule__isnull=False, paused_at=None, after=None)
    due = Q(schedule__next_run__lt=now - LATE_CLAIM)
    is_stuck = Q(schedule__next_run=None, ends_at=None) & ~Q(schedule__repeats=0)
    scheduled = Run.objects.exclude(trigger__in=(*ASKED_FOR, RunTrigger.ALERT))
    untaken = scheduled.filter(state=RunState.QUEUED, not_before__lt=now - LATE_START)
    conditions = {
        "is_unclaimed": clocked & (due | is_stuck),
        "is_ahead": Q(pk__in=jobs_ahead(now=now).values("pk")),
        "is_untaken": Q(pk__in=untaken.values("job")),
    }
    said = {name: ExpressionWrapper(one, BooleanField()) for name, one in conditions.items()}
    any_of_them = reduce(or_, conditions.values())
    jobs = Job.objects.exclude(pk__in=but).filter(any_of_them).annotate(**said)
    return list(jobs.select_related("schedule").order_by("name"))


def _unclaimed(found: Sequence[Any], *, now: datetime) -> Iterator[LateJob]:
    unclaimed = [job for job in found if job.is_unclaimed]
    next_runs = {job: job.schedule.next_run for job in unclaimed if job.schedule and job.schedule.next_run}
    held = held_jobs([job.pk for job in next_runs])
    locked = f"its row is locked ({holders_in_words()})" if held else ""
    nobody = ANOTHER_WRITES if next_runs and another_writes() else "no dispatcher claims it"
    for job, next_run in next_runs.items():
        why = locked if job.pk in held else nobody
        yield LateJob(name=job.name, problem=f"{job.name} is {show_roughly(now - next_run)} late: {why}.")
    for job in unclaimed:
        if job not in next_runs:
            yield LateJob(name=job.name, problem=f"{job.name} has no next run: {_why_none(job, now=now)}.")


def _why_none(job: Job, *, now: datetime) -> str:
    if job.schedule is None:  # sqlite3, by which somebody deleted it, looks after no references by itself
        return "its row of django_q_schedule is gone; `manage.py scheduler setup` makes another"
    try:
        job.cadence.after(now)
    except (CadenceError, OverflowError):
        return "its cadence is broken"
    return f"somebody took it away; `manage.py scheduler set {job.name} --every …`, or `--cron …`, sets it"


def _ahead(found: Sequence[Any], *, now: datetime) -> Iterator[LateJob]:
    """Such a job goes on from there, in silence until the clock is there again."""
    for job in found:
        if job.is_ahead:
            next_run = job.schedule and job.schedule.next_run
            until = f" until {show_instant(next_run)}" if next_run and next_run > now else ""
            why = "the clock was ahead when it last ran; `manage.py scheduler rewind` mends it."
            yield LateJob(name=job.name, problem=f"{job.name} waits{until}: {why}")


def _untaken(found: Sequence[Any]) -> Iterator[LateJob]:
    limit = show_duration(LATE_START)
    for job in found:
        if job.is_untaken:
            told = f"A run of {job.name} was due more than {limit} ago, and no worker has taken it."
            yield LateJob(name=job.name, problem=told)


def _ask(check: Callable[..., str], *, now: datetime) -> str:
    try:
        return check(now=now)
    except DatabaseError as exc:
        return f"It cannot be told. {refusals.database_problem(exc)}"
    except SchedulingError as exc:
        return f"It cannot be told: {exc}"
