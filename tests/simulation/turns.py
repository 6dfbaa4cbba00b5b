"""Whose turn it is where one of the clock and one that somebody asked for wait at once."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

from scheduling.models import ASKED_FOR, Overlap, RunState, RunTrigger
from tests.simulation.processes import BrokenError, Process
from tests.simulation.seen import ENDED, Known, Row, instant


def of_a_turn(
    row: Row, before: Mapping[int, Row], job: Known, *, by: Process, is_fresh: bool, is_paused: bool
) -> None:
    """Of a run that a dispatcher queues: the clock's goes first, unless it went last.

    `is_fresh`: nothing of the job has changed since that dispatcher looked.
    """
    of_job = [one for one in before.values() if one.job == row.job]
    was = before.get(row.id)
    is_queued = row.state == RunState.QUEUED and (was is None or was.state == RunState.PENDING)
    is_exact = was is None or is_fresh  # a claim looks in the transaction that it writes in
    if not is_queued or job.overlap == Overlap.ALLOW or by.said is None or not is_exact:
        return
    others = [one for one in of_job if one.id != row.id and one.state == RunState.PENDING]
    last = _last(of_job)
    if row.trigger in ASKED_FOR:
        if any(one.trigger == row.trigger and one.occurrence < row.occurrence for one in others):
            raise BrokenError("POLICY", f"run {row.id} was asked for, and goes before an older one")
        if any(one.trigger not in ASKED_FOR for one in others) and last <= {*ASKED_FOR}:
            raise BrokenError(
                "POLICY", f"run {row.id} was asked for, and goes before the clock's out of turn"
            )
    elif _is_asked_for(others, now=by.said) and _is_of_the_clock(last) and not is_paused:
        raise BrokenError("POLICY", f"run {row.id} is the clock's, and goes before what was asked for again")


def of_turns_for_room(
    before: Mapping[int, Row],
    rows: Mapping[int, Row],
    jobs: Mapping[int, Known],
    *,
    by: Process,
    is_fresh: Callable[[int], bool],
    is_paused: Callable[[int], bool],
) -> None:
    """Of a release to those that leave a worker: what was asked for goes first after one of the clock."""
    sharing = [row for row in before.values() if jobs[row.job].leaves_a_worker]
    released = [
        row
        for row in sharing
        if row.state == RunState.PENDING
        and row.trigger not in ASKED_FOR
        and row.id in rows
        and rows[row.id].state == RunState.QUEUED
    ]
    is_exact = all(is_fresh(job_id) for job_id, job in jobs.items() if job.leaves_a_worker)
    if not released or by.said is None or not is_exact or not _is_of_the_clock(_last(sharing)):
        return
    for job_id in {row.job for row in sharing}:
        of_job = [row for row in sharing if row.job == job_id]
        if not is_paused(job_id) and _may_be_asked_for(of_job, jobs[job_id], now=by.said):
            name = jobs[job_id].name
            raise BrokenError(
                "POLICY", f"run {released[0].id} is the clock's, and takes the turn of what waits of {name}"
            )


def _may_be_asked_for(of_job: list[Row], job: Known, *, now: datetime) -> bool:
    """Whether something waits that was asked for, and nothing of its own job goes first."""
    waiting = [row for row in of_job if row.state == RunState.PENDING]
    if job.overlap == Overlap.ALLOW:
        return any(row.trigger in ASKED_FOR and instant(row.not_before) <= now for row in waiting)
    is_its_turn = all(row.trigger in ASKED_FOR for row in waiting) or _is_of_the_clock(_last(of_job))
    is_free = not any(row.state in (RunState.QUEUED, RunState.RUNNING) for row in of_job)
    return is_free and is_its_turn and _is_asked_for(waiting, now=now)


def _is_asked_for(waiting: Iterable[Row], *, now: datetime) -> bool:
    """Whether what goes first of those that were asked for may begin."""
    asked = [one for one in waiting if one.trigger in ASKED_FOR]
    first = min(asked, key=lambda one: (one.trigger != RunTrigger.OPERATOR, one.occurrence), default=None)
    return first is not None and instant(first.not_before) <= now


def _last(rows: Iterable[Row]) -> set[str]:
    """What the run came of that was executed last; of two that ended at once nobody says which it was."""
    executed = [row for row in rows if row.state in ENDED and row.attempt > 0 and row.finished_at]
    newest = max((row.finished_at or "" for row in executed), default="")
    return {row.trigger for row in executed if row.finished_at == newest}


def _is_of_the_clock(last: Collection[str]) -> bool:
    return bool(last) and not any(trigger in ASKED_FOR for trigger in last)
