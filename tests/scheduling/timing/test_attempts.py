"""How often a run is tried, and how long it waits in between."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.timing.attempts import JITTER, waits_between_attempts, with_jitter

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def waits(interval: timedelta | None, *, most: int = 20, first_wait: timedelta = SECOND) -> list[float]:
    found = waits_between_attempts(most=most, first_wait=first_wait, interval=interval)
    return [wait.total_seconds() for wait in found]


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (SECOND, [0.2, 0.2]),
        (10 * SECOND, [1, 2]),
        (60 * SECOND, [1, 10, 12]),
        (HOUR, [1, 10, 60, 300, 720]),
        (6 * HOUR, [1, 10, 60, 300, 1200, 3600, 3469]),
    ],
)
def test_attempts_are_spread_over_half_of_the_interval(interval: timedelta, expected: list[float]) -> None:
    assert waits(interval) == expected


def test_the_most_attempts_and_the_first_wait_are_the_jobs_own() -> None:
    assert waits(6 * HOUR, most=3) == [1, 10]
    assert waits(6 * HOUR, most=1) == []
    assert waits(6 * HOUR, first_wait=30 * SECOND) == [30, 300, 1800, 3600, 2910]


def test_what_nothing_asks_for_again_is_tried_as_often_as_it_says() -> None:
    assert waits(None, most=4) == [1, 10, 60]
    assert waits(None, most=9)[-2:] == [3600, 3600]


@given(
    seconds=st.integers(min_value=1, max_value=10**8),
    most=st.integers(min_value=1, max_value=100),
    first=st.floats(min_value=0.001, max_value=10**7),
)
def test_all_of_them_end_within_half_of_the_interval_whatever_the_jitter(
    seconds: int, most: int, first: float
) -> None:
    interval = timedelta(seconds=seconds)

    found = waits_between_attempts(most=most, first_wait=timedelta(seconds=first), interval=interval)

    assert len(found) < most
    assert all(wait > timedelta(0) for wait in found)
    assert sum(found, timedelta(0)) * (1 + JITTER) <= interval / 2 + timedelta(milliseconds=1)


def test_what_failed_together_is_not_tried_again_together() -> None:
    spread = {with_jitter(HOUR) for _ in range(20)}

    assert len(spread) == 20
    assert HOUR <= min(spread) <= max(spread) <= HOUR * (1 + JITTER)
