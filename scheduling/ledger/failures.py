"""Which jobs fail: how many of their runs in a row, and how often the one that is being tried."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from scheduling.clock import AHEAD
from scheduling.ledger.attempts import failures_of_open, interval_after
from scheduling.models import OPEN_STATES, Job, Run, RunState
from scheduling.timing.cadence import EPOCH

_TRIED = (RunState.SUCCEEDED, RunState.FAILED)
# Nobody reads further than this.
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A job that does not succeed. `runs` have failed for good since its last success, newest first;
    of the run that is `trying`, if there is one, `failed_attempts` have.
    """

    job: Job
    interval: timedelta | None
    runs: tuple[Run, ...]
    trying: Run | None

    @property
    def failed_attempts(self) -> int:
        return failures_of_open(self.trying) if self.trying else 0


def failing_now(*, now: datetime, most: int = MOST_COUNTED) -> list[Failing]:
    """The scheduled jobs whose newest run failed, or is tried again; one query when there are none.

    At most so many runs of each are given, and none that ran while the clock was ahead.
    """
    known = Run.objects.filter(state__in=_TRIED, occurrence__lte=now + AHEAD).order_by("-occurrence")
    newest = known.filter(job=OuterRef("pk"))
    # By the state alone, of which few are open: by job it would be all of the job's runs that are passed.
    tried = Run.objects.filter(state__in=OPEN_STATES, attempt__gt=0).exclude(
        state=RunState.RUNNING, attempt=1
    )
    suspects: Iterable[Any] = list(
        Job.objects.filter(schedule__isnull=False)
        .select_related("schedule", "after__schedule")
        .annotate(newest_state=Subquery(newest.values("state")[:1]))
        .filter(Q(newest_state=RunState.FAILED) | Q(pk__in=tried.order_by().values("job")))
        .order_by("name")
    )
    trying = {run.job_id: run for run in tried.order_by("occurrence")} if suspects else {}
    return [_failing(job, trying.get(job.pk), known.filter(job=job)[:most]) for job in suspects]


def interval_of_next(job: Job) -> timedelta | None:
    """From its next occurrence, or one of long ago, to the one after; of the job it runs after, if any."""
    next_run = job.schedule.next_run if job.schedule else None
    return interval_after(job, next_run or EPOCH)


def _failing(job: Any, trying: Run | None, newest: Iterable[Run]) -> Failing:
    failed: tuple[Run, ...] = ()
    if job.newest_state == RunState.FAILED:
        failed = tuple(takewhile(lambda run: run.state == RunState.FAILED, newest))
    return Failing(job=job, interval=interval_of_next(job), runs=failed, trying=trying)
