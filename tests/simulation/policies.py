"""What a job's policies promise of its runs, beside the rules of the specification."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Final

from scheduling.models import RunState, RunTrigger
from scheduling.timing.planning import MISFIRE_GRACE, jitter_of
from tests.simulation.jobs import WORKERS
from tests.simulation.processes import BrokenError
from tests.simulation.seen import ENDED, Known, Row, Standing, instant

# Of what pauses a job when so many runs of it in a row have failed.
ENDS: Final = (RunState.SUCCEEDED, RunState.FAILED)

UNDER_WAY: Final = (RunState.QUEUED, RunState.RUNNING)


def not_now(occurrence: datetime) -> bool:
    """The condition of those jobs that have one."""
    return occurrence.second % 30 >= 15


def of_a_run(was: Row | None, row: Row, job: Known, *, latest: datetime, is_paused: bool) -> None:
    """Of one that is new or was changed; `latest` is what the clock of the wall has said at the most."""
    if was is None and row.trigger == RunTrigger.SCHEDULE:
        _of_a_claimed(row, job)
    if was is None and row.trigger == RunTrigger.CHAIN and is_paused:
        raise BrokenError("POLICY", f"run {row.id} follows another, and {job.name} is paused")
    is_queued = row.state == RunState.QUEUED and (was is None or was.state != RunState.QUEUED)
    if is_queued and instant(row.not_before) > latest:
        raise BrokenError("POLICY", f"run {row.id} is queued before {row.not_before}, when it may begin")


def _of_a_claimed(row: Row, job: Known) -> None:
    waits, own = instant(row.not_before) - instant(row.occurrence), instant(row.occurrence)
    if abs(waits - job.jitter / 2) > job.jitter / 2:
        raise BrokenError("POLICY", f"run {row.id} waits {waits}; the jitter of {job.name} is {job.jitter}")
    if waits != jitter_of(job.name, own, most=job.jitter):
        raise BrokenError("POLICY", f"run {row.id} waits {waits}, which is the jitter of another occurrence")
    if job.makes_up or row.state != RunState.QUEUED or row.queued_at is None:
        return
    late = instant(row.queued_at) - instant(row.occurrence)
    if late > MISFIRE_GRACE:
        raise BrokenError("POLICY", f"run {row.id} begins {late} late, and {job.name} makes up for nothing")


def of_variants(before: Mapping[int, Row], rows: Mapping[int, Row], jobs: Mapping[int, Known]) -> None:
    """Of a job that has two its occurrences take turns."""
    new = [row for row in rows.values() if row.id not in before and row.trigger == RunTrigger.SCHEDULE]
    for job_id in {row.job for row in new if jobs[row.job].has_variants}:
        seen = [row for row in before.values() if row.job == job_id and row.variant]
        last = max(seen, key=lambda row: row.occurrence).variant if seen else ""
        for row in new:
            if row.job == job_id:
                if row.variant == last:
                    raise BrokenError("POLICY", f"run {row.id} is of variant {last} as the one before")
                last = row.variant


def of_what_is_made_up_for(
    before: Mapping[int, Row], rows: Mapping[int, Row], jobs: Mapping[int, Known], *, now: datetime
) -> None:
    """A claim writes the newest occurrence, and of those before it none that is older than the window."""
    newest: dict[int, str] = {}
    new = [row for row in rows.values() if row.id not in before and row.trigger == RunTrigger.SCHEDULE]
    for row in sorted(new, key=lambda row: row.occurrence, reverse=True):
        late = now - instant(row.occurrence)
        if newest.setdefault(row.job, row.occurrence) != row.occurrence and late > jobs[row.job].window:
            raise BrokenError("POLICY", f"run {row.id} makes up for what was {late} ago")


def of_what_is_triggered(row: Row, before: Mapping[int, Row]) -> None:
    """Somebody asks for one run at a time."""
    if row.trigger != RunTrigger.OPERATOR:
        return
    ahead = [one for one in before.values() if (one.job, one.trigger) == (row.job, row.trigger)]
    if any(one.state in (RunState.PENDING, RunState.QUEUED) for one in ahead):
        raise BrokenError("POLICY", f"run {row.id} was asked for, and another one waits")


def of_room(
    before: Mapping[int, Row],
    rows: Mapping[int, Row],
    jobs: Mapping[int, Known],
    *,
    is_fresh: Callable[[int], bool],
) -> None:
    """A worker is left for the other jobs: by a claim, which looks in the transaction that it writes in.

    And by a release, where of all these jobs nothing has changed since it looked: those `is_fresh`.
    """
    taking = [row for row in rows.values() if jobs[row.job].leaves_a_worker and row.state in UNDER_WAY]
    of_strangers = [job_id for job_id, job in jobs.items() if job.leaves_a_worker]
    is_release = all(map(is_fresh, of_strangers))
    new = [
        row for row in taking if row.state == RunState.QUEUED and _is_new(row, before, released=is_release)
    ]
    if new and len(taking) >= WORKERS:
        raise BrokenError("POLICY", f"run {new[-1].id} takes the last of {WORKERS} workers")


def _is_new(row: Row, before: Mapping[int, Row], *, released: bool) -> bool:
    was = before.get(row.id)
    return was is None or (released and was.state == RunState.PENDING)


def of_a_cancel(before: Mapping[int, Row], rows: Mapping[int, Row]) -> None:
    """Of an operator's: it takes back all that waits, and not some of it."""
    waiting = (RunState.PENDING, RunState.QUEUED)
    cancelled = {
        row.job
        for row in rows.values()
        if row.state == RunState.SKIPPED and row.id in before and before[row.id].state in waiting
    }
    for row in rows.values():
        # One that was tried may have come to wait while the cancel was written.
        if row.job in cancelled and row.state in waiting and not row.attempt:
            raise BrokenError("POLICY", f"run {row.id} is {row.state}, and its job was cancelled")


