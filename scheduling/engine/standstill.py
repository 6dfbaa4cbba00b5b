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


class StoppedChildren:
    """A parent's stopwatches on its children that are stopped. A debugger's halt is none."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._doubted: dict[int, float] = {}

    def end(self, pids: Collection[int]) -> None:
        """Kill those of these children that have been stopped for long; their parent replaces the dead."""
        for pid in self._stalled(pids):
            logger.warning("Process %d was stopped %.0f s ago and is killed.", pid, STALLED)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _stalled(self, pids: Collection[int]) -> list[int]:
        now = time.monotonic()
        self._since = {pid: self._since.get(pid, now) for pid in pids if is_stopped(pid)}
        old = [pid for pid, since in self._since.items() if now - since >= STALLED - SECOND_LOOK]
        self._doubted = {pid: self._doubted.get(pid, now) for pid in old}
        return [pid for pid, since in self._doubted.items() if now - since >= SECOND_LOOK]
