"""What follows from a success, in the transaction that ends the run."""

from collections.abc import Mapping
from datetime import timedelta

from scheduling.models import RunState, RunTrigger
from tests.simulation.processes import BrokenError
from tests.simulation.seen import Known, Row, Standing, instant

# Who is due within this comes by himself.
SOON = timedelta(minutes=1)


def of_a_success(
    row: Row, rows: Mapping[int, Row], jobs: Mapping[int, Known], standings: Mapping[int, Standing]
) -> None:
    """A job that runs after this one is asked for."""
    follower = jobs[row.job].follower
    if row.state != RunState.SUCCEEDED or follower is None:
        return
    if standings[follower].paused or standings[follower].is_removed:
        return
    if all((one.job, one.occurrence) != (follower, row.occurrence) for one in rows.values()):
        raise BrokenError("LIVE-1", f"run {row.id} has succeeded, and what follows is not asked for")


def of_a_first_success(
    row: Row,
    before: Mapping[int, Row],
    rows: Mapping[int, Row],
    jobs: Mapping[int, Known],
    standings: Mapping[int, Standing],
) -> None:
    """Who needs it is asked for, unless he comes soon, waits already or is paused."""
    needing = jobs[row.job].needing
    if row.state != RunState.SUCCEEDED or needing is None or row.finished_at is None:
        return
    stands, waiting = standings[needing], (RunState.PENDING, RunState.QUEUED)
    is_first = not any(one.job == row.job and one.state == row.state for one in before.values())
    waits = any(one.job == needing and one.state in waiting for one in before.values())
    comes = stands.next_run is None or instant(stands.next_run) <= instant(row.finished_at) + SOON
    asked = any(
        one.job == needing and one.trigger == RunTrigger.CHAIN
        for run_id, one in rows.items()
        if run_id not in before
    )
    if asked != (is_first and not waits and not comes and stands.paused is None):
        does = "is" if asked else "is not"
        raise BrokenError("POLICY", f"run {row.id} has succeeded, and {jobs[needing].name} {does} asked for")
