"""What the observer sees of the ledger, and what it knows of the jobs beforehand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from scheduling.ledger.lawful import Look
from scheduling.models import ASKED_FOR, Job, RunState
from tests.simulation.cadences import Occurrences

# What is read of them, as below.
RUNS = """SELECT id, job_id, occurrence, state, owner, attempt, heartbeat, "trigger", missed_before,
    json_array_length(failed_attempts), not_before, queued_at, variant, losses, finished_at, started_at,
    lateness, begun_anew FROM scheduling_run ORDER BY id"""
JOBS = """SELECT job.id, schedule.next_run, job.paused_at, job.paused_until, schedule.repeats
    FROM scheduling_job job LEFT JOIN django_q_schedule schedule ON schedule.id = job.schedule_id
    ORDER BY job.id"""
ENDED = (RunState.SUCCEEDED, RunState.FAILED, RunState.SKIPPED)


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
    losses: int
    finished_at: str | None
    started_at: str | None
    # Microseconds.
    lateness: int | None
    # 1 when somebody had it begin anew after it had failed.
    begun_anew: int

    @property
    def is_held_by_a_pause(self) -> bool:
        """Somebody asked for it, or let it begin anew after it had failed."""
        return self.trigger in ASKED_FOR or (self.attempt == 0 and self.failures > 0)

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
    # None where the schedule is removed.
    repeats: int | None

    @property
    def is_removed(self) -> bool:
        return self.repeats is None


class Ledger(NamedTuple):
    """All of it, as it stood at one instant."""

    rows: Mapping[int, Row]
    standings: Mapping[int, Standing]

    def of(self, job_id: int) -> list[Row]:
        return [row for row in self.rows.values() if row.job == job_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the observer knows of a job without asking."""

    name: str
    # None for one that follows another.
    occurrences: Occurrences | None
    overlap: str
    # Between the attempts of the run of an occurrence.
    waits: Callable[[datetime], tuple[timedelta, ...]]
    stores: bool
    # What its row and its schedule's are made from; None for what has none.
    drawn: Job | None = None
    # The waits of before somebody changed its cadence.
    former: tuple[Callable[[datetime], tuple[timedelta, ...]], ...] = ()
    # The job that runs after it.
    follower: int | None = None
    # The job that needs it, and is asked for after its first success.
    needing: int | None = None
    jitter: timedelta = timedelta(0)
    # The longest and the shortest that it has had.
    time_limit: timedelta = timedelta(0)
    shortest_limit: timedelta = timedelta(0)
    has_condition: bool = False
    has_variants: bool = False
    makes_up: bool = True
    ends_at: datetime | None = None
    # Its interval under pressure, at the most.
    longest: timedelta | None = None
    # So many failures in a row.
    pause_after: int | None = None
    # How long what succeeded or was skipped is kept, and what failed.
    keep: timedelta = timedelta(days=1)
    keep_failed: timedelta = timedelta(days=1)
    leaves_a_worker: bool = False
    # Whether its runs are deliveries.
    is_channel: bool = False
    # What lies longer ago is made up for by the newest alone.
    window: timedelta = timedelta(0)

    def attempts(self, occurrence: str) -> int:
        return len(self.waits(instant(occurrence))) + 1


def without_beats(rows: dict[int, Row]) -> list[Row]:
    return [row._replace(heartbeat=0) if row.heartbeat else row for row in rows.values()]


def instant(said: str) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=UTC)


def stored(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(" ")
