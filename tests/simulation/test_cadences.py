"""What the observer reckons for itself, where the clock on the wall jumps."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from tests.simulation.cadences import after_each
from tests.simulation.jobs import ZONE
from tests.simulation.simulation import JUMPS

BACK, FORWARD = JUMPS


def _next(cron: str, after: datetime, *, count: int) -> list[str]:
    found = after_each(cron, ZONE, every=0)(after)
    return [f"{one:%d %H:%M}" for one in islice(found, count)]


def test_seeds_jump_when_the_clock_on_the_wall_does() -> None:
    zone, second, hour = ZoneInfo(ZONE), timedelta(seconds=1), timedelta(hours=1)
    offsets = [[at.astimezone(zone).utcoffset() for at in (jump - second, jump)] for jump in JUMPS]

    assert offsets == [[2 * hour, hour], [hour, 2 * hour]]


def test_what_names_an_hour_happens_once_a_day_whatever_the_clock_does() -> None:
    day = timedelta(days=1)
    assert _next("30 2 * * *", BACK - day, count=3) == ["25 00:30", "26 01:30", "27 01:30"]
    assert _next("30 2 * * *", FORWARD - day, count=3) == ["27 01:30", "28 01:00", "29 00:30"]


def test_what_follows_the_clock_happens_twice_or_not_at_all() -> None:
    hours = timedelta(hours=3)
    assert _next("*/30 2 * * *", BACK - hours, count=5) == [
        *("25 00:00", "25 00:30", "25 01:00", "25 01:30", "26 01:00"),
    ]
    assert _next("*/30 2 * * *", FORWARD - hours, count=2) == ["29 00:00", "29 00:30"]


def test_an_interval_is_added_to_the_occurrence_before() -> None:
    found = after_each(None, ZONE, every=10)(datetime(2026, 11, 23, 12, tzinfo=UTC))

    assert [one.second for one in islice(found, 3)] == [10, 20, 30]
