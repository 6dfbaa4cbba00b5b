"""When a job is due."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.exceptions import CadenceError
from scheduling.timing.cadence import (
    Cadence,
    Cron,
    Due,
    Every,
    due_at,
    occurrences_between,
    occurrences_from,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

instants = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
    allow_imaginary=False,
)
intervals = st.integers(1, 10_000_000).map(Every)
crons = st.builds(
    Cron,
    st.sampled_from(
        [
            "0 */6 * * *",
            "*/7 * * * *",
            "30 2 * * *",
            "0 0 29 2 *",
            "15 4 * * SUN",
            "*/20 * * * * *",
            "0 12 L * *",
        ]
    ),
    st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
cadences: st.SearchStrategy[Cadence] = st.one_of(intervals, crons)


@given(cadence=cadences, first=instants)
def test_occurrences_only_go_forward(cadence: Cadence, first: datetime) -> None:
    found = list(islice(occurrences_from(first, cadence=cadence), 20))

    assert found == sorted(set(found))
    assert all(occurrence.tzinfo == UTC for occurrence in found)


@given(cadence=cadences, first=instants, steps=st.integers(0, 40), fraction=st.floats(0, 0.999))
def test_what_is_due_is_the_newest_occurrence_and_what_was_missed_is_counted(
    cadence: Cadence, first: datetime, steps: int, fraction: float
) -> None:
    found = list(islice(occurrences_from(first, cadence=cadence), steps + 2))
    now = found[steps] + (found[steps + 1] - found[steps]) * fraction

    assert due_at(now, cadence=cadence, first=first) == Due(
        occurrences=(found[steps],), missed=steps, following=found[steps + 1]
    )


@given(
    cadence=cadences,
    first=instants,
    pauses=st.lists(st.integers(0, 3), min_size=1, max_size=12),
)
def test_however_time_is_cut_the_same_occurrences_are_claimed_or_counted_as_missed(
    cadence: Cadence, first: datetime, pauses: list[int]
) -> None:
    """Ticks come at any intervals; claimed and missed together are every occurrence, once."""
    grid = list(islice(occurrences_from(first, cadence=cadence), sum(pauses) + len(pauses) + 2))
    next_run, missed, at = first, 0, 0
    claimed: list[datetime] = []
    for pause in pauses:
        at += pause
        if next_run > grid[at]:
            continue
        due = due_at(grid[at], cadence=cadence, first=next_run)
        claimed += due.occurrences
        missed += due.missed
        assert due.following is not None
        next_run = due.following

    covered = grid[: grid.index(next_run)]
    assert len(claimed) + missed == len(covered)
    assert set(claimed) <= set(covered)


@given(seconds=st.integers(1, 1_000_000), late=st.floats(0, 5), first=instants)
def test_an_interval_never_drifts_off_its_grid(seconds: int, late: float, first: datetime) -> None:
    due = due_at(first + timedelta(seconds=late), cadence=Every(seconds), first=first)

    assert due.following is not None
    assert (due.following - first) % timedelta(seconds=seconds) == timedelta(0)


def test_a_cron_is_read_in_its_time_zone_on_both_sides_of_a_clock_change() -> None:
    zurich = Cron("0 */6 * * *", "Europe/Zurich")
    evening_before = datetime(2026, 10, 24, 17, tzinfo=UTC)

    local = [
        f"{occurrence.astimezone(ZoneInfo('Europe/Zurich')):%d %H:%M %z}"
        for occurrence in islice(occurrences_from(zurich.after(evening_before), cadence=zurich), 4)
    ]

    assert local == ["25 00:00 +0200", "25 06:00 +0100", "25 12:00 +0100", "25 18:00 +0100"]


def test_a_daily_cron_in_the_hour_that_is_skipped_in_spring_still_fires_that_day() -> None:
    nightly = Cron("30 2 * * *", "Europe/Zurich")
    days = [
        occurrence.astimezone(ZoneInfo("Europe/Zurich")).day
        for occurrence in islice(
            occurrences_from(nightly.after(datetime(2026, 3, 27, 12, tzinfo=UTC)), cadence=nightly), 4
        )
    ]

    assert days == [28, 29, 30, 31]


def test_a_daily_cron_in_the_hour_that_comes_twice_in_autumn_fires_once() -> None:
    nightly = Cron("30 2 * * *", "Europe/Zurich")
    days = [
        occurrence.astimezone(ZoneInfo("Europe/Zurich")).day
        for occurrence in islice(
            occurrences_from(nightly.after(datetime(2026, 10, 23, 12, tzinfo=UTC)), cadence=nightly), 4
        )
    ]

    assert days == [24, 25, 26, 27]


def test_a_leap_day_is_waited_for() -> None:
    assert Cron("0 0 29 2 *").after(NOON) == datetime(2028, 2, 29, tzinfo=UTC)


def test_six_fields_begin_with_the_seconds() -> None:
    assert Cron("*/20 * * * * *").after(NOON) == NOON + timedelta(seconds=20)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Every(0), "one second is the shortest"),
        (lambda: Every(-5), "one second is the shortest"),
        (lambda: Cron("0 0 30 2 *"), "Bad day-of-month"),
        (lambda: Cron("0 0 * *"), "not valid"),
        (lambda: Cron("61 * * * *"), "not valid"),
        (lambda: Cron(""), "not valid"),
        (lambda: Cron("0 0 * * *", "Europe/Atlantis"), "no time zone 'Europe/Atlantis'"),
        (lambda: Cron("0 0 * * *", "../etc/passwd"), "no time zone"),
        (lambda: Cron("0 0 * * *", ""), "no time zone"),
        (lambda: Cron("0 0 * * *", "America"), "no time zone 'America'"),
        (lambda: Cron("0 0 * * *", "x" * 300), "no time zone"),
    ],
)
def test_a_cadence_that_cannot_be_is_refused_when_it_is_made(make: object, message: str) -> None:
    with pytest.raises(CadenceError, match=message):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("cadence", "text"),
    [
        (Every(1), "every 1 s"),
        (Every(90), "every 90 s"),
        (Every(600), "every 10 min"),
        (Every(21_600), "every 6 h"),
        (Every(172_800), "every 2 d"),
        (Cron("0 */6 * * *"), "cron 0 */6 * * *"),
        (Cron("0 */6 * * *", "Asia/Tokyo"), "cron 0 */6 * * * Asia/Tokyo"),
    ],
)
def test_a_cadence_says_what_it_is(cadence: Cadence, text: str) -> None:
    assert str(cadence) == text


def test_counting_what_a_cron_missed_ends_somewhere() -> None:
    every_second = Cron("* * * * * *")
    now = NOON + timedelta(days=2)

    due = due_at(now, cadence=every_second, first=NOON)

    assert due == Due(occurrences=(now,), missed=99_999, following=now + timedelta(seconds=1))


@given(
    cadence=cadences,
    first=instants,
    steps=st.integers(0, 30),
    wanted=st.integers(0, 40),
    at_most=st.none() | st.integers(1, 40),
    end=st.none() | st.integers(0, 40),
)
def test_all_that_is_due_is_given_or_counted_within_its_window_count_and_end(
    cadence: Cadence, first: datetime, steps: int, wanted: int, at_most: int | None, end: int | None
) -> None:
    grid = list(islice(occurrences_from(first, cadence=cadence), 50))
    ends_at = None if end is None else grid[end]
    allowed = [at for at in grid if ends_at is None or at <= ends_at][:at_most]
    expected = [at for at in allowed if at <= grid[steps]]
    inside = [at for at in expected if at >= grid[wanted]] or expected[-1:]

    due = due_at(
        grid[steps], cadence=cadence, first=first, ends_at=ends_at, at_most=at_most, since=grid[wanted]
    )

    assert list(due.occurrences) == inside
    assert due.missed == len(expected) - len(inside)
    assert due.following == next((at for at in allowed if at > grid[steps]), None)


@given(seconds=st.integers(1, 100_000), offset=st.integers(0, 100_000), instant=instants)
def test_an_interval_with_an_offset_lies_on_the_clocks_grid(
    seconds: int, offset: int, instant: datetime
) -> None:
    following = Every(seconds, offset).after(instant)

    assert instant < following <= instant + timedelta(seconds=seconds)
    assert (int(following.timestamp()) - offset) % seconds == 0
    assert following.microsecond == 0


@given(cadence=cadences, anchor=instants, back=st.integers(0, 20), length=st.integers(0, 20))
def test_occurrences_of_the_past_are_those_that_lead_to_the_next_run(
    cadence: Cadence, anchor: datetime, back: int, length: int
) -> None:
    grid = list(islice(occurrences_from(cadence.after(anchor), cadence=cadence), 45))
    start, end = grid[back], grid[back + length]

    found = list(occurrences_between(start, end, cadence=cadence, anchor=grid[44]))

    assert found == grid[back : back + length + 1]
