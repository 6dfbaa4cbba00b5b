"""What is to come of a job, as far as its cadence says."""

from datetime import datetime, timedelta
from itertools import islice, takewhile

from scheduling.exceptions import CadenceError
from scheduling.models import Job
from scheduling.timing.cadence import due_at, occurrences_from


def coming_occurrences(job: Job, *, count: int, now: datetime) -> list[datetime]:
    """The next occurrences of a job, at most so many.

    None for one that runs after another, that is over, or whose pause has no end; those after the pause
    when it has one.
    """
    try:
        first = _first(job, now=now)
        if first is None:
            return []
        coming = occurrences_from(first, cadence=job.cadence)
        if (end := job.ends_at) is not None:
            coming = takewhile(lambda occurrence: occurrence <= end, coming)
        left = job.schedule.repeats if job.schedule else -1
        return list(islice(coming, count if left < 0 else min(count, left)))
    except (CadenceError, OverflowError):
        return []


def _first(job: Job, *, now: datetime) -> datetime | None:
    next_run: datetime | None = job.schedule.next_run if job.schedule else None
    if next_run is None or job.paused_at is None:
        return next_run
    if job.paused_until is None:
        return None
    # As resuming reckons it.
    goes_on = max(job.paused_until, now) - timedelta(microseconds=1)
    if next_run > goes_on:
        return next_run
    return due_at(goes_on, cadence=job.cadence, first=next_run, ends_at=job.ends_at).following
