"""When a job is due: pure arithmetic on instants, without a clock or a database.

Instants are aware datetimes in UTC. An interval lies on the grid that its own occurrences
make, so a late tick never shifts it; a cron expression is read in its time zone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from scheduling.exceptions import CadenceError

# Counting what was missed stops here; a cron of every second would otherwise be walked for hours
# after a year of downtime.
MAX_COUNTED = 100_000

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


@dataclass(frozen=True, slots=True)
class Every:
    """An interval of whole seconds, at least one."""

    seconds: int

    def __post_init__(self) -> None:
        if self.seconds < 1:
            raise CadenceError(f"An interval of {self.seconds} s cannot be: one second is the shortest.")

    def __str__(self) -> str:
        for unit, size in _UNITS:
            if self.seconds % size == 0:
                return f"every {self.seconds // size} {unit}"
        raise AssertionError("unreachable: every whole number is a multiple of 1")

    def after(self, occurrence: datetime) -> datetime:
        """The occurrence that follows this one."""
        return occurrence + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression of five fields, or six with the seconds first, in an IANA time zone."""

    expression: str
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        self.after(datetime(2024, 1, 1, tzinfo=UTC))

    def __str__(self) -> str:
        zone = "" if self.time_zone == "UTC" else f" {self.time_zone}"
        return f"cron {self.expression}{zone}"

    def after(self, instant: datetime) -> datetime:
        """The first match strictly after an instant.

        Raises `CadenceError` for an expression that is malformed or never matches, and for an
        unknown time zone.
        """
        try:
            local = instant.astimezone(ZoneInfo(self.time_zone))
            match: datetime = next(CronSim(self.expression, local))
            return match.astimezone(UTC)
        except CronSimError as exc:
            raise CadenceError(f"The cron expression {self.expression!r} is not valid: {exc}.") from exc
        except StopIteration:
            raise CadenceError(f"The cron expression {self.expression!r} never fires.") from None
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise CadenceError(f"There is no time zone {self.time_zone!r}.") from exc


Cadence = Every | Cron


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is due at an instant: the newest occurrence, how many older ones were missed, and what follows."""

    latest: datetime
    missed: int
    following: datetime


def due_at(now: datetime, *, cadence: Cadence, first: datetime) -> Due:
    """Look from `first`, the oldest occurrence not yet claimed (<= now), to `now`."""
    if isinstance(cadence, Every):
        steps = (now - first) // timedelta(seconds=cadence.seconds)
        latest = first + timedelta(seconds=steps * cadence.seconds)
        return Due(latest=latest, missed=steps, following=cadence.after(latest))
    for missed, (latest, following) in enumerate(pairwise(occurrences_from(first, cadence=cadence))):
        if following > now:
            return Due(latest=latest, missed=missed, following=following)
        if missed == MAX_COUNTED:
            return Due(latest=now, missed=missed, following=cadence.after(now))
    raise AssertionError("unreachable: occurrences do not end")


def occurrences_from(first: datetime, *, cadence: Cadence) -> Iterator[datetime]:
    """`first` and every occurrence after it, without end, each later than the one before."""
    occurrence = first
    while True:
        yield occurrence
        occurrence = cadence.after(occurrence)
