"""Which of the runs that wait may begin next, of a job and of those that share room, by the ledger alone.

The clock's go first, then what an operator asked for, then what is made up for, the oldest of each; but where
the last that was executed was the clock's, what was asked for has its turn. Who is first keeps the others
waiting, also while it waits itself.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from scheduling.models import ASKED_FOR, ON_THEIR_OWN, Overlap, RunState, RunTrigger
from tests.simulation.jobs import WORKERS
from tests.simulation.processes import BrokenError
from tests.simulation.seen import ENDED, Known, Ledger, Row, instant

UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)
ORDER = (RunTrigger.OPERATOR, RunTrigger.BACKFILL)


def rank(row: Row) -> tuple[int, str]:
    return (ORDER.index(row.trigger) + 1 if row.trigger in ASKED_FOR else 0, row.occurrence)


def waits_for_an_attempt(row: Row, *, now: datetime) -> bool:
    """Whether nobody is at it for a while, so that a newer one may take over."""
    is_its_own = row.trigger in ON_THEIR_OWN
    is_waiting = row.state == RunState.PENDING and row.attempt > 0 and not is_its_own
    return is_waiting and instant(row.not_before) > now


def first_asked_for(rows: Iterable[Row], *, now: datetime) -> Row | None:
    """What goes first of the waiting that were asked for, if it may begin."""
    asked = [one for one in rows if one.trigger in ASKED_FOR and one.state == RunState.PENDING]
    first = min(asked, key=rank, default=None)
    return first if first is not None and instant(first.not_before) <= now else None


def turns_of_asked(rows: Iterable[Row]) -> set[bool]:
    """Whether the last that was executed was the clock's; both, of two that ended at once."""
    executed = [row for row in rows if row.state in ENDED and row.attempt > 0 and row.finished_at]
    newest = max((row.finished_at or "" for row in executed), default="")
    return {row.trigger not in ASKED_FOR for row in executed if row.finished_at == newest} or {False}


def next_of(job_id: int, was: Ledger, jobs: Mapping[int, Known], *, now: datetime) -> list[Row]:
    """Any of these may be queued next, of one job, if there is room."""
    of_job, is_paused = was.of(job_id), was.standings[job_id].paused is not None
    waiting = [row for row in of_job if row.state == RunState.PENDING]
    waiting = [row for row in waiting if not (is_paused and row.is_held_by_a_pause)]
    if jobs[job_id].overlap != Overlap.ALLOW:
        if any(row.state in UNDER_WAY for row in of_job):
            return []
        asked, first = first_asked_for(waiting, now=now), min(waiting, key=rank, default=None)
        goes = [asked if is_turn and asked else first for is_turn in turns_of_asked(of_job)]
        waiting = [row for row in goes if row is not None]
    return [row for row in waiting if instant(row.not_before) <= now]


def next_for_room(was: Ledger, jobs: Mapping[int, Known], *, now: datetime) -> list[Row]:
    """Any of these may be queued next of the jobs that leave a worker; none where that would take it."""
    sharing = [row for row in was.rows.values() if jobs[row.job].leaves_a_worker]
    if sum(row.state in UNDER_WAY for row in sharing) >= WORKERS - 1:
        return []
    ready = [row for job_id in {row.job for row in sharing} for row in next_of(job_id, was, jobs, now=now)]
    asked = [row for row in ready if row.trigger in ASKED_FOR]
    first: list[Row] = []
    for is_turn in turns_of_asked(sharing):
        going = asked if is_turn and asked else ready
        first += [row for row in going if rank(row) == min(map(rank, going))]
    return first


def of_releases(
    was: Ledger, now: Ledger, jobs: Mapping[int, Known], *, at: datetime, is_fresh: Callable[[int], bool]
) -> None:
    """Of what a dispatcher queues that waited; `is_fresh`: nobody else changed a job since it looked."""
    of_strangers = [job_id for job_id, job in jobs.items() if job.leaves_a_worker]
    for row in now.rows.values():
        before = was.rows.get(row.id)
        if before is None or (before.state, row.state) != (RunState.PENDING, RunState.QUEUED):
            continue
        if is_fresh(row.job):
            _require(row, next_of(row.job, was, jobs, now=at), "its job's next")
        if row.job in of_strangers and all(map(is_fresh, of_strangers)):
            _require(row, next_for_room(was, jobs, now=at), "next of those that leave a worker")


def _require(row: Row, first: list[Row], what: str) -> None:
    if row.id not in [one.id for one in first]:
        others = " or ".join(f"run {one.id}" for one in first) or "none"
        raise BrokenError("POLICY", f"run {row.id} is queued, and {what} is {others}")
