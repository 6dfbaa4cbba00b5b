"""A django-q2 cluster that is crash-only: what is lost is started anew, never waited for.

A worker killed while it holds a queue's lock freezes the stock cluster for ever, without a
sign. Here every process dies with its parent, a death that may have left a lock behind ends
the whole pool, and the parent starts a new one. The ledger gives back what the pool was
doing. Nothing of django-q2 is patched: the classes are its own, overridden.
"""

import contextlib
import ctypes
import logging
import os
import queue
import select
import signal
import threading
import time
import uuid
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawValue
from types import FrameType
from typing import Any

from django.db import connections
from django_q.cluster import Cluster, Sentinel, get_mp_context
from django_q.conf import Conf
from django_q.monitor import monitor
from django_q.signals import post_execute_in_worker, pre_execute
from django_q.status import Stat
from django_q.worker import worker

from scheduling.engine.execution import warm_up
from scheduling.engine.leftovers import end_child
from scheduling.engine.processes import adopt_orphans, children_of, die_with_parent, is_running
from scheduling.ledger.task_history import prune_by_statement
from scheduling.models.paths import EXECUTE_RUN, path_today

logger = logging.getLogger(__name__)

# A sentinel that has not moved for this long (seconds) holds or waits for a lock that nobody will release.
STALLED = 8.0
POOL_LOST = 3
# The lock of the results is held for microseconds.
LOCK_PATIENCE = 0.5
LOOK_AGAIN = 0.05
# What django-q2 keeps of a task is written at this niceness, so that many runs at once start sooner.
HISTORY_IS_IN_NO_HURRY = 5
DEATH_TAKES = 1.0


class CrashOnlySentinel(Sentinel):  # type: ignore[misc]
    """Guards the pool, in a process group of its own, and gives the pool up when it may be frozen."""

    def __init__(self, *, parent_pid: int, cluster_id: uuid.UUID, beat: Any) -> None:
        die_with_parent(parent_pid)
        adopt_orphans()
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        self.beat = beat
        self.busy: dict[int, Any] = {}
        # Events of threading, not multiprocessing: no lock shared with a process that may be killed.
        super().__init__(threading.Event(), threading.Event(), cluster_id)

    def spawn_process(self, target: Callable[..., None], *args: Any) -> BaseProcess:
        busy = RawValue(ctypes.c_bool, False)
        process: Any = get_mp_context().Process(
            target=_run_child, args=(os.getpid(), busy, target, *args), name=f"Process-{uuid.uuid4().hex}"
        )
        process.daemon = True
        if target is worker:
            # Without its lock, which a killed worker may have held.
            process.timer = args[2].get_obj()
            self.pool.append(process)
        process.start()
        self.busy[process.pid] = busy
        return process  # type: ignore[no-any-return]

    def guard(self) -> None:
        """Look after the children until asked to stop; a child's death is seen at once."""
        watched = {signal.SIGTERM, signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, watched)
        self.start_event.set()
        while True:
            self.beat.value = time.monotonic()
            self._replace_dead()
            Stat(self).save()
            received = signal.sigtimedwait(watched, Conf.GUARD_CYCLE)
            if received is not None and received.si_signo == signal.SIGTERM:
                break
        self.stop_event.set()
        self.stop()

    def stop(self) -> None:
        """Let busy workers end. What only waits in this pool stays queued in the ledger, for others."""
        self.event_out.set()
        while self.pusher.is_alive():
            self._empty_task_queue()  # the pusher may wait for room in it
        self._empty_task_queue()
        super().stop()

    def _empty_task_queue(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self.task_queue.get(timeout=LOOK_AGAIN)

    def _replace_dead(self) -> None:
        for process in (self.monitor, self.pusher, *self.pool):
            if process.is_alive():
                continue
            self._end_orphans()
            busy = self.busy.pop(process.pid)
            if (process.exitcode != 0 and not busy.value) or not self._results_can_be_put():
                logger.error("%s broke off and may hold a lock; the pool starts anew.", process.name)
                os._exit(POOL_LOST)
            self.reincarnate(process)

    def _end_orphans(self) -> None:
        """Kill what the tasks of a dead worker had started; it is ours now."""
        for pid in set(children_of(os.getpid())) - self.busy.keys():
            end_child(pid)

    def _results_can_be_put(self) -> bool:
        """Whether no dead worker holds the lock of the results.

        A thread of the worker puts them, so that it may hold the lock while the worker is busy
        with its next task already.
        """
        lock = self.result_queue._wlock
        if not lock.acquire(timeout=LOCK_PATIENCE):
            return False
        lock.release()
        return True


class _RunsAlone:
    """The queue of tasks as a worker reads it: a message may ask for a run, and for nothing else.

    Whoever could write one would call what he likes. An older version's messages ask by a former path.
    """

    def __init__(self, tasks: Any) -> None:
        self._tasks = tasks

    def get(self) -> Any:
        while True:
            task = self._tasks.get()
            if not isinstance(task, dict) or _asks_for_a_run(task):
                return task
            logger.error("A message asked for %.200r, which is no run, and was dropped.", task.get("func"))


def _asks_for_a_run(task: dict[str, Any]) -> bool:
    """Whether it does, and wants nothing called afterwards."""
    func = task.get("func")
    task["func"] = path_today(func) if isinstance(func, str) else func
    args, extras = task.get("args"), ("kwargs", "hook", "chain", "iter_count", "iter_cached")
    one_number = isinstance(args, tuple) and len(args) == 1 and type(args[0]) is int
    return task["func"] == EXECUTE_RUN and one_number and not any(task.get(extra) for extra in extras)


def _run_child(sentinel_pid: int, busy: Any, target: Callable[..., None], *args: Any) -> None:
    """What every child of the sentinel runs first."""
    die_with_parent(sentinel_pid)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD})
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    # Inside a task a worker holds no lock of the queues, so its death then costs only its own run.
    def begin_task(**_: Any) -> None:
        busy.value = True

    def end_task(**_: Any) -> None:
        busy.value = False

    pre_execute.connect(begin_task, weak=False)
    post_execute_in_worker.connect(end_task, weak=False)
    if target is worker:
        adopt_orphans()
        warm_up()
        args = (_RunsAlone(args[0]), *args[1:])
    if target is monitor:
        prune_by_statement()
        os.nice(HISTORY_IS_IN_NO_HURRY)
    target(*args)


