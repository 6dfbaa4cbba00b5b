"""How hosts that cannot see each other's processes agree on who still holds a run.

A worker counts its run's `heartbeat` up. Whoever watches it from another host takes the run
back when the count stood still for `LEASE` by the watcher's own stopwatch; a worker that could
not count up for `SURRENDER` by its own stopwatch ends itself first. No wall clock is involved,
so clocks that differ or jump cannot make two hosts believe they hold one run.
"""

import faulthandler
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import F

from scheduling.exceptions import RunLostError
from scheduling.models import Run, RunState

logger = logging.getLogger(__name__)

# Seconds. A heartbeat may be late by several before the worker gives up, and the worker gives
# up well before anybody else takes over.
HEARTBEAT_EVERY = 2.0
SURRENDER = 8.0
LEASE = 12.0


@contextmanager
def held_lease(*, run_id: int, owner: str) -> Iterator[None]:
    """Keep the lease on a run while the block runs; raises `RunLostError` in it when the run is lost.

    On SQLite there is nothing to do: every worker is on this host, where the dispatcher sees
    whether its process lives, and a heartbeat would wait for the task's own write lock.
    """
    if connection.vendor == "sqlite":
        yield
        return

    def lose(signum: int, frame: FrameType | None) -> None:
        raise RunLostError(f"Run {run_id} was given to somebody else while we worked on it.")

    previous = signal.signal(signal.SIGUSR1, lose)
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(run_id, owner, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        signal.signal(signal.SIGUSR1, previous)


def _beat(run_id: int, owner: str, done: threading.Event) -> None:
    """Count the heartbeat up until done; the process ends when that cannot be done in time.

    The watchdog is a thread of the interpreter's own, so it strikes also while a database call
    hangs on a network that swallows everything.
    """
    faulthandler.dump_traceback_later(SURRENDER, exit=True)
    try:
        while not done.wait(HEARTBEAT_EVERY):
            try:
                held = Run.objects.filter(pk=run_id, owner=owner).update(heartbeat=F("heartbeat") + 1)
            except DatabaseError:
                connection.close()
                continue
            faulthandler.dump_traceback_later(SURRENDER, exit=True)
            if not held:
                os.kill(os.getpid(), signal.SIGUSR1)
                return
    finally:
        faulthandler.cancel_dump_traceback_later()
        connection.close()


class LeaseWatch:
    """One watcher's stopwatch on every heartbeat it has seen."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}

    def expired(self, runs: list[Run]) -> list[Run]:
        """Those of the runs whose heartbeat stood still for `LEASE` since this watch first saw it so."""
        now = time.monotonic()
        seen = {}
        for run in runs:
            count, since = self._seen.get(run.owner, (run.heartbeat, now))
            seen[run.owner] = (run.heartbeat, since if count == run.heartbeat else now)
        self._seen = seen
        return [run for run in runs if now - seen[run.owner][1] > LEASE and run.state == RunState.RUNNING]
