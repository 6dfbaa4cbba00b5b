"""What is wrong with the schedules, for alerts."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import (
    Aggregate,
    Count,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from scheduling.exceptions import CadenceError
from scheduling.ledger.attempts import cause_of, first_line
from scheduling.ledger.failures import Failing, failing_now
from scheduling.ledger.journal import SCHEDULER
from scheduling.models import Action, Job, JobChange, Run, RunTally, RunTrigger
from scheduling.monitoring import readiness
from scheduling.monitoring.alerts import Trouble
from scheduling.monitoring.queue_state import queue_problem
from scheduling.timing.cadence import Every
from scheduling.timing.instants import show_instant
from scheduling.wording import counted

FAILURES_IN_A_ROW = 3
# Missed occurrences are told of for this long; there is nothing to be mended.
TELL_OF_MISSED = timedelta(minutes=10)
# A job that comes less often than this is not waited for to fail again.
RARE = timedelta(minutes=15)
ATTEMPTS_IN_A_ROW = 3


def failing_jobs(*, now: datetime) -> list[Trouble]:
    """The jobs that fail: a frequent one when several runs in a row have, a rare one at once.

    Rare is what comes less often than every quarter of an hour: until several of its runs had failed,
    a day would have gone. It fails when one run has for good, and before that at its third attempt.
    One that somebody paused is nobody's alert; one that its failures paused is.
    """
    found = [
        one for one in failing_now(now=now, most=FAILURES_IN_A_ROW) if not _is_paused_on_purpose(one.job)
    ]
    return [trouble for failing in found if (trouble := _failures_of(failing)) is not None]


def _is_paused_on_purpose(job: Job) -> bool:
    """Whether somebody paused it, who knows of it then, and not its failures."""
    if job.paused_at is None:
        return False
    newest = JobChange.objects.filter(job=job, action=Action.PAUSE).first()
    return newest is None or newest.by != SCHEDULER


def late_jobs(*, now: datetime) -> list[Trouble]:
    """The jobs whose time has come and that do not run."""
    return [Trouble(subject=late.name, message=late.problem) for late in readiness.late_jobs(now=now)]


def broken_neighbours(*, now: datetime) -> list[Trouble]:
    """A Redis that is away or takes no messages. Of a database like that nobody can keep an alert."""
    problem = queue_problem()
    return [Trouble(subject="Redis", message=problem)] if problem else []


def missed_occurrences(*, now: datetime) -> list[Trouble]:
    """The jobs that missed occurrences, as the first run after that found."""
    found = Run.objects.filter(
        ~Exists(_set_up_before()),
        finished_at__range=(now - TELL_OF_MISSED, now),
        missed_before__gt=0,
        job__schedule__isnull=False,
    ).exclude(trigger=RunTrigger.BACKFILL)
    newest = JobChange.objects.filter(job=OuterRef("job"), at__lte=OuterRef("occurrence"))
    found = found.annotate(
        changed=Subquery(newest.values("action")[:1]), at=Subquery(newest.values("at")[:1])
    )
    return [
        Trouble(subject=run.job.name, message=_missed(run))
        for run in found.select_related("job__schedule").order_by("occurrence")
        if not (run.changed == Action.CREATED and _reaches_back(run, to=run.at))
    ]


def _reaches_back(run: Run, *, to: datetime) -> bool:
    """Whether what it missed begins with that set-up, where nobody did anything since: none ran, whatever did
    in a life of the schedule before it was removed."""
    try:
        cadence = run.job.cadence
    except CadenceError:
        return False
    if not isinstance(cadence, Every):
        return False
    return run.occurrence - timedelta(seconds=cadence.seconds) * (run.missed_before + 1) < to


def _set_up_before() -> QuerySet[JobChange]:
    """Of an outer run: its job was set up a while before, and the clock had none run since.

    What lay between was missed by nobody: schedules are set up before services are started. Set up longer
    ago than runs are kept it says nothing where any run of it was deleted: that may have been since.
    """
    kept = ExpressionWrapper(
        OuterRef("occurrence") - OuterRef("job__keep_succeeded"), output_field=DateTimeField()
    )
    since = Run.objects.filter(
        job=OuterRef("job"),
        trigger=RunTrigger.SCHEDULE,
        occurrence__gte=OuterRef("at"),
        occurrence__lt=OuterRef(OuterRef("occurrence")),
    )
    return JobChange.objects.filter(
        Q(at__gte=kept) | Q(Exact(_number_of(_COUNTED, Sum("runs")), _number_of(_STORED, Count("pk")))),
        ~Exists(since),
        job=OuterRef("job"),
        action=Action.CREATED,
        at__lte=OuterRef("occurrence"),
    )


# Of an outer row's job: a run is counted before it is deleted.
_COUNTED: Final = RunTally.objects.filter(job=OuterRef("job"))
_STORED: Final = Run.objects.filter(job=OuterRef("job"), tallied=True)


def _number_of(rows: QuerySet[Any], number: Aggregate) -> Coalesce:
    return Coalesce(Subquery(rows.order_by().values("job").annotate(number=number).values("number")), 0)


def _missed(run: Run) -> str:
    """Why is not known: nobody dispatched, or the database took no writes, of which nothing is stored."""
    count = counted(run.missed_before, "occurrence")
    before = show_instant(run.occurrence)
    return f"{run.job.name} missed {count} before {before}: not claimed in time by any dispatcher."


def _failures_of(failing: Failing) -> Trouble | None:
    """A job that pauses itself after fewer failures is failing then."""
    job, is_rare = failing.job, failing.interval is None or failing.interval > RARE
    # Before its next run there is nothing new to tell.
    pace = failing.interval or timedelta(0)
    enough = 1 if is_rare else min(FAILURES_IN_A_ROW, job.pause_after_failures or FAILURES_IN_A_ROW)
    if len(failing.runs) >= enough:
        return Trouble(subject=job.name, message=_failed_for_good(failing), pace=pace)
    if is_rare and failing.trying and failing.failed_attempts >= ATTEMPTS_IN_A_ROW:
        reason = first_line(failing.trying.error)
        since = show_instant(failing.trying.occurrence)
        message = f"{failing.failed_attempts} attempts of {job.name} have failed since {since}"
        return Trouble(subject=job.name, message=f"{message}, the newest with: {reason}", pace=pace)
    return None


def _failed_for_good(failing: Failing) -> str:
    name, newest = failing.job.name, failing.runs[0]
    reason = cause_of(newest)
    if len(failing.runs) > 1:
        return f"The last {len(failing.runs)} runs of {name} have failed, the newest with: {reason}"
    return (
        f"The run of {name} of {show_instant(newest.occurrence)} has failed for good, "
        f"in attempt {newest.attempt}, with: {reason}"
    )
