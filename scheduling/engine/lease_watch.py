"""Watching runs of other hosts, whose processes nobody here sees."""

import time
from dataclasses import dataclass

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
    """One watcher's stopwatch on every heartbeat it has seen."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

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
