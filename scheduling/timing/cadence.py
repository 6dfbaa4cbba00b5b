"""When a job is due: pure arithmetic on instants, without a clock or a database.

Instants are aware datetimes in UTC. An interval lies on the grid that its own occurrences
make, so a late tick never shifts it; a cron expression is read in its time zone.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile

from scheduling.exceptions import CadenceError
from scheduling.timing.crontab import matches, newest_match

# Counting what was missed stops here; a cron of every second would otherwise be walked for hours
# after a year of downtime.
MAX_COUNTED = 100_000

# Of what was missed, at most this many occurrences are made up for.
MAX_CAUGHT_UP = 1_000

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


@dataclass(frozen=True, slots=True)
class Every:
    """An interval of whole seconds, at least one.

    It lies on the grid of its own occurrences or, with an `offset`, on the clock's: at every
    whole multiple of the interval since 1970, and that many seconds later.
    """

    seconds: int
    offset: int | None = None

    def __post_init__(self) -> None:
        if self.seconds < 1:
            raise CadenceError(f"An interval of {self.seconds} s cannot be: one second is the shortest.")

    def __str__(self) -> str:
        for unit, size in _UNITS:
            if self.seconds % size == 0:
                grid = "" if self.offset is None else f" on the clock + {self.offset} s"
                return f"every {self.seconds // size} {unit}{grid}"
        raise AssertionError("unreachable: every whole number is a multiple of 1")

    def after(self, occurrence: datetime) -> datetime:
        """The first occurrence strictly after this one."""
        interval = timedelta(seconds=self.seconds)
        if self.offset is None:
            return occurrence + interval
        grid_start = EPOCH + timedelta(seconds=self.offset)
        return occurrence + interval - (occurrence - grid_start) % interval


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression of five fields, or six with the seconds first, in an IANA time zone."""

    expression: str
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        _require_match(self.expression, self.time_zone)

    def __str__(self) -> str:
        zone = "" if self.time_zone == "UTC" else f" {self.time_zone}"
        return f"cron {self.expression}{zone}"

    def after(self, instant: datetime) -> datetime:
        """The first match strictly after an instant.

        Raises `CadenceError` for an expression that is malformed or never matches, and for an
        unknown time zone.
        """
        return next(self.all_after(instant))

    def all_after(self, instant: datetime) -> Iterator[datetime]:
        """Every match strictly after an instant, at a fraction of the price of asking for each."""
        return matches(self.expression, self.time_zone, instant)

    def at_or_before(self, instant: datetime) -> datetime:
        """The newest match that does not lie after an instant."""
        return newest_match(self.expression, self.time_zone, until=instant)


Cadence = Every | Cron


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is due: the occurrences that are looked at, oldest first, and what lies before and after them.

    `missed` counts the due ones that are older; `following` is the first that is not due, None
    when there is none to come.
    """

    occurrences: tuple[datetime, ...]
    missed: int
    following: datetime | None


def due_at(
    now: datetime,
    *,
    cadence: Cadence,
    first: datetime,
    ends_at: datetime | None = None,
    at_most: int | None = None,
    since: datetime | None = None,
) -> Due:
    """What is due between `first`, the oldest occurrence not yet claimed, and `now`.

    The newest due occurrence is given, or with `since` all of them from then on. No occurrence
    lies after `ends_at`, and `at_most` are left in all.
    """
    horizon = min(now, ends_at) if ends_at else now
    if first > horizon or at_most == 0:
        ended = at_most == 0 or (ends_at is not None and first > ends_at)
        return Due(occurrences=(), missed=0, following=None if ended else first)
    if isinstance(cadence, Every):
        count, newest, following = _intervals_due(cadence, first, horizon, at_most, since)
    else:
        count, newest, following = _matches_due(cadence, first, horizon, at_most, since)
    over = count == at_most or (ends_at is not None and following > ends_at)
    return Due(occurrences=newest, missed=count - len(newest), following=None if over else following)


def occurrences_from(first: datetime, *, cadence: Cadence) -> Iterator[datetime]:
    """`first` and every occurrence after it, without end, each later than the one before."""
    yield first
    if isinstance(cadence, Cron):
        yield from cadence.all_after(first)
        return
    occurrence = first
    while True:
        occurrence = cadence.after(occurrence)
        yield occurrence


def occurrences_between(
    start: datetime, end: datetime, *, cadence: Cadence, anchor: datetime
) -> Iterator[datetime]:
    """The occurrences from `start` to `end`, both included; `anchor` is any one of them, the next run say."""
    if isinstance(cadence, Every) and cadence.offset is None:
        steps = -((anchor - start) // timedelta(seconds=cadence.seconds))
        first = anchor + steps * timedelta(seconds=cadence.seconds)
    else:
        first = cadence.after(start - timedelta(microseconds=1))
    return takewhile(lambda occurrence: occurrence <= end, occurrences_from(first, cadence=cadence))


_Counted = tuple[int, tuple[datetime, ...], datetime]


def _intervals_due(
    cadence: Every, first: datetime, horizon: datetime, at_most: int | None, since: datetime | None
) -> _Counted:
    """How many are due, the newest of them and the one after, by division: it may be a year's worth."""
    interval, second = timedelta(seconds=cadence.seconds), cadence.after(first)
    count = 1 if second > horizon else 2 + (horizon - second) // interval
    count = count if at_most is None else min(count, at_most)

    def nth(index: int) -> datetime:
        return first if index == 0 else second + (index - 1) * interval

    oldest = count - 1
    while since is not None and oldest > 0 and count - oldest < MAX_CAUGHT_UP and nth(oldest - 1) >= since:
        oldest -= 1
    return count, tuple(nth(index) for index in range(oldest, count)), nth(count)


def _matches_due(
    cadence: Cron, first: datetime, horizon: datetime, at_most: int | None, since: datetime | None
) -> _Counted:
    """The same for a cron, by walking along its matches, as far as `MAX_COUNTED`."""
    newest: deque[datetime] = deque([first], maxlen=MAX_CAUGHT_UP)
    limit = min(at_most or MAX_COUNTED, MAX_COUNTED)
    count = 1
    for following in islice(occurrences_from(first, cadence=cadence), 1, None):
        if following > horizon or count == limit:
            break
        newest.append(following)
        count += 1
    if count == MAX_COUNTED:
        newest.append(cadence.at_or_before(horizon))
        following = cadence.after(horizon)
    kept = [occurrence for occurrence in newest if since is not None and occurrence >= since]
    return count, tuple(kept or [newest[-1]]), following


@lru_cache(maxsize=256)
def _require_match(expression: str, time_zone: str) -> None:
    """Raise `CadenceError` unless it matches some time; a row's cadence is read many times a second."""
    next(matches(expression, time_zone, datetime(2024, 1, 1, tzinfo=UTC)))
