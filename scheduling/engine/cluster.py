"""A django-q2 cluster that is crash-only: what is lost is started anew, never waited for.

A worker killed while it holds a queue's lock freezes the stock cluster for ever, without a
sign. Here every process dies with its parent, none shares a lock with another (see `mailbox`),
and whoever is killed is replaced alone; for a sentinel that is lost the parent starts a new
pool. The ledger gives back what was lost with it. Nothing of django-q2 is patched: the classes
are its own, overridden.
"""

import contextlib
import logging
import os
import queue
import select
import signal
import threading
import time
import uuid
from collections.abc import Callable
from multiprocessing.process import BaseProcess, current_process
from types import FrameType
from typing import Any

from django.db import connections
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.cluster import Cluster, Sentinel, get_mp_context
from django_q.conf import Conf
from django_q.status import Stat
from django_q.worker import worker

from scheduling.engine import turnover
from scheduling.engine.execution import warm_up
from scheduling.engine.history import keep_history
from scheduling.engine.leftovers import end_child
from scheduling.engine.mailbox import Mailbox, Outbox, Shared
from scheduling.engine.processes import adopt_orphans, children_of, die_with_parent, is_running
from scheduling.engine.standstill import STALLED, Standstill, StoppedChildren
from scheduling.exceptions import PoolError
from scheduling.models.paths import EXECUTE_RUN, path_today

logger = logging.getLogger(__name__)

LOOK_AGAIN = 0.05
# Bytes; what the workers of a pool do until the monitor looks again.
ROOM_FOR_RESULTS = 128 * 1024
# A sentinel that raised an error within `STALLED` seconds of its start so often in a row will again.
MOST_BREAKS = 5
DEATH_TAKES = 1.0


class CrashOnlySentinel(Sentinel):  # type: ignore[misc]
    """Guards the pool, in a process group of its own, and replaces whoever dies in it."""

    def __init__(self, *, parent_pid: int, cluster_id: uuid.UUID, beat: Shared, losses: Shared) -> None:
        # Not django-q2's own, which makes queues and events that need semaphores.
        die_with_parent(parent_pid)
        adopt_orphans()
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.beat, self.losses, self.stopped = beat, losses, StoppedChildren()
        self.pid, self.parent_pid, self.name = os.getpid(), parent_pid, current_process().name
        self.cluster_id, self.broker = cluster_id, get_broker()
        self.reincarnations, self.tob = 0, timezone.now()
        self.stop_event, self.start_event = threading.Event(), threading.Event()
        self.pool: list[Any] = []
        self.pool_size, self.timeout = Conf.WORKERS, Conf.TIMEOUT
        self.task_queue, self.result_queue = Mailbox(), Mailbox(room=ROOM_FOR_RESULTS)
        self.event_out = Shared()
        self.monitor: Any = None
        self.pusher: Any = None
        self.start()

    def spawn_worker(self) -> None:
        self.spawn_process(worker, self.task_queue, self.result_queue, Shared(-1), self.timeout)

    def spawn_monitor(self) -> BaseProcess:
        return self.spawn_process(keep_history, self.result_queue)

    def spawn_process(self, target: Callable[..., None], *args: Any) -> BaseProcess:
        process: Any = get_mp_context().Process(
            target=_run_child, args=(os.getpid(), target, *args), name=f"Process-{uuid.uuid4().hex}"
        )
        process.daemon = True
        if target is worker:
            process.timer = args[2]
            self.pool.append(process)
        process.start()
        return process  # type: ignore[no-any-return]

    def guard(self) -> None:
        """Look after the children until asked to stop; a child's death is seen at once."""
        watched = {signal.SIGTERM, signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, watched)
        self.start_event.set()
        while True:
            self.beat.value = time.monotonic()
            self._replace_dead()
            self.stopped.end([process.pid for process in self._processes()])
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
        for process in self._processes():
            if process.is_alive():
                continue
            self._end_orphans()
            if process.exitcode != 0:  # with a message in hand, maybe
                self.losses.value += 1
            self.reincarnate(process)

    def _processes(self) -> list[Any]:
        return [self.monitor, self.pusher, *self.pool]

    def _end_orphans(self) -> None:
        """Kill what the tasks of a dead worker had started; it is ours now."""
        for pid in set(children_of(os.getpid())) - {process.pid for process in self._processes()}:
            end_child(pid)


