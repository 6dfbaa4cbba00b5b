"""Who was stopped, by SIGSTOP say, and does not go on: it lives, does nothing, and keeps what it holds."""

import logging
import os
import signal
import time
from collections.abc import Collection
from contextlib import suppress

from scheduling.engine.processes import is_stopped

logger = logging.getLogger(__name__)

# A process that has not moved for this long (seconds) is ended, and another takes its place.
STALLED = 8.0
# Of a host that was paused whole, its container say, nobody has moved when it goes on: that long (seconds)
# before it counts, one is seen to stand still, and is looked at again.
SECOND_LOOK = 1.0


class Standstill:
    """Whether something has stood still for long, and not since a first look that found it so."""

    def __init__(self) -> None:
        self._doubted_at: float | None = None

    def counts(self, *, since: float) -> bool:
        """`since` is the instant of `time.monotonic()` at which it moved last."""
        now = time.monotonic()
        if now - since < STALLED - SECOND_LOOK:
            self._doubted_at = None
            return False
        self._doubted_at = now if self._doubted_at is None else self._doubted_at
        return now - self._doubted_at >= SECOND_LOOK


class StoppedChildren:
    """A parent's stopwatches on its children that are stopped. A debugger's halt is none."""

    def __init__(self) -> None:
        self._stopped: dict[int, tuple[float, Standstill]] = {}

    def end(self, pids: Collection[int]) -> None:
        """Kill those of these children that have been stopped for long; their parent replaces the dead."""
        now = time.monotonic()
        self._stopped = {
            pid: self._stopped.get(pid) or (now, Standstill()) for pid in pids if is_stopped(pid)
        }
        for pid, (since, standstill) in self._stopped.items():
            if standstill.counts(since=since):
                logger.warning("Process %d was stopped %.0f s ago and is killed.", pid, STALLED)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
