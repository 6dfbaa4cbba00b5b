"""Which occurrences of the past a backfill is for."""

from datetime import datetime

from scheduling.exceptions import RefusedError
from scheduling.models import Job
from scheduling.timing.cadence import occurrences_between
from scheduling.timing.instants import show_instant

# More than this at once is a mistake in a date rather than a wish.
MOST_BACKFILLED = 1_000


def past_occurrences(job: Job, *, start: datetime, end: datetime, now: datetime) -> list[datetime]:
    """Those between two instants; raises `RefusedError` when there are none, too many, or some to come."""
    if end > now:
        raise RefusedError("A backfill ends in the past; what is to come runs by itself.")
    if start > end:
        raise RefusedError("A backfill begins before it ends.")
    anchor = job.schedule.next_run if job.schedule else None
    if anchor is None:
        raise RefusedError(f"{job.name} does not run by the clock, so it has no occurrences to make up for.")
    found: list[datetime] = []
    for occurrence in occurrences_between(start, end, cadence=job.cadence, anchor=anchor):
        found.append(occurrence)
        if len(found) > MOST_BACKFILLED:
            raise RefusedError(f"That is more than {MOST_BACKFILLED} occurrences; take a shorter time.")
    if not found:
        raise RefusedError(
            f"{job.name} has no occurrence between {show_instant(start)} and {show_instant(end)}."
        )
    return found