class _RunsAlone:
    """The queue of tasks as a worker reads it: a message may ask for a run, and for nothing else.

    Whoever could write one would call what he likes. An older version's messages ask by a former path.
    """

    def __init__(self, tasks: Any) -> None:
        self._tasks = tasks

    def get(self) -> Any:
        while True:
            task = self._next()
            if not isinstance(task, dict):
                turnover.flush()
                return task
            if _asks_for_a_run(task):
                return task
            logger.error("A message asked for %.200r, which is no run, and was dropped.", task.get("func"))

    def _next(self) -> Any:
        if turnover.holds_back():
            with contextlib.suppress(queue.Empty):
                return self._tasks.get(timeout=0.0)
            turnover.flush()
        return self._tasks.get()


def _asks_for_a_run(task: dict[str, Any]) -> bool:
    """Whether it does, and wants nothing called afterwards."""
    func = task.get("func")
    task["func"] = path_today(func) if isinstance(func, str) else func
    args, extras = task.get("args"), ("kwargs", "hook", "chain", "iter_count", "iter_cached")
    one_number = isinstance(args, tuple) and len(args) == 1 and type(args[0]) is int
    return task["func"] == EXECUTE_RUN and one_number and not any(task.get(extra) for extra in extras)


def _run_child(sentinel_pid: int, target: Callable[..., None], *args: Any) -> None:
    """What every child of the sentinel runs first."""
    die_with_parent(sentinel_pid)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD})
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if target is worker:
        _work(*args)
    else:
        target(*args)


def _work(tasks: Mailbox, results: Mailbox, *args: Any) -> None:
    adopt_orphans()
    warm_up()
    outbox = Outbox(results)
    turnover.hold_back_while(lambda: not tasks.empty())
    worker(_RunsAlone(tasks), outbox, *args)
    turnover.flush()
    outbox.flush()


class CrashOnlyCluster(Cluster):  # type: ignore[misc]
    """The parent's side: starts the sentinel, and another one when that is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.stop_requests = 0
        self.beat, self.losses, self._losses_seen = Shared(), Shared(), 0.0
        self._standstill = Standstill()
        self._started_at, self._breaks = 0.0, 0
        self._wake_up, wake_up = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_up, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda signum, frame: None)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # not under `nohup`
            signal.signal(signal.SIGHUP, self._hang_up)

    def start(self) -> int:
        # A connection that a child inherits is shared with it, and closed for both.
        connections.close_all()
        self.beat.value = self._started_at = time.monotonic()
        self.sentinel = get_mp_context().Process(
            target=CrashOnlySentinel,
            kwargs={
                "parent_pid": os.getpid(),
                "cluster_id": self.cluster_id,
                "beat": self.beat,
                "losses": self.losses,
            },
            name=f"Process-{uuid.uuid4().hex}",
        )
        self.sentinel.start()
        return int(self.pid)

    def has_lost_messages(self) -> bool:
        """Whether some process of the pool was killed since the last call, with a message in hand maybe."""
        seen, self._losses_seen = self._losses_seen, self.losses.value
        return self._losses_seen != seen

    def restart_if_lost(self) -> bool:
        """Start a new sentinel when the old one died or stands still; say whether that was so.

        Raises `PoolError` where that comes to nothing, again and again.
        """
        stalled = self._standstill.counts(since=self.beat.value)
        if self.sentinel.is_alive() and not stalled:
            return False
        self._count_breaks()
        logger.warning(
            "The worker pool was lost%s; starting a new one.", " (it stood still)" if stalled else ""
        )
        self._kill()
        self.start()
        return True

    def _count_breaks(self) -> None:
        broke = (self.sentinel.exitcode or 0) > 0  # it was not killed
        is_young = time.monotonic() - self._started_at < STALLED
        self._breaks = self._breaks + 1 if broke and is_young else 0
        if self._breaks == MOST_BREAKS:
            raise PoolError(f"The worker pool broke {MOST_BREAKS} times as it was started; why stands above.")

    def sleep(self, seconds: float) -> None:
        """Sleep, but not past a signal: a stop, or the death of the sentinel."""
        ready, _, _ = select.select([self._wake_up], [], [], seconds)
        if ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_up, 4096)

    def stop_within(self, grace: float) -> None:
        """Let running tasks end for `grace` seconds, or until a second request to stop, then kill."""
        self.sentinel.terminate()
        deadline = time.monotonic() + grace
        while self.sentinel.is_alive() and time.monotonic() < deadline and self.stop_requests < 2:
            self.sleep(0.1)
        self._kill()

    def sig_handler(self, signum: int, frame: FrameType | None) -> None:
        self.stop_requests += 1

    def _hang_up(self, signum: int, frame: FrameType | None) -> None:
        """Of one terminal that is closed the shell and the kernel may both tell: no second request."""
        self.stop_requests = self.stop_requests or 1

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
