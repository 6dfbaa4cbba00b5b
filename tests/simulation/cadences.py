"""When a job is due, reckoned once more without what is tried: by adding, and by a clock on a wall."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache, partial

from scheduling.timing.plain_cron import plain_matches

# Those strictly after an instant, without end.
Occurrences = Callable[[datetime], Iterator[datetime]]
# So much is walked along at once.
STRETCH = timedelta(days=2)


def after_each(cron: str | None, time_zone: str, *, every: int) -> Occurrences:
    """Of a job of that cron, or else of that interval in seconds."""
    return partial(_matches, cron, time_zone) if cron else partial(_added, timedelta(seconds=every))


def _added(every: timedelta, after: datetime) -> Iterator[datetime]:
    while True:
        after += every
        yield after


def _matches(cron: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    day = after.replace(hour=0, minute=0, second=0, microsecond=0)
    while True:
        yield from (one for one in _within(cron, time_zone, day) if one > after)
        day += STRETCH


@lru_cache(maxsize=512)
def _within(cron: str, time_zone: str, day: datetime) -> tuple[datetime, ...]:
    until = day + STRETCH - timedelta(seconds=1)
    return tuple(plain_matches(cron, time_zone, start=day, end=until))
