"""What the observer sees of the ledger, and what it knows of the jobs beforehand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from scheduling.ledger.lawful import Look


class Row(NamedTuple):
    """A run, as the database has it."""

    id: int
    job: int
    occurrence: str
    state: str
    owner: str
    attempt: int
    heartbeat: int
    trigger: str
    missed: int
    failures: int
    not_before: str
    queued_at: str | None
    variant: str

    def look(self) -> Look:
        return Look(
            state=self.state,
            attempt=self.attempt,
            owner=self.owner,
            heartbeat=self.heartbeat,
            failures=self.failures,
        )


class Standing(NamedTuple):
    """A job and where its schedule stands."""

    job: int
    next_run: str | None
    paused: str | None
    until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the observer knows of a job without asking."""

    name: str
    every: int | None
    overlap: str
    attempts: int
    stores: bool
    # The job that runs after it.
    follower: int | None = None
    jitter: timedelta = timedelta(0)
    time_limit: timedelta = timedelta(0)
    has_condition: bool = False
    has_variants: bool = False
    makes_up: bool = True


def without_beats(rows: dict[int, Row]) -> list[Row]:
    return [row._replace(heartbeat=0) if row.heartbeat else row for row in rows.values()]


def instant(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)
