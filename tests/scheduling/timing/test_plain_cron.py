"""The second reading of cron agrees with the first, on ordinary days and on those when clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest

from scheduling.timing.crontab import matches
from scheduling.timing.plain_cron import plain_matches

# Right before a clock is set forward, back, by half an hour, and over a whole day.
CHANGES = [
    ("Europe/Zurich", datetime(2024, 3, 31, 0, 59, 30, tzinfo=UTC)),
    ("Europe/Zurich", datetime(2024, 10, 27, 0, 59, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2024, 4, 6, 14, 59, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2024, 10, 5, 15, 29, 30, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 9, 59, 30, tzinfo=UTC)),
    ("UTC", datetime(2024, 2, 29, 23, 59, 30, tzinfo=UTC)),
]
EXPRESSIONS = [
    "* * * * *",
    "*/7 */2 * * *",
    "30 2 * * *",
    "5,35 1-3 * * *",
    "15 10 2,3 * * *",
    "*/20 * * * * SUN",
    "10/25 5 L * MON-FRI",
    "0 12 LW JAN-DEC/2 *",
    "0 0 31 * 5L,1#1",
    "0 0 1-7 * 0-7/3",
]


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_both_readings_give_the_same(zone: str, change: datetime, expression: str) -> None:
    start, end = change - timedelta(hours=3), change + timedelta(hours=27)
    first = matches(expression, zone, start - timedelta(microseconds=1))

    plain = list(plain_matches(expression, zone, start=start, end=end))

    assert plain == list(takewhile(lambda instant: instant <= end, first))
