"""What a job's policies promise of its runs, beside the rules of the specification."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from scheduling.models import RunState, RunTrigger
from tests.simulation.processes import BrokenError
from tests.simulation.seen import ENDED, Known, Row, Standing, instant

# Of what pauses a job when so many runs of it in a row have failed.
ENDS: Final = (RunState.SUCCEEDED, RunState.FAILED)

# What ended later than this from now did so by a clock that was ahead.
AHEAD = timedelta(minutes=1)

UNDER_WAY: Final = (RunState.QUEUED, RunState.RUNNING)


def not_now(occurrence: datetime) -> bool:
    """The condition of those jobs that have one."""
    return occurrence.second % 30 >= 15


def of_a_run(was: Row | None, row: Row, job: Known, *, latest: datetime, is_paused: bool) -> None:
    """Of one that is new or was changed; `latest` is what the clock of the wall has said at the most."""
    if was is None and row.trigger == RunTrigger.CHAIN and is_paused:
        raise BrokenError("POLICY", f"run {row.id} follows another, and {job.name} is paused")
    is_queued = row.state == RunState.QUEUED and (was is None or was.state != RunState.QUEUED)
    if is_queued and instant(row.not_before) > latest:
        raise BrokenError("POLICY", f"run {row.id} is queued before {row.not_before}, when it may begin")


def of_a_pause(
    stood: Standing,
    stands: Standing,
    rows: Collection[Row],
    *,
    failed: Collection[Row],
    by_people: bool,
    job: Known,
) -> None:
    """Of one that nobody asked for: so many runs in a row have failed, and then there is one.

    `failed`: those of the job that have just ended so. What ended by a clock that was ahead is not counted.
    """
    if stood.paused and stands.paused and not by_people and stood[2:4] != stands[2:4]:
        raise BrokenError("PAUSE-1", f"the pause of {job.name} is not the one that somebody began")
    if by_people or stood.paused or not (failed or stands.paused):
        return
    ended = [row for row in rows if row.job == stands.job and row.state in ENDS and row.finished_at]
    if now := max((row.finished_at for row in failed if row.finished_at), default=""):
        until = instant(now) + AHEAD
        ended = [row for row in ended if instant(row.finished_at or now) <= until]
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
    keep = job.keep_failed if row.state == RunState.FAILED else job.keep
    if row.finished_at is None or latest - instant(row.finished_at) < keep:
        raise BrokenError("POLICY", f"run {row.id} is deleted before {keep} are over")
    if all(one.occurrence < row.occurrence for one in rows if one.job == row.job):
        raise BrokenError("POLICY", f"run {row.id} is the newest of {job.name}, and is deleted")