def of_a_pause(
    stood: Standing, stands: Standing, rows: Collection[Row], *, failed: bool, by_people: bool, job: Known
) -> None:
    """Of one that nobody asked for: so many runs in a row have failed, and then there is one.

    `failed`: a run of the job has just ended so.
    """
    if stood.paused and stands.paused and not by_people and stood[2:4] != stands[2:4]:
        raise BrokenError("PAUSE-1", f"the pause of {job.name} is not the one that somebody began")
    if by_people or stood.paused or not (failed or stands.paused):
        return
    ended = [row for row in rows if row.job == stands.job and row.state in ENDS and row.finished_at]
    ended.sort(key=lambda row: row.finished_at or "", reverse=True)
    newest = ended[: job.pause_after or 0]
    if len({row.finished_at for row in ended[: len(newest) + 1]}) <= min(len(newest), len(ended) - 1):
        return  # of two that ended at once nobody says which was the last
    have_failed = len(newest) == job.pause_after and all(row.state == RunState.FAILED for row in newest)
    if have_failed != bool(stands.paused):
        count = f"{job.pause_after} runs in a row"
        raise BrokenError(
            "POLICY",
            f"{job.name} is paused, and {count} have not failed"
            if stands.paused
            else f"{count} of {job.name} have failed, and it is not paused",
        )


def of_what_is_gone(row: Row, rows: Collection[Row], job: Known, *, latest: datetime) -> None:
    """Of one that is there no more: made up for as it was skipped, or too old, and not the newest."""
    anew = [one for one in rows if (one.job, one.occurrence) == (row.job, row.occurrence)]
    again = bool(anew)
    if row.state not in ENDED or (again and row.state != RunState.SKIPPED):
        raise BrokenError("ASK-1", f"run {row.id} was {row.state}, and is there no more")
    if again:
        if anew[0].missed != row.missed:
            what = f"run {row.id} stood for {row.missed} that were missed, and run {anew[0].id} does not"
            raise BrokenError("CLAIM-3", what)
        return
    if row.finished_at is None or latest - instant(row.finished_at) < job.keep:
        raise BrokenError("POLICY", f"run {row.id} is deleted before {job.keep} are over")
    if all(one.occurrence < row.occurrence for one in rows if one.job == row.job):
        raise BrokenError("POLICY", f"run {row.id} is the newest of {job.name}, and is deleted")
