"""A process that breaks off at any step, by an exception or a kill, leaves a ledger that ends right.

The step runs in a child process in which one function is wrapped so that the fault strikes
exactly there. Then another dispatcher and another worker, here in the test's own process, go
on. A child that survived its exception stays alive meanwhile, as a worker would.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any, NoReturn

import pytest
from django.db import OperationalError, connection, connections
from django_q.brokers import get_broker
from django_q.signing import SignedPackage

from scheduling.clock import database_now
from scheduling.engine import leases
from scheduling.engine.dispatcher import Dispatcher
from scheduling.engine.execution import execute_run
from scheduling.models import Job, Run, RunState
from tests.scheduling.engine.test_recovery import dead_worker
from tests.scheduling.factories import JobFactory, RunFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    # Forking with xdist's threads about is what Python 3.12 warns of; the child only runs the step.
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
]

# Seconds. A message that was lost without a sign is sent again after two; the rest is for a busy machine.
PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashPoint:
    """Before or after a call of `function`, in a process that does `step`."""

    function: str
    when: str
    step: str
    task: str = "store"

    def __str__(self) -> str:
        return f"{self.step}: {self.when} {self.function.removeprefix('scheduling.engine.')} ({self.task})"


def _dispatcher(function: str, when: str, *, step: str = "a tick") -> CrashPoint:
    return CrashPoint(function=f"scheduling.engine.{function}", when=when, step=step)


def _worker(function: str, when: str, *, task: str = "store") -> CrashPoint:
    return CrashPoint(function=f"scheduling.engine.{function}", when=when, step="a run", task=task)


CRASH_POINTS = [
    _dispatcher("dispatcher.claim_batches", "before"),
    _dispatcher("claiming._known_occurrences", "before"),  # the schedule is moved on, the run not there
    _dispatcher("batches.claim", "after"),  # recorded; committed by itself on SQLite alone
    _dispatcher("batches._claim_next", "after"),  # committed, not rung for
    _dispatcher("doorbell.send", "before"),
    _dispatcher("doorbell.async_task", "after"),  # packed, not handed over
    _dispatcher("doorbell.send", "after"),
    _dispatcher("recovery._put_back", "before", step="a tick after a worker was lost"),
    _dispatcher("recovery._put_back", "after", step="a tick after a worker was lost"),
    _dispatcher("dispatcher.release_pending", "after", step="a tick after a worker was lost"),
    _worker("execution.claim_run", "before"),
    _worker("claims.claim_of", "before"),  # the claim is committed, the worker does not know it yet
    _worker("execution.task_at", "before"),
    _worker("execution._end", "before"),
    _worker("execution._end", "after"),  # written with the effect, not committed
    _worker("execution.commit_with_run", "after"),
    _worker("execution._write", "before", task="store_by_itself"),
    _worker("execution._write", "after", task="store_by_itself"),
    _worker("execution._record_failure", "before", task="fail_at_first"),
    _worker("execution._record_failure", "after", task="fail_at_first"),
]

if connection.vendor != "sqlite":  # which has no heartbeats
    CRASH_POINTS += [
        _worker("leases._beat", "before", task="store_slowly"),
        _worker("leases.F", "before", task="store_slowly"),  # in the middle of a heartbeat
    ]


def _kill() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def _lose_the_database() -> NoReturn:
    raise OperationalError("the connection was lost")


def _break() -> NoReturn:
    raise RuntimeError("nobody thought of this")


FAULTS: dict[str, Callable[[], NoReturn]] = {
    "killed": _kill,
    "the database lost": _lose_the_database,
    "an exception": _break,
}


@pytest.fixture(autouse=True)
def empty_queue() -> None:
    get_broker().connection.flushdb()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("point", CRASH_POINTS, ids=str)
def test_the_ledger_ends_right_after_a_fault(point: CrashPoint, fault: str) -> None:
    step = _arranged(point)

    with _Child(step, point, FAULTS[fault]):
        _go_on_until_everything_ended()

    run = Run.objects.get()
    assert run.state == RunState.SUCCEEDED, run.error
    assert run.attempt <= 3
    assert Job.objects.get().description == ("" if point.task == "store_by_itself" else "x")


def _arranged(point: CrashPoint) -> Callable[[], Any]:
    """Make the rows that the step needs; returns the step."""
    now = database_now()
    job = JobFactory(task=f"tests.faults.tasks.{point.task}", every_seconds=3600, schedule__next_run=now)
    if point.step == "a tick":
        return lambda: Dispatcher().tick()
    run = RunFactory(job=job, occurrence=now - timedelta(hours=1), queued_at=now)
    job.schedule.next_run = now + timedelta(hours=1)
    job.schedule.save()
    if point.step == "a run":
        return lambda: execute_run(run.pk)
    Run.objects.update(
        state=RunState.RUNNING, attempt=1, owner="a" * 32, started_at=now, worker=dead_worker()
    )
    return lambda: Dispatcher().tick()


class _Child:
    """A process that does the step, is struck, and, if it survives that, lives until the block ends."""

    def __init__(self, step: Callable[[], Any], point: CrashPoint, fault: Callable[[], NoReturn]) -> None:
        self.over, self._end = os.pipe()
        self._struck, self.striking = os.pipe()
        connections.close_all()
        self.pid = os.fork()
        if self.pid == 0:
            self._live(step, point, fault)

    def __enter__(self) -> "_Child":
        os.close(self.striking)
        assert os.read(self._struck, 1) == b"!", "the fault did not strike"
        return self

    def __exit__(self, *exc: object) -> None:
        os.close(self._end)
        os.waitpid(self.pid, 0)
        os.close(self.over)
        os.close(self._struck)

    def _live(self, step: Callable[[], Any], point: CrashPoint, fault: Callable[[], NoReturn]) -> NoReturn:
        try:
            os.close(self._end)
            leases.HEARTBEAT_EVERY = 0.1
            if point.task == "store_slowly":
                # Of the others one that a busy machine makes late would give up before the fault strikes.
                leases.SURRENDER = 0.5
            _strike(point, fault, self.striking)
            step()
        except BaseException:  # noqa: S110 - whatever the fault has become
            pass
        finally:
            connections.close_all()
            os.close(self.striking)
            os.read(self.over, 1)
            os._exit(0)


def _strike(point: CrashPoint, fault: Callable[[], NoReturn], striking: int) -> None:
    """Have the fault strike once at the point, in this process."""
    module_name, name = point.function.rsplit(".", 1)
    module = import_module(module_name)
    original = getattr(module, name)
    struck = False

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal struck
        result = original(*args, **kwargs) if point.when == "after" else None
        if not struck:
            struck = True
            os.write(striking, b"!")
            fault()
        return result if point.when == "after" else original(*args, **kwargs)

    setattr(module, name, wrapped)


def _go_on_until_everything_ended() -> None:
    """What another dispatcher and another worker do."""
    dispatcher, broker = Dispatcher(), get_broker()
    ends_at = time.monotonic() + PATIENCE
    while time.monotonic() < ends_at:
        dispatcher.tick()
        while message := broker.connection.lpop(broker.list_key):
            execute_run(SignedPackage.loads(message)["args"][0])
        if _all_ended():
            return
        time.sleep(0.05)
    raise AssertionError(f"still open after {PATIENCE:.0f} s: {list(Run.objects.values())}")


def _all_ended() -> bool:
    runs = list(Run.objects.all())
    return bool(runs) and all(
        run.state in (RunState.SUCCEEDED, RunState.FAILED, RunState.SKIPPED) for run in runs
    )
