"""Ends of tasks that are hard to record, and claims that come to nothing, leave no run hanging."""

import asyncio
import logging
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from scheduling.clock import database_now
from scheduling.engine import leases
from scheduling.engine.dispatcher import LONGEST_SLEEP, Dispatcher
from scheduling.engine.execution import execute_run
from scheduling.engine.lease_watch import LeaseWatch
from scheduling.engine.outage import REMINDER_EVERY
from scheduling.engine.outlook import look_ahead
from scheduling.engine.processes import ProcessIdentity, this_process
from scheduling.engine.recovery import give_back_stopped, open_runs, put_back_lost
from scheduling.models import Job, Overlap, Run, RunState
from tests.scheduling.engine.test_recovery import dead_worker
from tests.scheduling.factories import JobFactory, RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise ValueError("there are no words")


def fail_with_nul() -> None:
    raise ValueError("half a \x00 of a reply")


def fail_with_half_a_pair() -> None:
    raise ValueError("half a \ud83d of an emoji")


def fail_unspeakably() -> None:
    raise UnspeakableError


def leave() -> None:
    sys.exit("enough")


def leave_by_the_keyboard() -> None:
    raise KeyboardInterrupt


def be_cancelled() -> None:
    raise asyncio.CancelledError("the loop is gone")


def fail_in_a_group() -> None:
    raise BaseExceptionGroup("several", [ValueError("one"), SystemExit(2)])


def succeed() -> None:
    pass


def queued(task: str = "succeed", **fields: object) -> Run:
    run: Run = RunFactory(
        job__task=f"tests.faults.test_bad_endings.{task}",
        job__every_seconds=3600,
        job__schedule__next_run=database_now() + timedelta(hours=1),
        occurrence=database_now(),
        **fields,
    )
    return run


@pytest.mark.parametrize(
    ("task", "error"),
    [
        ("fail_with_nul", "ValueError: half a \N{REPLACEMENT CHARACTER} of a reply"),
        ("fail_with_half_a_pair", "ValueError: half a ? of an emoji"),
        ("fail_unspeakably", "UnspeakableError: its message cannot be told"),
        ("leave", "SystemExit: enough"),
        ("leave_by_the_keyboard", "KeyboardInterrupt: "),
        ("be_cancelled", "CancelledError: the loop is gone"),
        ("fail_in_a_group", "BaseExceptionGroup: several (2 sub-exceptions)"),
    ],
)
def test_whatever_a_task_raises_is_recorded(task: str, error: str) -> None:
    run = queued(task, attempt=2)

    with pytest.raises(Exception):  # noqa: B017, PT011 - nothing that would end the worker
        execute_run(run.pk)

    run.refresh_from_db()
    assert (run.state, run.error.splitlines()[0]) == (RunState.FAILED, error)


def test_overdue_runs_are_looked_for_even_when_nothing_can_be_claimed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = queued(state=RunState.RUNNING, attempt=1, owner="a" * 32, worker=dead_worker())
    JobFactory(schedule__next_run=database_now() - timedelta(seconds=1))

    def locked(*, now: object, but: object) -> list[Run]:
        raise OperationalError("database is locked")

    monkeypatch.setattr("scheduling.engine.dispatcher.claim_batches", locked)

    assert Dispatcher().tick() == LONGEST_SLEEP
    run.refresh_from_db()
    assert run.losses == 1


def test_a_claim_that_was_answered_too_late_is_given_back_and_not_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if connection.vendor == "sqlite":
        return  # has no leases
    run = queued()
    monkeypatch.setattr(leases, "SURRENDER", 0.0)

    assert execute_run(run.pk) == "lost"

    run.refresh_from_db()
    assert (run.state, run.attempt) == (RunState.PENDING, 0)


def test_a_run_whose_heartbeat_moved_on_since_it_was_looked_at_is_not_taken_back() -> None:
    run = queued(state=RunState.RUNNING, attempt=1, owner="a" * 32, worker=dead_worker())
    seen = open_runs()
    Run.objects.update(heartbeat=1)

    assert put_back_lost(seen, watch=LeaseWatch(), now=database_now()) == []
    run.refresh_from_db()
    assert run.state == RunState.RUNNING


def test_what_a_stopped_worker_gives_back_costs_no_attempt() -> None:
    run = queued(
        state=RunState.RUNNING, attempt=2, owner="a" * 32, worker=dead_worker(), started_at=database_now()
    )
    alive = queued(
        state=RunState.RUNNING,
        attempt=1,
        owner="b" * 32,
        worker=str(this_process()),
        started_at=database_now(),
    )

    assert give_back_stopped(open_runs()) == [run]

    run.refresh_from_db()
    alive.refresh_from_db()
    assert (run.state, run.attempt, run.losses) == (RunState.PENDING, 1, 0)
    assert alive.state == RunState.RUNNING


def test_a_process_on_another_machine_of_the_same_name_is_not_taken_for_one_of_ours() -> None:
    me = this_process()

    assert me.is_local
    assert not ProcessIdentity(me.host, me.pid, me.started, "another").is_local
    assert ProcessIdentity.parse(str(me)) == me


def test_a_database_that_stays_away_is_mentioned_once_and_then_now_and_then(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stopwatch = [1000.0]
    monkeypatch.setattr("scheduling.engine.dispatcher.time.monotonic", lambda: stopwatch[0])
    dispatcher = Dispatcher()

    def fail() -> None:
        raise OperationalError("connection\n refused")

    monkeypatch.setattr("scheduling.engine.dispatcher.look_ahead", fail)
    with caplog.at_level(logging.INFO, logger="scheduling.engine.outage"):
        for _ in range(int(2.5 * REMINDER_EVERY / LONGEST_SLEEP)):
            assert dispatcher.tick() == LONGEST_SLEEP
            stopwatch[0] += LONGEST_SLEEP
        monkeypatch.setattr("scheduling.engine.dispatcher.look_ahead", look_ahead)
        dispatcher.tick()

    assert [record.message for record in caplog.records if record.name == "scheduling.engine.outage"] == [
        "The database does not answer (connection refused); trying until it does.",
        "The database does not answer (connection refused), for 30 s.",
        "The database does not answer (connection refused), for 61 s.",
        "The database answers again.",
    ]


def test_lost_messages_are_asked_for_again_also_when_the_database_broke_off_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = queued(queued_at=database_now())
    dispatcher = Dispatcher()
    dispatcher.tick()
    broker = dispatcher._doorbell._broker
    broker.connection.flushdb()

    with monkeypatch.context() as patched:
        patched.setattr("scheduling.engine.dispatcher.unsettled_runs", _break_off)
        dispatcher.tick()
    dispatcher.tick()

    assert broker.queue_size() == 1
    assert execute_run(run.pk) == "succeeded"


def _break_off(**_: Any) -> None:
    raise OperationalError("the connection was lost")


def test_what_waits_for_something_else_than_a_time_does_not_keep_the_dispatcher_busy() -> None:
    past = database_now() - timedelta(minutes=1)
    job = JobFactory(every_seconds=3600, overlap=Overlap.QUEUE, schedule__next_run=past + timedelta(hours=1))
    RunFactory(
        job=job,
        occurrence=past,
        state=RunState.RUNNING,
        owner="a" * 32,
        worker=str(this_process()),
        started_at=past,
    )
    RunFactory(job=job, occurrence=past + timedelta(seconds=1), state=RunState.PENDING)
    JobFactory(paused_at=past, schedule__next_run=past)

    assert Dispatcher().tick() == LONGEST_SLEEP
    assert Job.objects.count() == 2
