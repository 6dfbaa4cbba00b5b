"""A database that answers and takes no writes is named, and asked ever more rarely."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django_q.models import Schedule

from scheduling.clock import database_now
from scheduling.engine import write_trials
from scheduling.engine.dispatcher import Dispatcher
from scheduling.engine.processes import host_name
from scheduling.engine.write_trials import LONGEST_TRIAL_WAIT, WRITERS_FIRST, WriteTrials
from scheduling.models import Run, RunState
from scheduling.monitoring import readiness
from scheduling.monitoring.database_state import SPILLS, require_room, require_writes
from scheduling.monitoring.readiness import VERDICT_KEPT, database_verdict
from tests.faults.test_neighbours_that_refuse import health, told
from tests.scheduling.factories import JobFactory, RunFactory
from tests.scheduling.no_writes import take_no_writes, take_writes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def no_writes() -> Iterator[None]:
    take_no_writes()
    yield
    take_writes()


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    real, passed = time.monotonic, [0.0]
    monkeypatch.setattr("time.monotonic", lambda: real() + sum(passed))
    return passed.append


@pytest.mark.database
def test_a_database_that_takes_no_writes_is_named_and_said_once(
    no_writes: None, caplog: pytest.LogCaptureFixture, pass_time: Callable[[float], None]
) -> None:
    dispatcher = Dispatcher()
    with caplog.at_level(logging.INFO, logger="scheduling.engine.outage"):
        for _ in range(4):
            dispatcher.tick()
        assert "The database does not work: its file or its folder may only be read." in health() or (
            "The database does not work: it is read-only: a standby, or default_transaction_read_only."
            in health()
        )
        assert b"staking_database_writable 0.0" in Client().get("/metrics").content
        assert Client().get("/readyz").json()["checks"]["database"]["ok"] is False
        take_writes()
        pass_time(LONGEST_TRIAL_WAIT)
        dispatcher.tick()

    begun, over = told(caplog)
    assert begun.startswith("The database does not work (")
    assert begun.endswith("; trying until it does.")
    assert over == "The database answers again."
    assert database_verdict() == ""


@pytest.mark.database
def test_one_trial_of_a_write_answers_everybody_for_a_few_seconds(
    no_writes: None, monkeypatch: pytest.MonkeyPatch, pass_time: Callable[[float], None]
) -> None:
    monkeypatch.setattr(readiness, "VERDICT_KEPT", VERDICT_KEPT)
    monkeypatch.setattr(readiness, "_verdict", readiness._SharedVerdict())
    problem = database_verdict()

    take_writes()
    assert problem.startswith("The database does not work: ")
    assert database_verdict() == problem
    pass_time(VERDICT_KEPT)
    assert database_verdict() == ""


@pytest.mark.database
def test_a_dispatcher_asks_a_database_that_takes_no_writes_ever_more_rarely(
    no_writes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    trials, asked = WriteTrials(), list[float]()

    def ask() -> None:
        asked.append(now[0])
        require_writes()

    monkeypatch.setattr(write_trials, "require_writes", ask)

    for _ in range(40):
        with pytest.raises(DatabaseError):
            trials.require_writes()
        now[0] += 0.5

    assert [at - asked[0] for at in asked] == [0, 0.5, 1.5, 3.5, 7.5, 12.5, 17.5]


@pytest.mark.database
def test_a_full_disk_of_postgresql_is_over_when_something_was_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    if connection.vendor == "sqlite":
        return  # its trial needs room, and finds out
    job = JobFactory(schedule__next_run=database_now())
    dispatcher = Dispatcher()
    with caplog.at_level(logging.INFO, logger="scheduling.engine.outage"), connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'No space left' USING ERRCODE = '53100'; END $$;"
            "CREATE TRIGGER full_disk BEFORE INSERT ON scheduling_run EXECUTE FUNCTION full_disk()"
        )
        dispatcher.tick()
        schedules = Schedule.objects.filter(job=job)
        schedules.update(next_run=database_now() + timedelta(hours=1))
        dispatcher.tick()
        assert len(told(caplog)) == 1
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION full_disk CASCADE")
    schedules.update(next_run=database_now())
    with caplog.at_level(logging.INFO, logger="scheduling.engine.outage"):
        dispatcher.tick()
    begun, over = told(caplog)
    assert begun.startswith("The database does not work (its disk is full: No space left")
    assert over == "The database answers again."


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="of SQLite's file")
def test_a_sqlite_file_that_may_not_grow_is_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # no room is left within it
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")

    problem = database_verdict()
    connection.close()

    assert problem == "The database does not work: its disk is full, or it may not grow any more."
    assert database_verdict() == ""


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="of SQLite's file")
def test_a_full_disk_is_named_while_small_writes_still_find_room(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, disk = list[str](), os.statvfs(os.curdir)
    full = os.statvfs_result([disk.f_bsize, disk.f_frsize, disk.f_blocks, *(0,) * 7])

    def answer(path: str) -> os.statvfs_result:
        asked.append(path)
        return full

    monkeypatch.setattr("os.statvfs", answer)
    require_writes()

    assert database_verdict() == "The database does not work: its disk is full, or it may not grow any more."
    assert asked == [connection.settings_dict["NAME"]]


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="of PostgreSQL's disk")
@pytest.mark.database
def test_a_full_disk_of_postgresql_is_named_though_nothing_was_written_yet() -> None:
    def is_full(execute: Any, sql: str, *rest: Any) -> Any:
        return execute(
            "DO $$ BEGIN RAISE 'full' USING ERRCODE = '53100'; END $$" if SPILLS in sql else sql, *rest
        )

    with connection.execute_wrapper(is_full):
        require_writes()
        assert database_verdict() == "The database does not work: its disk is full."


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="of PostgreSQL's disk")
@pytest.mark.database
def test_the_trial_of_postgresqls_room_needs_its_disk_and_who_may_not_spill_is_not_full() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET temp_file_limit = 0")
        with pytest.raises(DatabaseError, match="temp_file_limit"), transaction.atomic():
            cursor.execute(SPILLS)
        require_room()
        cursor.execute("SHOW work_mem")
        assert cursor.fetchone() == ("4MB",)
        cursor.execute("RESET temp_file_limit")


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="of SQLite's file")
def test_a_file_that_is_gone_is_named_though_what_is_open_still_writes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone, look = tmp_path / "gone", os.statvfs
    monkeypatch.setattr("os.statvfs", lambda _: look(gone))
    require_writes()

    assert database_verdict() == "The database does not work: its file cannot be opened."


@pytest.mark.database
def test_a_worker_that_waits_to_write_goes_before_those_who_look_for_the_overdue(
    pass_time: Callable[[float], None],
) -> None:
    long_ago, gone = database_now() - timedelta(hours=9), f"{host_name()}/1/1"
    RunFactory(job=JobFactory(every_seconds=3600), state=RunState.RUNNING, started_at=long_ago, worker=gone)
    dispatcher = Dispatcher()
    take_no_writes()
    dispatcher.tick()
    dispatcher.tick()
    take_writes()

    pass_time(LONGEST_TRIAL_WAIT)
    dispatcher.tick()
    assert Run.objects.get(worker=gone).losses == 0
    pass_time(WRITERS_FIRST)
    dispatcher.tick()
    assert Run.objects.get(worker=gone).losses == 1
