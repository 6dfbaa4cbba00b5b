"""What may become of a schedule, by occurrences that are reckoned anew: a claim, a pause that is over."""

from collections.abc import Iterable, Iterator
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
    _of_a_move(stood, stands, job, at=by.said or _until(stands, latest=latest))


def _until(stands: Standing, *, latest: datetime) -> datetime:
    """By which a claim went, where the clock that it asked is the database's: one before its next run."""
    return min(instant(stands.next_run) - LEAST, latest) if stands.next_run else latest


def _of_a_move(stood: Standing, stands: Standing, job: Known, *, at: datetime) -> None:
    """It goes on with the first occurrence that is to come, and what it moves past counts. [CLAIM-3]"""
    assert stood.repeats is not None, "it is not removed"
    due, following = due_of(stood, job, at=at)
    stops = instant(stands.next_run) if stands.next_run else None
    if job.longest is not None and stops and following and due and stops > following:
        # On its grid, and not too far.
        grid, stretch = _from(following, job), stops - due[-1]
        following = next(one for one in grid if one >= stops)
        if stretch > job.longest:
            raise BrokenError("POLICY", f"{stretch} lie between two of {job.name}, more than {job.longest}")
    if stops != following:
        raise BrokenError("CLAIM-3", f"{job.name} is claimed at {at} and goes on at {stops}, not {following}")
    left = stood.repeats - len(due) if stood.repeats >= 0 else -1
    if stands.repeats != left:
        raise BrokenError("POLICY", f"{stands.repeats} of {job.name} are left, and not {left}")


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
    first = goes_on(stood, job, since=since)
    if first != (instant(stands.next_run) if stands.next_run else None):
        raise BrokenError("PAUSE-1", f"after its pause {job.name} goes on at {stands.next_run}, not {first}")


def goes_on(stood: Standing, job: Known, *, since: datetime) -> datetime | None:
    """What lies in a pause is not asked for."""
    first = instant(stood.next_run) if stood.next_run else None
    if first is None or first >= since:
        return first
    first = next(one for one in _from(first, job) if one > since)
    return None if job.ends_at is not None and first > job.ends_at else first


def goes_on_anew(stood: Standing, rows: Iterable[Row], job: Known, *, now: datetime) -> datetime:
    """An interval after its last occurrence, not before now; a cron with its next match from now on."""
    assert job.occurrences is not None, "asked of what has a clock"
    ours = [row.occurrence for row in rows if row.trigger in (RunTrigger.SCHEDULE, RunTrigger.CHAIN)]
    last = max((one for one in map(instant, ours) if one <= now), default=None)
    if job.drawn and job.drawn.schedule and job.drawn.schedule.cron:
        return next(job.occurrences(max(now - LEAST, last or now - LEAST)))
    if last is not None:
        return max(next(job.occurrences(last)), now)
    assert stood.next_run is not None, "it goes on"
    return min(max(instant(stood.next_run), now), next(job.occurrences(now)))


def due_of(stood: Standing, job: Known, *, at: datetime) -> tuple[list[datetime], datetime | None]:
    """What is due of a schedule at an instant, and the occurrence after that; None after its last."""
    assert stood.next_run is not None, "only what goes by the clock is due"
    due: list[datetime] = []
    for occurrence in _from(instant(stood.next_run), job):
        if len(due) == stood.repeats or (job.ends_at is not None and occurrence > job.ends_at):
            return due, None
        if occurrence > at:
            return due, occurrence
        due.append(occurrence)
    raise AssertionError("occurrences have no end")


def _from(first: datetime, job: Known) -> Iterator[datetime]:
    assert job.occurrences is not None, "asked of what has a clock"
    return chain((first,), job.occurrences(first))
