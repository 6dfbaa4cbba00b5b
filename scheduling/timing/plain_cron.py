"""Cron once more, deliberately plain: a clock on the wall, walked along minute by minute.

For checking what `crontab` says, with which it shares nothing: no library, and no jumps.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
# A clock that is set back repeats at most a day, so what it showed first lies within this.
RUN_UP = timedelta(days=2)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fields:
    """What an expression names. Days are numbers, and words such as L, 5L or 1#2."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int | str]
    months: frozenset[int]
    weekdays: frozenset[int | str]
    both_days: bool
    once_a_day: bool

    def has(self, wall: datetime) -> bool:
        return wall.minute in self.minutes and wall.hour in self.hours and _has_date(self, wall.date())


def plain_matches(expression: str, time_zone: str, *, start: datetime, end: datetime) -> Iterator[datetime]:
    """The matches of a valid expression from `start` to `end`, both included, oldest first."""
    fields, zone = _read(expression), ZoneInfo(time_zone)
    instant = (start - RUN_UP).replace(second=0, microsecond=0)
    newest = _wall(instant - MINUTE, zone)
    while instant <= end:
        wall = _wall(instant, zone)
        found = set()
        if not fields.once_a_day:
            is_shown = fields.has(wall)
        else:
            is_shown = wall > newest and fields.has(wall)
            if _swallowed(fields, newest + MINUTE, wall):
                found.add(instant)
            newest = max(newest, wall)
        if is_shown:
            found |= {instant + timedelta(seconds=second) for second in fields.seconds}
        yield from (one for one in sorted(found) if start <= one <= end)
        instant += MINUTE


def _swallowed(fields: _Fields, begin: datetime, end: datetime) -> bool:
    """Whether a minute that the clock never showed matches."""
    while begin < end:
        if fields.has(begin):
            return True
        begin += MINUTE
    return False


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, second=0)


@lru_cache(maxsize=256)
def _read(expression: str) -> _Fields:
    parts = expression.upper().split()
    seconds = "0" if len(parts) == 5 else parts.pop(0)
    minute, hour, day, month, weekday = parts
    return _Fields(
        seconds=_numbers(seconds, 0, 59),
        minutes=_numbers(minute, 0, 59),
        hours=_numbers(hour, 0, 23),
        days=_items(day, 1, 31),
        months=_numbers(month, 1, 12, names=_MONTHS, first_name=1),
        weekdays=_items(weekday, 0, 7, names=_DAYS),
        both_days=day.startswith("*") or weekday.startswith("*"),
        once_a_day=not (minute.startswith("*") or hour.startswith("*")),
    )


def _numbers(
    text: str, low: int, high: int, *, names: tuple[str, ...] = (), first_name: int = 0
) -> frozenset[int]:
    items = _items(text, low, high, names=names, first_name=first_name)
    return frozenset(item for item in items if isinstance(item, int))


def _items(
    text: str, low: int, high: int, *, names: tuple[str, ...] = (), first_name: int = 0
) -> frozenset[int | str]:
    found: set[int | str] = set()
    for term in text.split(","):
        for place, name in enumerate(names):
            term = term.replace(name, str(place + first_name))
        span, _, step = term.partition("/")
        if "L" in span or "#" in span:
            found.add(span)
            continue
        begin, _, end = (f"{low}-{high}" if span == "*" else span).partition("-")
        # A single number with steps goes on to the last there is, also when it is written as a span.
        is_single = end in ("", begin)
        last = high if step and is_single else int(end or begin)
        found.update(range(int(begin), last + 1, int(step or 1)))
    return frozenset(found)


@lru_cache(maxsize=4_096)
def _has_date(fields: _Fields, day: date) -> bool:
    by_day, by_weekday = _has_day(fields.days, day), _has_weekday(fields.weekdays, day)
    wanted = by_day and by_weekday if fields.both_days else by_day or by_weekday
    return day.month in fields.months and wanted


def _has_day(days: frozenset[int | str], day: date) -> bool:
    last = date(day.year, day.month, monthrange(day.year, day.month)[1])
    last_weekday = last - timedelta(days=max(0, last.isoweekday() - 5))
    return day.day in days or ("L" in days and day == last) or ("LW" in days and day == last_weekday)


def _has_weekday(weekdays: frozenset[int | str], day: date) -> bool:
    is_last = day.day + 7 > monthrange(day.year, day.month)[1]
    # Sunday is 0 and 7.
    return any(
        number in weekdays
        or f"{number}#{(day.day + 6) // 7}" in weekdays
        or (is_last and f"{number}L" in weekdays)
        for number in {day.isoweekday(), day.isoweekday() % 7}
    )
