"""When a job runs from now on: by a new cadence, from a new start, or after another job."""

from datetime import datetime, timedelta

from scheduling.exceptions import CadenceError, RefusedError
from scheduling.ledger.patience import briefly
from scheduling.models import Job, Run, RunTrigger
from scheduling.operations.naming import job_named
from scheduling.operations.setting_up import write_cadence
from scheduling.timing.cadence import Cadence, Cron


def retime(
    job: Job, *, cadence: Cadence | None, start: datetime | None, after: str | None, now: datetime
) -> None:
    schedule = job.schedule
    assert schedule is not None, "job_named gives scheduled jobs"
    if after is not None:
        job.after = _leader(job, after)
        schedule.next_run = None if job.after else schedule.next_run
    if cadence is not None:
        write_cadence(schedule, job, cadence)
        job.after, job.stretch = None, 1
    if start is not None:
        require_clock(job)
        schedule.next_run = _first_from(start, cadence=job.cadence)
    elif cadence is not None or (job.after is None and schedule.next_run is None):
        schedule.next_run = next_by(job, stood=schedule.next_run, now=now)


def require_clock(job: Job) -> None:
    """Raise `RefusedError` for a job that runs after another one: it would run by the clock as well."""
    if job.after is not None:
        raise RefusedError(
            f"{job.name} runs after each success of {job.after.name}, not by the clock. "
            f"Take that away first: empty `after` of its job, or `scheduler set {job.name} --after none`."
        )


def next_by(job: Job, *, stood: datetime | None, now: datetime) -> datetime:
    """When a job whose cadence was changed runs next: an interval after its last occurrence, not before now.

    What lies on the clock's own grid, and a cron, take their next match. A job that never ran keeps the
    next run that `stood` there, unless the new interval brings it sooner.
    """
    cadence = job.cadence
    last = _last_occurrence(job, now=now)
    if isinstance(cadence, Cron) or cadence.offset is not None:
        before_now = now - timedelta(microseconds=1)
        return _after(max(before_now, last) if last else before_now, cadence)
    if last is not None:
        return max(_after(last, cadence), now)
    return min(max(stood, now), _after(now, cadence)) if stood else now


def _after(instant: datetime, cadence: Cadence) -> datetime:
    try:
        return cadence.after(instant)
    except OverflowError as exc:
        raise CadenceError(f"{cadence} is too long: it ends after every date.") from exc


def _last_occurrence(job: Job, *, now: datetime) -> datetime | None:
    """The newest that the clock, or the job before it, asked for."""
    by_itself = (RunTrigger.SCHEDULE, RunTrigger.CHAIN)
    runs = Run.objects.filter(job=job, trigger__in=by_itself, occurrence__lte=now)
    return runs.order_by("-occurrence").values_list("occurrence", flat=True).first()


def _first_from(instant: datetime, *, cadence: Cadence) -> datetime:
    """The first occurrence from an instant on; an interval without a grid begins right there."""
    if isinstance(cadence, Cron) or cadence.offset is not None:
        return cadence.after(instant - timedelta(microseconds=1))
    return instant


def _leader(job: Job, name: str) -> Job | None:
    """The job to run after, None for an empty name; raises `RefusedError` when both would wait for ever."""
    if not name:
        return None
    leader = job_named(name)
    if leader.pk == job.pk:
        raise RefusedError(f"{job.name} cannot run after itself.")
    ahead: Job | None = leader
    while ahead is not None:
        if ahead.pk == job.pk:
            raise RefusedError(f"{job.name} cannot run after {name}: that one runs after {job.name}.")
        # Nobody changes whom it runs after until we commit, or ours would be the last of a circle.
        ahead = briefly(Job.objects.select_for_update(no_key=True).filter(pk=ahead.pk)).get().after
    return leader
