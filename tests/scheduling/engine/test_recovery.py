"""Finishing what somebody else began."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError

from scheduling.engine.lease_watch import DOUBT, LeaseWatch
from scheduling.engine.leases import LEASE
from scheduling.engine.processes import ProcessIdentity, this_process
from scheduling.engine.recovery import OVERDUE, open_runs, put_back_lost, release_pending, requeue_silent
from scheduling.engine.write_trials import WRITERS_FIRST
from scheduling.models import Run, RunState, RunTrigger
from scheduling.operations.setting_up import remove
from tests.scheduling.factories import NOON, RunFactory
from tests.scheduling.no_writes import take_no_writes, take_writes

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def running(**fields: object) -> Run:
    run: Run = RunFactory(
        **{
            "state": RunState.RUNNING,
            "attempt": 1,
            "owner": "a" * 32,
            "started_at": NOON,
            "worker": dead_worker(),
        }
        | fields
    )
    return run


def dead_worker() -> str:
    """The identity of a process of this host that has ended."""
    me = this_process()
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return str(ProcessIdentity(me.host, child.pid, me.started))


def test_the_run_of_a_dead_worker_runs_again_at_once() -> None:
    run = running()

    assert put_back_lost(open_runs(), watch=LeaseWatch(), now=NOON) == [run]

    run.refresh_from_db()
    assert (run.state, run.not_before, run.losses) == (RunState.PENDING, NOON, 1)
    assert run.error.startswith("worker lost 1 times (attempt 1 of 3, ")


def test_the_run_of_a_living_worker_is_left_to_it() -> None:
    running(worker=str(this_process()))

    assert put_back_lost(open_runs(), watch=LeaseWatch(), now=NOON) == []


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A process of this host that lives until it is killed."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def identity_of(process: subprocess.Popen[bytes]) -> str:
    started = int(Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    return str(ProcessIdentity(this_process().host, process.pid, started))


def test_a_worker_far_over_the_time_limit_by_the_watchers_stopwatch_is_killed(
    worker: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = running(worker=identity_of(worker))
    stopwatch = [1000.0]
    monkeypatch.setattr("scheduling.engine.lease_watch.time.monotonic", lambda: stopwatch[0])
    watch = LeaseWatch()

    assert put_back_lost(open_runs(), watch=watch, now=NOON) == []
    stopwatch[0] += (run.job.time_limit + OVERDUE).total_seconds()
    assert put_back_lost(open_runs(), watch=watch, now=NOON) == []
    assert worker.poll() is None
    stopwatch[0] += 1
    put_back_lost(open_runs(), watch=watch, now=NOON)

    assert worker.wait(timeout=60) == -signal.SIGKILL
    assert put_back_lost(open_runs(), watch=watch, now=NOON) == [run]


def test_a_clock_that_is_set_forward_by_a_year_kills_nobody(worker: subprocess.Popen[bytes]) -> None:
    running(worker=identity_of(worker))
    watch = LeaseWatch()

    for now in (NOON, NOON + timedelta(days=365)):
        assert put_back_lost(open_runs(), watch=watch, now=now) == []

    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(timeout=0.5)


def test_a_process_that_has_the_dead_workers_pid_is_not_taken_for_it() -> None:
    me = this_process()
    run = running(worker=str(ProcessIdentity(me.host, me.pid, me.started - 1)))

    assert put_back_lost(open_runs(), watch=LeaseWatch(), now=NOON) == [run]


def test_a_task_that_always_kills_its_worker_ends_as_failed() -> None:
    running(attempt=3, losses=2)

    put_back_lost(open_runs(), watch=LeaseWatch(), now=NOON)

    run = Run.objects.get()
    assert (run.state, run.finished_at) == (RunState.FAILED, NOON)
    assert run.error.startswith("worker lost 3 times")


def test_a_lost_run_is_taken_back_although_its_schedule_was_removed_since_the_look() -> None:
    run = running()
    seen = open_runs()
    remove((), now=NOON, by="ann")

    assert put_back_lost(seen, watch=LeaseWatch(), now=NOON) == [run]


def test_a_run_that_ended_meanwhile_is_not_put_back() -> None:
    run = running()
    seen = open_runs()
    Run.objects.update(state=RunState.SUCCEEDED)

    assert put_back_lost(seen, watch=LeaseWatch(), now=NOON) == []
    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED


def test_a_run_on_another_host_is_taken_back_only_when_its_heartbeat_stood_still_for_a_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = running(worker="elsewhere/17/4711")
    stopwatch = [1000.0]
    monkeypatch.setattr("scheduling.engine.lease_watch.time.monotonic", lambda: stopwatch[0])
    # On SQLite no host is another one, so there it is made one.
    monkeypatch.setattr("scheduling.engine.recovery._is_local", lambda run: False)
    watch = LeaseWatch()

    def look_after(seconds: float) -> list[Run]:
        stopwatch[0] += seconds
        return put_back_lost(open_runs(), watch=watch, now=NOON)

    assert look_after(0) == []
    assert look_after(LEASE - 1) == []
    Run.objects.update(heartbeat=1)
    assert look_after(2) == []
    assert look_after(DOUBT + 0.5) == []
    assert look_after(LEASE - DOUBT - 1) == []
    assert look_after(1) == [run]


@pytest.mark.django_db(transaction=True)
def test_time_in_which_nobody_could_write_is_none_of_a_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has finished, and waits for the database to take that, is no lost worker."""
    run = running(worker="elsewhere/17/4711")
    stopwatch = [1000.0]
    monkeypatch.setattr("scheduling.engine.lease_watch.time.monotonic", lambda: stopwatch[0])
    monkeypatch.setattr("scheduling.engine.recovery._is_local", lambda run: False)
    watch = LeaseWatch()
    assert put_back_lost(open_runs(), watch=watch, now=NOON) == []

    take_no_writes()
    stopwatch[0] += LEASE - 1
    with pytest.raises(DatabaseError):
        put_back_lost(open_runs(), watch=watch, now=NOON)
    take_writes()
    stopwatch[0] += 2
    assert put_back_lost(open_runs(), watch=watch, now=NOON) == []
    stopwatch[0] += WRITERS_FIRST - 0.1
    assert put_back_lost(open_runs(), watch=watch, now=NOON) == []
    stopwatch[0] += 0.2
    assert put_back_lost(open_runs(), watch=watch, now=NOON) == [run]


