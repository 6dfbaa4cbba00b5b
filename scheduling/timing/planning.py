"""What a job's policies make of what is due: pure, on plain values."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.timing.cadence import Cadence, Every, due_at

# An occurrence that is claimed later than this was missed, for a job that catches nothing up.
MISFIRE_GRACE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """How a job wants its occurrences treated. `catch_up` is latest, skip or all; `repeats` -1 for ever."""

    name: str
    cadence: Cadence
    catch_up: str
    catch_up_window: timedelta
    jitter: timedelta
    ends_at: datetime | None
    repeats: int
    stretch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One occurrence to be recorded. With a `skip_reason` it will not run."""

    occurrence: datetime
    not_before: datetime
    missed_before: int = 0
    skip_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to record, where the schedule then stands, and how many occurrences are left (-1: no end)."""

    runs: tuple[PlannedRun, ...]
    following: datetime | None
    repeats: int


def plan_runs(policies: Policies, *, first: datetime, now: datetime) -> Plan:
    """Plan what is due at `now`, from `first`, the schedule's next run, on."""
    due = due_at(
        now,
        cadence=policies.cadence,
        first=first,
        ends_at=policies.ends_at,
        at_most=None if policies.repeats < 0 else policies.repeats,
        since=now - policies.catch_up_window if policies.catch_up == "all" else None,
    )
    covered = due.missed + len(due.occurrences)
    runs = tuple(
        _planned(policies, occurrence, now=now, missed_before=0 if position else due.missed)
        for position, occurrence in enumerate(due.occurrences)
    )
    return Plan(
        runs=runs,
        following=_stretched(policies, due.following, latest=due.occurrences[-1:]),
        repeats=-1 if policies.repeats < 0 else policies.repeats - covered,
    )


def jitter_of(name: str, occurrence: datetime, *, most: timedelta) -> timedelta:
    """How much after its occurrence a run starts: spread evenly over occurrences, the same on every host."""
    digest = hashlib.sha256(f"{name} {occurrence.timestamp()}".encode()).digest()
    return most * (int.from_bytes(digest[:6]) / 2**48)


def _planned(policies: Policies, occurrence: datetime, *, now: datetime, missed_before: int) -> PlannedRun:
    late = now - occurrence
    misfired = policies.catch_up == "skip" and late > MISFIRE_GRACE
    return PlannedRun(
        occurrence=occurrence,
        not_before=occurrence + jitter_of(policies.name, occurrence, most=policies.jitter),
        missed_before=missed_before,
        skip_reason=f"missed by {late.total_seconds():.0f} s, as no dispatcher claimed it in time"
        if misfired
        else "",
    )


def _stretched(
    policies: Policies, following: datetime | None, *, latest: tuple[datetime, ...]
) -> datetime | None:
    """Under load the next occurrence is a later one of the same grid."""
    if following is None or not latest or not isinstance(policies.cadence, Every):
        return following
    return following + (policies.stretch - 1) * timedelta(seconds=policies.cadence.seconds)
