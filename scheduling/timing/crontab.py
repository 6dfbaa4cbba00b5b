"""When a cron expression matches, in a time zone that may jump: pure arithmetic on wall clock and instants.

What names an hour and a minute (neither begins with a star) happens once a day whatever the clock does, as
Debian's cron has it: in a repeated hour the first time, and right after a hole that swallowed it. All else
follows the clock on the wall: it happens twice in a repeated hour, and not in a hole.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from scheduling.exceptions import CadenceError

# Files in the zones' folder that are no zones: whatever this machine is set to, and nothing at all.
NOT_ZONES = {"localtime", "Factory"}
# No zone changes its offset twice within this.
STEADY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def matches(expression: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    """The matches strictly after an instant, in UTC, each later than the one before; the search for one
    ends after fifty years.

    Raises `CadenceError` for an expression that is malformed or never matches (again), and for a name that
    is no time zone of the IANA's.
    """
    zone = zone_named(time_zone)
    search = _of_day_times if _names_hour_and_minute(expression) else _on_the_wall
    try:
        yield from search(expression, zone, after)
    except CronSimError as exc:
        raise CadenceError(f"The cron expression {expression!r} is not valid: {exc}.") from exc
    except OverflowError as exc:
        raise CadenceError(f"The cron expression {expression!r} leads beyond the calendar.") from exc
    raise CadenceError(f"The cron expression {expression!r} never fires.")


def newest_match(expression: str, time_zone: str, *, until: datetime) -> datetime:
    """The last match that does not lie after an instant; raises as `matches` does."""
    back = SECOND
    while (first := next(matches(expression, time_zone, until - back))) > until:
        back *= 2
    # The greatest instant whose next match is not after `until` lies right before the last one.
    low, high = first - SECOND, until
    while high - low > SECOND / 2:
        middle = low + (high - low) / 2
        if (found := next(matches(expression, time_zone, middle))) > until:
            high = middle
        else:
            low, first = middle, found
    return first


@lru_cache(maxsize=256)
def zone_named(name: str) -> ZoneInfo:
    """The zone; raises `CadenceError` unless it is the IANA's, the same on every host and case by case."""
    if name not in _zone_names():
        raise CadenceError(f"There is no time zone {name!r}; write it like Europe/Zurich.")
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones() - NOT_ZONES)


def _names_hour_and_minute(expression: str) -> bool:
    parts = expression.split()
    minute_and_hour = parts[1:3] if len(parts) == 6 else parts[:2]
    return not any(part.startswith("*") for part in minute_and_hour)


def _of_day_times(expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    # Later on the wall is never earlier in time, since each time of the wall stands for one instant.
    newest = after
    for match in CronSim(expression, after.astimezone(zone).replace(tzinfo=None)):
        instant = _instant_of(match, zone)
        if instant > newest:
            yield instant
            newest = instant


def _instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock shows this, or the end of the hole that swallowed it."""
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # In a hole, fold 0 reckons with the offset before it, and so comes out behind its end.
    return _next_change(instant - STEADY, instant, zone) or instant


def _on_the_wall(expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Stretch by stretch, each of one offset, within which wall and time are the same but for that."""
    begin, wall = after, (after + _offset(after, zone)).replace(tzinfo=None)
    while True:
        steady_until, change = begin, None
        for match in CronSim(expression, wall):
            instant = match.replace(tzinfo=UTC) - _offset(begin, zone)
            if change is None and instant > steady_until:
                ahead = max(instant, steady_until + STEADY)
                steady_until, change = ahead, _next_change(steady_until, ahead, zone)
            if change is not None and instant >= change:
                break
            yield instant
        if change is None:
            return
        # The first second of the new stretch may match as well.
        begin, wall = change, (change + _offset(change, zone)).replace(tzinfo=None) - SECOND


def _next_change(begin: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """The first instant after `begin`, and not after `end`, from which another offset holds."""
    offset, low = _offset(begin, zone), begin
    while low < end:
        high = min(low + STEADY, end)
        if _offset(high, zone) != offset:
            while high - low > SECOND / 2:
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(middle, zone) == offset else (low, middle)
            return _to_the_second(high)
        low = high
    return None


def _to_the_second(instant: datetime) -> datetime:
    """Offsets change at whole seconds; the search came less than one behind it."""
    return instant.replace(microsecond=0)


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None, "a zone has an offset at any time"
    return offset
