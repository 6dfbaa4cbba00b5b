"""Stopwatches on what is under way: since when it is, and whether it shows signs of life."""

import time
from dataclasses import dataclass
from datetime import timedelta

from scheduling.engine.leases import LEASE
from scheduling.engine.write_trials import WRITERS_FIRST
from scheduling.models import Run, RunState
from scheduling.monitoring.database_state import require_writes

# A heartbeat that stands still for so long (seconds) may be one that nobody could write: early enough that
# whoever waits to write has his turn before the lease ends, at a tick after this one.
DOUBT = LEASE - WRITERS_FIRST - 0.5


@dataclass(slots=True)
class _Seen:
    """A heartbeat, since when it stands so, and when the database was found to take writes meanwhile."""

    count: int
    since: float
    proven_at: float | None = None


class LeaseWatch:
    """One watcher's stopwatch on every claim, and on every heartbeat, that it has seen."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._began: dict[str, float] = {}

    def overdue(self, runs: list[Run], *, by: timedelta) -> list[Run]:
        """Those of the runs that have been under way for longer than their time limit and `by`.

        Since this watch first saw them: by what a wall clock says, one that is set forward would make all
        of them so.
        """
        now = time.monotonic()
        self._began = {run.owner: self._began.get(run.owner, now) for run in runs}
        return [
            run for run in runs if now - self._began[run.owner] > (run.job.time_limit + by).total_seconds()
        ]

    def expired(self, runs: list[Run]) -> list[Run]:
        """Those of the runs whose heartbeat stood still for `LEASE` since this watch first saw it so.

        Time in which nobody could write does not count: a worker that has finished, and waits for the
        database to take that, is no lost one. Raises what a write raises.
        """
        now = time.monotonic()  # [TIME-1]
        seen = {}
        for run in runs:
            known = self._seen.get(run.owner)
            # [RECOVER-1]
            seen[run.owner] = known if known and known.count == run.heartbeat else _Seen(run.heartbeat, now)
        self._seen = seen
        doubted = [one for one in seen.values() if now - one.since > DOUBT and one.proven_at is None]
        if doubted:
            require_writes()
            for one in doubted:
                one.proven_at = now
        return [run for run in runs if run.state == RunState.RUNNING and _is_over(seen[run.owner], now=now)]


def _is_over(seen: _Seen, *, now: float) -> bool:
    proven = seen.proven_at is not None and now - seen.proven_at > WRITERS_FIRST
    return proven and now - seen.since > LEASE  # [RECOVER-1]
