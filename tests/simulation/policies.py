"""What a job's policies promise of its runs, beside the rules of the specification."""

from collections.abc import Mapping
from datetime import datetime

from scheduling.models import RunState, RunTrigger
from scheduling.timing.planning import MISFIRE_GRACE
from tests.simulation.processes import BrokenError
from tests.simulation.seen import Known, Row, instant


def not_now(occurrence: datetime) -> bool:
    """The condition of those jobs that have one."""
    return occurrence.second % 30 >= 15


def of_a_run(was: Row | None, row: Row, job: Known, *, latest: datetime) -> None:
    """Of one that is new or was changed; `latest` is what the clock of the wall has said at the most."""
    if was is None and row.trigger == RunTrigger.SCHEDULE:
        _of_a_claimed(row, job)
    is_queued = row.state == RunState.QUEUED and (was is None or was.state != RunState.QUEUED)
    if is_queued and instant(row.not_before) > latest:
        raise BrokenError("POLICY", f"run {row.id} is queued before {row.not_before}, when it may begin")


def _of_a_claimed(row: Row, job: Known) -> None:
    waits = instant(row.not_before) - instant(row.occurrence)
    if abs(waits - job.jitter / 2) > job.jitter / 2:
        raise BrokenError("POLICY", f"run {row.id} waits {waits}; the jitter of {job.name} is {job.jitter}")
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