def test_a_pending_run_is_released_at_its_time_and_by_one_dispatcher_only() -> None:
    run = RunFactory(state=RunState.PENDING, not_before=NOON)
    seen = open_runs()

    assert release_pending(seen, now=NOON - timedelta(microseconds=1)) == []
    assert release_pending(seen, now=NOON) == [run]
    assert release_pending(seen, now=NOON) == []


def test_a_run_that_an_operator_asks_for_takes_over_from_one_that_waits_for_its_next_attempt() -> None:
    hour = timedelta(hours=1)
    old = RunFactory(state=RunState.PENDING, occurrence=NOON - hour, not_before=NOON + hour, attempt=3)
    new = RunFactory(
        job=old.job, state=RunState.PENDING, occurrence=NOON, not_before=NOON, trigger=RunTrigger.OPERATOR
    )

    assert release_pending(open_runs(), now=NOON - timedelta(seconds=1)) == []
    assert release_pending(open_runs(), now=NOON) == [new]

    old.refresh_from_db()
    assert old.state == RunState.FAILED


def test_what_is_made_up_for_waits_for_one_that_waits_for_its_next_attempt() -> None:
    """Somebody retried a run, say, and then asks for what was skipped after it."""
    hour = timedelta(hours=1)
    old = RunFactory(state=RunState.PENDING, occurrence=NOON - hour, not_before=NOON + hour, attempt=3)
    RunFactory(
        job=old.job, state=RunState.PENDING, occurrence=NOON, not_before=NOON, trigger=RunTrigger.BACKFILL
    )

    assert release_pending(open_runs(), now=NOON) == []

    old.refresh_from_db()
    assert old.state == RunState.PENDING


@pytest.mark.parametrize(
    ("silent_for", "waiting", "lost", "asked_again"),
    [
        (1, False, False, False),
        (3, False, False, True),
        (3, True, False, False),
        (31, True, False, True),
        (0, True, True, True),
    ],
)
def test_a_run_nobody_took_is_asked_for_again(
    silent_for: int, waiting: bool, lost: bool, asked_again: bool
) -> None:
    run = RunFactory(occurrence=NOON)
    now = NOON + timedelta(seconds=silent_for)

    asked = requeue_silent(open_runs(), now=now, messages_lost=lost, messages_waiting=waiting)

    assert asked == ([run] if asked_again else [])


def test_asking_again_grows_rarer_the_older_a_run_is() -> None:
    run = RunFactory(occurrence=NOON)
    asked_at = []
    for second in range(120):
        now = NOON + timedelta(seconds=second)
        if requeue_silent(open_runs(), now=now, messages_lost=False, messages_waiting=False):
            asked_at.append(second)

    assert asked_at[0] == 3
    assert 4 <= len(asked_at) <= 7
    assert run.job.runs.count() == 1


def test_an_identity_is_read_back_as_it_was_written() -> None:
    me = this_process()

    assert ProcessIdentity.parse(str(me)) == me
    assert me.is_alive
    assert me.pid == os.getpid()
    assert ProcessIdentity.parse("nonsense") is None
