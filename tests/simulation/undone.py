"""What a dispatcher may not leave undone that has looked while nobody else changed anything."""

from collections.abc import Mapping
from datetime import datetime

from scheduling.models import ON_THEIR_OWN, Overlap, RunState
from tests.simulation.observer import Observer
from tests.simulation.processes import BrokenError, Process
from tests.simulation.seen import Known, Ledger, instant
from tests.simulation.turns import UNDER_WAY, next_for_room, next_of, turns_of_asked, waits_for_an_attempt

# By run, under which claim it is.
Lost = dict[int, str]


def lost(watch: Observer, by: Process) -> Lost:
    """What is said to run in a process of that host which is dead."""
    running = (row for row in watch.rows.values() if row.state == RunState.RUNNING)
    owners = {row.id: row.owner for row in running if watch.owners[row.owner][0].host == by.host}
    return {run_id: owner for run_id, owner in owners.items() if not watch.owners[owner][0].alive}


def of_the_lost(before: Lost, watch: Observer, *, by: Process) -> None:
    for run_id in before.keys() & lost(watch, by).keys():
        raise BrokenError("LIVE-1", f"{by.name} looks, and leaves run {run_id} with a process that is dead")


def paused(watch: Observer) -> set[int]:
    return {job_id for job_id, stands in watch.standings.items() if stands.paused is not None}


def of_the_rest(ledger: Ledger, jobs: Mapping[int, Known], *, at: datetime) -> None:
    """Of what was due at the instant at which it began to look."""
    for job_id, job in jobs.items():
        stands = ledger.standings[job_id]
        if stands.next_run and not stands.paused and instant(stands.next_run) <= at:
            raise BrokenError("LIVE-1", f"{job.name} is due since {stands.next_run}, and is left unclaimed")
        if stands.paused and stands.until and instant(stands.until) <= at and not stands.is_removed:
            raise BrokenError("LIVE-1", f"the pause of {job.name} is over, and it does not go on")
        if job.is_channel:
            continue
        first = next_of(job_id, ledger, jobs, now=at)
        if first and not job.leaves_a_worker and len(turns_of_asked(ledger.of(job_id))) == 1:
            raise BrokenError("LIVE-1", f"run {first[0].id} may begin, and is left waiting")
        if job.overlap != Overlap.ALLOW:
            _of_who_gives_way(job_id, ledger, at=at)
    first = next_for_room(ledger, jobs, now=at)
    if first:
        raise BrokenError("LIVE-1", f"run {first[0].id} may begin, as there is room, and is left waiting")


def _of_who_gives_way(job_id: int, ledger: Ledger, *, at: datetime) -> None:
    ours = [row for row in ledger.of(job_id) if row.state in (*UNDER_WAY, RunState.PENDING)]
    if any(row.state in UNDER_WAY for row in ours):
        return
    due = [row for row in ours if row.trigger not in ON_THEIR_OWN and instant(row.not_before) <= at]
    newest = max((row.occurrence for row in due), default="")
    for row in ours:
        if row.occurrence < newest and waits_for_an_attempt(row, now=at):
            raise BrokenError("LIVE-1", f"run {row.id} waits for an attempt, and gives no way to {newest}")
