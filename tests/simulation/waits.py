"""How long a run waits for each further attempt, reckoned once more without what is tried (decision 12)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from scheduling.models import Job
from tests.simulation.cadences import after_each

Waits = Callable[[datetime], tuple[timedelta, ...]]
# In first waits; the last one again and again.
STEPS = (1, 10, 60, 300, 1_200, 3_600)
HOUR = timedelta(hours=1)


def waits_by(job: Job) -> Waits:
    """By occurrence. Who follows another job has its interval; a stretched job is tried once."""
    source = job.after or job
    schedule, every = source.schedule, source.every_seconds
    if schedule is None or not (schedule.cron or every):
        waits = waits_between(job.max_attempts, job.backoff, interval=None)
    elif schedule.cron:
        occurrences = after_each(schedule.cron, source.time_zone, every=0)
        return lambda occurrence: waits_between(
            job.max_attempts, job.backoff, interval=next(occurrences(occurrence)) - occurrence
        )
    else:
        waits = waits_between(job.max_attempts, job.backoff, interval=timedelta(seconds=every or 0))
    return lambda _: waits


def waits_between(most: int, first_wait: timedelta, *, interval: timedelta | None) -> tuple[timedelta, ...]:
    """With a quarter of jitter they fill half of the interval; the last may be cut to three quarters."""
    room, longest = None, max(HOUR, first_wait)
    if interval is not None:
        room = interval / 2.5
        longest = min(longest, room / 2)
    waits: list[timedelta] = []
    for number in range(most - 1):
        wait = min(first_wait * STEPS[min(number, len(STEPS) - 1)], longest)
        left = wait if room is None else room - sum(waits, timedelta(0))
        if left * 4 < wait * 3:
            break
        waits.append(min(wait, left))
    return tuple(waits)
