"""How soon a message that was lost is asked for again."""

from datetime import datetime, timedelta

from scheduling.models import RunState
from tests.simulation.observer import Observer
from tests.simulation.parts import Redis
from tests.simulation.processes import BrokenError, Process
from tests.simulation.seen import instant

# One that is queued is asked for again within this, or within as long as it waited before, up to a minute.
SILENCE, LONGEST_SILENCE = timedelta(seconds=30), timedelta(seconds=60)
# What was queued later than this from now was so by a clock that was ahead, and is asked for at once.
AHEAD = timedelta(minutes=1)

# By run, when it was queued.
Queued = dict[int, str | None]


def queued(watch: Observer) -> Queued:
    """But for deliveries, for which no bell is rung: their courier looks."""
    waiting = (row for row in watch.rows.values() if row.state == RunState.QUEUED)
    return {row.id: row.queued_at for row in waiting if not watch.jobs[row.job].is_channel}


def of_lost_messages(by: Process, watch: Observer, redis: Redis) -> None:
    """Who finds that Redis was away, or emptied, asks in the same look for all that was queued. [LIVE-1]"""
    if by.found_away:
        return
    still, owes, by.owes = queued(watch), by.owes, {}
    for run_id, at in owes.items():
        if still.get(run_id) == at and redis.rung.get(run_id, -1) < by.owes_since:
            raise BrokenError("LIVE-1", f"{by.name} asks not again for run {run_id}, whose message is lost")


def of_silence(before: Queued, watch: Observer, *, now: datetime) -> None:
    """Of what was queued already when a look began, by the clock that it asked. [LIVE-1]"""
    still = queued(watch)
    for run_id, at in before.items():
        if at is None or still.get(run_id) != at:
            continue
        silent, waited = now - instant(at), instant(at) - instant(watch.rows[run_id].not_before)
        if -silent > AHEAD and silent + waited > SILENCE:
            raise BrokenError("LIVE-1", f"nobody asks for run {run_id}, queued {-silent} from now")
        if silent > max(SILENCE, min(waited, LONGEST_SILENCE)):
            raise BrokenError("LIVE-1", f"nobody has asked for run {run_id} for {silent}")
