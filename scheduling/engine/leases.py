"""How hosts that cannot see each other's processes agree on who still holds a run.

A worker counts its run's `heartbeat` up. Whoever watches it from another host takes the run
back when the count stood still for `LEASE` by the watcher's own stopwatch; a worker that could
not count up for `SURRENDER` by its own stopwatch ends itself first. No wall clock is involved,
so clocks that differ or jump cannot make two hosts believe they hold one run.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import F

from scheduling.engine.watchdog import own_watchdog
from scheduling.exceptions import RunLostError
from scheduling.ledger.patience import briefly
from scheduling.models import Run

logger = logging.getLogger(__name__)

# Seconds. A heartbeat may be late by several before the worker gives up, and the worker gives
# up well before anybody else takes over.
HEARTBEAT_EVERY = 1.5
SURRENDER = 8.0
LEASE = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A run, and the fencing token by which it is ours."""

    run_id: int
    owner: str


class Heart:
    """Beats for the lease that this process holds, from a thread that lives as long as the process.

    Most runs end before their first beat, and a thread for each of them cost a sixth of its worker.
    """

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lease: Lease | None = None
        self._is_connected = False
        self._ended = threading.Event()
        # Held during a beat, so that none comes after the end of its lease.
        self._beating = threading.Lock()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it beats in this process; that of a parent does not in its child."""
        return self._pid == os.getpid() and self._thread.is_alive()

    def begin(self, lease: Lease) -> None:
        with self._beating:
            self._lease = lease

    def end(self) -> None:
        """Ended by the watchdog too, should the beat under way hang in the database."""
        with self._beating:
            self._lease = None
        if self._is_connected:
            self._ended.set()

    def _live(self) -> None:
        seen: Lease | None = None
        while True:
            self._ended.wait(HEARTBEAT_EVERY)
            self._ended.clear()
            with self._beating:
                # One that it has not seen before is young, and most end before they need a beat.
                is_young, seen = self._lease is not seen, self._lease
                if is_young or seen is None:
                    self._disconnect()
                elif not self._beat(seen):
                    self._lease = None

    def _beat(self, lease: Lease) -> bool:
        self._is_connected = True
        return _beat(lease)

    def _disconnect(self) -> None:
        with suppress(DatabaseError):
            connection.close()
        self._is_connected = False


_heart: Heart | None = None


def _own_heart() -> Heart:
    global _heart
    if _heart is None or not _heart.is_alive:
        _heart = Heart()
    return _heart


@contextmanager
def held_lease(*, run_id: int, owner: str, since: float) -> Iterator[None]:
    """Keep the lease on a run while the block runs; raises `RunLostError` in it when the run is lost.

    `since` is this process's `time.monotonic()` before it asked for the run. The lease counts
    from then and not from the answer, which may have been long on its way.

    On SQLite there is nothing to do: every worker is on this host, where the dispatcher sees
    whether its process lives, and a heartbeat would wait for the task's own write lock.
    """
    if connection.vendor == "sqlite":
        yield
        return

    def lose(signum: int, frame: FrameType | None) -> None:
        raise RunLostError(f"Run {run_id} was given to somebody else while we worked on it.")

    if time.monotonic() - since > SURRENDER:  # [ONCE-1]
        raise RunLostError(f"Run {run_id} was ours only after {SURRENDER:.0f} s; somebody else may have it.")
    heart = _own_heart()
    previous = signal.signal(signal.SIGUSR1, lose)
    try:
        _surrender_at(since + SURRENDER)  # [ONCE-2]
        heart.begin(Lease(run_id=run_id, owner=owner))
        yield
    except RunLostError:
        # It may have struck in the middle of a reply; closing also ends the transaction.
        connection.close()
        raise
    finally:
        try:
            # The run is over; that it is lost, its end in the ledger will say.
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            heart.end()
        finally:
            own_watchdog().call_off()  # [WATCH-1]
            signal.signal(signal.SIGUSR1, previous)


def let_go() -> None:
    """Hold the lease of the run under way no longer: what is left of it is to be written, and is fenced.

    A process that only waits for the database need not end for somebody else to take the run over.
    """
    if _heart is not None and _heart.is_alive:
        _heart.end()
    own_watchdog().call_off()


def _beat(lease: Lease) -> bool:
    """Count the heartbeat up; False when the run is no longer ours, which its task then hears.

    The watchdog that ends this process in time strikes also when this call hangs, or failed.
    """
    asked_at = time.monotonic()
    ours = Run.objects.filter(pk=lease.run_id, owner=lease.owner)  # [ONCE-1]
    try:
        # Of a row that somebody else holds too: whoever lets the lease go waits for the beat under way.
        held = bool(briefly(ours).update(heartbeat=F("heartbeat") + 1))
    except DatabaseError:
        connection.close()
        return True
    _surrender_at(asked_at + SURRENDER)  # [ONCE-2]
    if not held:
        os.kill(os.getpid(), signal.SIGUSR1)
    return held


def _surrender_at(instant: float) -> None:
    """Have this process end at an instant of its own stopwatch, unless told otherwise before."""
    own_watchdog().strike_at(instant)