class CrashOnlyCluster(Cluster):  # type: ignore[misc]
    """The parent's side: starts the sentinel, and another one when that is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.stop_requests = 0
        self.beat = RawValue(ctypes.c_double, 0.0)
        self._wake_up, wake_up = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_up, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda signum, frame: None)

    def start(self) -> int:
        # A connection that a child inherits is shared with it, and closed for both.
        connections.close_all()
        self.beat.value = time.monotonic()
        self.sentinel = get_mp_context().Process(
            target=CrashOnlySentinel,
            kwargs={"parent_pid": os.getpid(), "cluster_id": self.cluster_id, "beat": self.beat},
            name=f"Process-{uuid.uuid4().hex}",
        )
        self.sentinel.start()
        return int(self.pid)

    def restart_if_lost(self) -> bool:
        """Start a new sentinel when the old one died or stands still; say whether that was so."""
        stalled = time.monotonic() - self.beat.value > STALLED
        if self.sentinel.is_alive() and not stalled:
            return False
        logger.warning(
            "The worker pool was lost%s; starting a new one.", " (it stood still)" if stalled else ""
        )
        self._kill()
        self.start()
        return True

    def sleep(self, seconds: float) -> None:
        """Sleep, but not past a signal: a stop, or the death of the sentinel."""
        ready, _, _ = select.select([self._wake_up], [], [], seconds)
        if ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_up, 4096)

    def stop_within(self, grace: float) -> bool:
        """Let running tasks end for `grace` seconds, then kill; say whether all ended by themselves."""
        self.sentinel.terminate()
        deadline = time.monotonic() + grace
        while self.sentinel.is_alive() and time.monotonic() < deadline and self.stop_requests < 2:
            self.sleep(0.1)
        ended = not self.sentinel.is_alive()
        self._kill()
        return ended

    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        self.stop_requests += 1

    def _kill(self) -> None:
        """End the sentinel and, through it and its process group, everything below."""
        pool = children_of(self.sentinel.pid)
        is_alive = self.sentinel.is_alive()
        # Its group outlives it for as long as something that a task started does.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.sentinel.pid, signal.SIGKILL)
        if is_alive:
            self.sentinel.kill()
        self.sentinel.join()
        # Killed is not yet dead, and whoever looks next into the ledger asks who is.
        deadline = time.monotonic() + DEATH_TAKES
        while any(map(is_running, pool)) and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN / 10)
