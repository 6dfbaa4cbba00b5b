"""What may become of a schedule, by occurrences that are reckoned anew: a claim, a pause that is over."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain

from scheduling.models import RunTrigger
from tests.simulation.processes import BrokenError, Process
from tests.simulation.seen import Known, Row, Standing, instant

# The least that the database keeps of an instant.
LEAST = timedelta(microseconds=1)


def of_a_claim(was: Row | None, row: Row, stood: Standing, stands: Standing) -> None:
    """A run of the clock's, and what counts as missed with one, comes with the schedule that is moved on."""
    if row.missed == was.missed if was else row.trigger != RunTrigger.SCHEDULE:
        return
    is_moved = stood.next_run is not None and stood.next_run != stands.next_run
    if was is None and row.trigger == RunTrigger.BACKFILL:
        return
    first, end = stood.next_run or "", stands.next_run
    if not is_moved or not (first <= row.occurrence and (end is None or row.occurrence < end)):
        raise BrokenError("CLAIM-2", f"run {row.id} is claimed, and its schedule is not moved past it")


def of_a_standing(
    stood: Standing,
    stands: Standing,
    *,
    job: Known,
    by: Process,
    latest: datetime,
    before: Mapping[int, Row],
    rows: Mapping[int, Row],
) -> None:
    """Of one that has changed, or has not; `latest` is what the clock of the wall has said at the most."""
    if stood.paused and not stands.paused:
        _of_an_end_of_a_pause(stood, stands, job, by=by, latest=latest)
        return
    if by.kind != "dispatcher" or stands.next_run == stood.next_run or stood.next_run is None:
        return
    if stood.paused:
        raise BrokenError("PAUSE-1", f"{job.name} is claimed while it is paused")
    if stands.next_run is not None and stands.next_run < stood.next_run:
        raise BrokenError("CLAIM-2", f"a claim sets {job.name} back")
    claimed = _claimed(stood, stands, job)
    ours = {run_id: row for run_id, row in rows.items() if row.job == stands.job}
    if job.longest is None:
        if claimed and claimed[-1] > latest:
            raise BrokenError("POLICY", f"{job.name} is claimed at {claimed[-1]}, which is to come")
        _of_its_count(stood, stands, job, claimed=len(claimed))
        _of_each(stood, stands, job, claimed=len(claimed), before=before, rows=ours)
    elif stands.next_run is not None:
        newest = max(row.occurrence for row in ours.values() if row.occurrence < stands.next_run)
        interval = instant(stands.next_run) - instant(newest)
        if interval > job.longest:
            raise BrokenError("POLICY", f"{interval} lie between two of {job.name}, more than {job.longest}")


def _of_an_end_of_a_pause(
    stood: Standing, stands: Standing, job: Known, *, by: Process, latest: datetime
) -> None:
    """It goes on when its pause is over, or somebody says so, with the first occurrence from then on."""
    since = by.said
    if by.kind == "dispatcher":
        if stood.until is None:
            raise BrokenError("PAUSE-1", f"{job.name} goes on, and was paused for good")
        if instant(stood.until) > latest:
            raise BrokenError("PAUSE-1", f"{job.name} goes on before {stood.until}")
        since = instant(stood.until) - LEAST
    if since is None or stood.next_run is None or job.occurrences is None:
        return
    ahead = _from(instant(stood.next_run), job)
    first: datetime | None = instant(stood.next_run)
    if instant(stood.next_run) < since:
        first = next(one for one in ahead if one > since)
        first = None if job.ends_at is not None and first > job.ends_at else first
    if first != (instant(stands.next_run) if stands.next_run else None):
        raise BrokenError("PAUSE-1", f"after its pause {job.name} goes on at {stands.next_run}, not {first}")


def _claimed(stood: Standing, stands: Standing, job: Known) -> list[datetime]:
    """The occurrences that a claim moves past; raises when it stops at none of them, or too early or late."""
    assert stood.next_run is not None, "only what is due is claimed"
    assert stood.repeats is not None, "it is not removed"
    stop, left = instant(stands.next_run) if stands.next_run else None, stood.repeats
    if stop is None and job.ends_at is None and left < 0:
        raise BrokenError("CLAIM-3", f"{job.name} is claimed for the last time, and has no end")
    claimed: list[datetime] = []
    for occurrence in _from(instant(stood.next_run), job):
        is_over = len(claimed) == left or (job.ends_at is not None and occurrence > job.ends_at)
        if stop is None and is_over:
            return claimed
        if stop is not None and occurrence >= stop:
            if is_over and job.longest is None:
                raise BrokenError("POLICY", f"{job.name} goes on at {stop}, after its end")
            if occurrence > stop:
                raise BrokenError("CLAIM-3", f"{job.name} goes on at {stop}, no occurrence of it")
            return claimed
        claimed.append(occurrence)
    raise AssertionError("occurrences have no end")


def _from(first: datetime, job: Known) -> Iterator[datetime]:
    assert job.occurrences is not None, "asked of what has a clock"
    return chain((first,), job.occurrences(first))


def _of_its_count(stood: Standing, stands: Standing, job: Known, *, claimed: int) -> None:
    assert stood.repeats is not None, "it is not removed"
    left = stood.repeats - claimed if stood.repeats >= 0 else -1
    if stands.repeats != left:
        raise BrokenError("POLICY", f"{stands.repeats} of {job.name} are left, and not {left}")


def _of_each(
    stood: Standing,
    stands: Standing,
    job: Known,
    *,
    claimed: int,
    before: Mapping[int, Row],
    rows: Mapping[int, Row],
) -> None:
    """What a claim moves past has a row, or is counted as missed. [CLAIM-3]"""
    assert stood.next_run is not None, "it was due"
    there = sum(
        stood.next_run <= row.occurrence and (stands.next_run is None or row.occurrence < stands.next_run)
        for row in rows.values()
    )
    ours = [row for row in before.values() if row.job == stands.job]
    missed = sum(row.missed for row in rows.values()) - sum(row.missed for row in ours)
    # With rows of its own an occurrence may be counted as missed as well, where a schedule was set back.
    anew = not any(row.occurrence >= stood.next_run for row in ours)
    if there + missed < claimed or (anew and there + missed > claimed):
        raise BrokenError("CLAIM-3", f"of {claimed} occurrences of {job.name} there are {there} + {missed}")
