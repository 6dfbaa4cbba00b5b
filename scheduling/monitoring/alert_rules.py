"""What is wrong with the schedules, for alerts."""

from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from scheduling.models import Job, Run, RunState
from scheduling.monitoring import readiness
from scheduling.monitoring.alerts import Trouble

FAILURES_IN_A_ROW = 3
# Missed occurrences are told of for this long; there is nothing to be mended.
TELL_OF_MISSED = timedelta(minutes=10)
_TRIED = (RunState.SUCCEEDED, RunState.FAILED)


def failing_jobs(*, now: datetime) -> list[Trouble]:
    """The jobs whose newest runs, several in a row, have all failed."""
    newest = Run.objects.filter(job=OuterRef("pk"), state__in=_TRIED).order_by("-occurrence")
    suspects = (
        Job.objects.filter(schedule__isnull=False)
        .annotate(newest_state=Subquery(newest.values("state")[:1]))
        .filter(newest_state=RunState.FAILED)
        .order_by("name")
    )
    return [trouble for job in suspects if (trouble := _failures_of(job)) is not None]


def late_jobs(*, now: datetime) -> list[Trouble]:
    """The jobs whose time has come and that do not run."""
    return [Trouble(subject=late.name, message=late.problem) for late in readiness.late_jobs(now=now)]


def missed_occurrences(*, now: datetime) -> list[Trouble]:
    """The jobs that missed occurrences, as the first run after that found."""
    found = Run.objects.filter(
        finished_at__gte=now - TELL_OF_MISSED, missed_before__gt=0, job__schedule__isnull=False
    )
    return [
        Trouble(
            subject=run.job.name,
            message=f"{run.job.name} missed {run.missed_before} occurrences before "
            f"{run.occurrence:%Y-%m-%d %H:%M:%S}Z, while no dispatcher ran.",
        )
        for run in found.select_related("job").order_by("occurrence")
    ]


def _failures_of(job: Job) -> Trouble | None:
    """A job that pauses itself after fewer failures is failing then."""
    enough = min(FAILURES_IN_A_ROW, job.pause_after_failures or FAILURES_IN_A_ROW)
    newest = list(Run.objects.filter(job=job, state__in=_TRIED).order_by("-occurrence")[:enough])
    if [run.state for run in newest] != [RunState.FAILED] * enough:
        return None
    reason = newest[0].error.partition("\n")[0]
    return Trouble(
        subject=job.name,
        message=f"The last {enough} runs of {job.name} have failed, the newest with: {reason}",
    )
