"""Cron expressions where the clock on the wall jumps, names that are no zones, and matches far away."""

import time
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.exceptions import CadenceError
from scheduling.timing.cadence import Cron, due_at
from scheduling.timing.crontab import NOT_ZONES

MINUTE = timedelta(minutes=1)
ZURICH = "Europe/Zurich"
# Half an hour, a hole at midnight, a whole day left out, negative summer time, and the ordinary ones.
ZONES = [
    ZURICH,
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Pacific/Apia",
    "Europe/Dublin",
]
AROUND = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 4, 5, 3, tzinfo=UTC),
    datetime(2026, 9, 6, 4, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
]
ON_THE_WALL = ["*/7 * * * *", "15,45 * * * *", "*/10 1-3 * * *", "0 */10 2 * * *", "30 */20 * * * *"]
TIMES_OF_DAY = ["30 2 * * *", "0 30 2 * * *", "15,45 1-3 * * *", "0 0 0 * * *", "59 23 * * *"]


def shown(cron: Cron, start: datetime, count: int) -> list[str]:
    return [f"{instant:%d %H:%M}" for instant in islice(cron.all_after(start), count)]


@given(
    zone=st.sampled_from(ZONES),
    expression=st.sampled_from(ON_THE_WALL + TIMES_OF_DAY),
    around=st.sampled_from(AROUND),
    seconds=st.integers(min_value=-200_000, max_value=200_000),
)
def test_the_next_match_is_later_and_the_one_before_it_is_not(
    zone: str, expression: str, around: datetime, seconds: int
) -> None:
    cron, start = Cron(expression, zone), around + timedelta(seconds=seconds, microseconds=seconds % 7)

    found = list(islice(cron.all_after(start), 5))

    assert all(one < later for one, later in pairwise([start, *found]))
    assert [cron.after(one) for one in found[:-1]] == found[1:]
    assert cron.at_or_before(found[0]) == found[0]
    assert cron.at_or_before(found[1] - timedelta(microseconds=1)) == found[0]


@given(
    zone=st.sampled_from(ZONES),
    around=st.sampled_from(AROUND),
    minutes=st.integers(min_value=-1_000, max_value=1_000),
)
def test_what_follows_the_wall_matches_whatever_the_wall_shows(
    zone: str, around: datetime, minutes: int
) -> None:
    start = around + minutes * MINUTE
    walked = (start + n * MINUTE for n in range(1, 400))
    expected = [at for at in walked if at.astimezone(ZoneInfo(zone)).minute in (15, 45)]

    found = Cron("15,45 * * * *", zone).all_after(start)

    assert list(islice(found, len(expected))) == expected


@pytest.mark.parametrize("expression", ["30 2 * * *", "0 30 2 * * *"])
def test_a_time_of_the_day_comes_once_on_the_days_of_both_changes(expression: str) -> None:
    cron = Cron(expression, ZURICH)

    spring = shown(cron, datetime(2026, 3, 28, tzinfo=UTC), 3)
    autumn = shown(cron, datetime(2026, 10, 24, tzinfo=UTC), 3)

    assert spring == ["28 01:30", "29 01:00", "30 00:30"]
    assert autumn == ["24 00:30", "25 00:30", "26 01:30"]


def test_every_ten_minutes_goes_on_through_a_repeated_hour_and_not_in_a_hole() -> None:
    cron = Cron("*/30 * * * *", ZURICH)

    assert shown(cron, datetime(2026, 10, 25, 0, 10, tzinfo=UTC), 4) == [
        *("25 00:30", "25 01:00"),
        *("25 01:30", "25 02:00"),
    ]
    assert shown(cron, datetime(2026, 3, 29, 0, 40, tzinfo=UTC), 2) == ["29 01:00", "29 01:30"]


def test_in_every_zone_the_next_match_is_later() -> None:
    for zone in sorted(available_timezones() - NOT_ZONES):
        for cron in (Cron("30 2 * * *", zone), Cron("0 */30 * * * *", zone)):
            for around in AROUND[:3]:
                assert cron.after(around) > around, zone


@pytest.mark.parametrize(
    "name", ["localtime", "right/UTC", "posix/Europe/Zurich", "Factory", "posixrules", "utc", "../UTC", ""]
)
def test_what_is_no_zone_of_the_iana_is_refused(name: str) -> None:
    with pytest.raises(CadenceError, match="There is no time zone"):
        Cron("* * * * *", name)


@pytest.mark.parametrize("zone", ["UTC", ZURICH])
@pytest.mark.parametrize("expression", ["0 0 0 29 2 */7", "* * * 29 2 */7"])
def test_a_match_decades_off_is_found_within_a_tick(expression: str, zone: str) -> None:
    started = time.process_time()

    found = Cron(expression, zone).after(datetime(2032, 3, 1, tzinfo=UTC))

    assert f"{found.astimezone(ZoneInfo(zone)):%Y-%m-%d}" == "2060-02-29"
    assert time.process_time() - started < 0.5


def test_a_cron_that_never_fires_is_refused_after_a_bounded_search() -> None:
    started = time.process_time()

    with pytest.raises(CadenceError, match="never fires"):
        Cron("* * * */31 * MON#2", ZURICH)

    assert time.process_time() - started < 0.5


def test_a_cron_that_leads_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(CadenceError, match=r"beyond the calendar|never fires"):
        Cron("0 0 * * *").after(datetime(9999, 12, 31, 12, tzinfo=UTC))


def test_a_year_of_every_second_is_counted_in_a_moment() -> None:
    started, first = time.process_time(), datetime(2025, 6, 1, tzinfo=UTC)

    due = due_at(first + timedelta(days=365), cadence=Cron("* * * * * *", ZURICH), first=first)

    assert due.occurrences == (first + timedelta(days=365),)
    assert time.process_time() - started < 2.5
