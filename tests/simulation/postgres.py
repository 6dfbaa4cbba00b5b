"""PostgreSQL under the simulation: its row locks are queued for in the order that the seed chooses.

A statement that may meet a lock is executed in a thread beside. It has come to nothing more, and somebody
else may go on, when it has been answered or when PostgreSQL itself says whom it waits for; until one of the
two is so the world stands still. What it changed alone is committed by a step of its own, so that nothing
becomes visible beside the choice. The clock of the database, and how long it waits for a lock, are the
world's: functions of a schema that is looked into before PostgreSQL's own.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from django.db import OperationalError, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg.errors import LockNotAvailable, QueryCanceled

from scheduling.ledger.patience import PATIENCE_MS
from tests.faults.servers import Postgres
from tests.simulation import seen
from tests.simulation.connections import lost_or_late, require_reach
from tests.simulation.definitions import DEFINITIONS
from tests.simulation.parts import running
from tests.simulation.processes import Killed, Thread
from tests.simulation.world import World

PLAYED = """
CREATE SCHEMA sim;
CREATE TABLE sim.clock (at timestamptz);
INSERT INTO sim.clock VALUES (now());
CREATE FUNCTION sim.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM sim.clock';
CREATE FUNCTION sim.set_config(text, text, boolean) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $2';
-- As SQLite keeps an instant.
CREATE FUNCTION sim.stored(timestamptz) RETURNS text LANGUAGE sql STABLE AS
    $$SELECT replace(to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '.000000', '')$$;
"""
OPTIONS = "-c search_path=sim,pg_catalog,public"
WRITES = ("UPDATE", "INSERT", "DELETE", "WITH ended")
RUNS = """SELECT id, job_id, sim.stored(occurrence), state, owner, attempt, heartbeat, "trigger",
    missed_before, json_array_length(failed_attempts::json), sim.stored(not_before), sim.stored(queued_at),
    variant, losses, sim.stored(finished_at), sim.stored(started_at),
    (EXTRACT(EPOCH FROM lateness) * 1000000)::bigint, begun_anew::int FROM scheduling_run ORDER BY id"""
JOBS = """SELECT job.id, sim.stored(schedule.next_run), sim.stored(job.paused_at),
    sim.stored(job.paused_until), schedule.repeats
    FROM scheduling_job job LEFT JOIN django_q_schedule schedule ON schedule.id = job.schedule_id
    ORDER BY job.id"""
DEFINED = """SELECT job.id, job.name, job.mode, job.after_id, sim.stored(job.ends_at),
    (EXTRACT(EPOCH FROM job.time_limit) * 1000000)::bigint,
    (EXTRACT(EPOCH FROM job.keep_succeeded) * 1000000)::bigint,
    (EXTRACT(EPOCH FROM job.keep_failed) * 1000000)::bigint, job.overrides::text, job.every_seconds,
    job.time_zone, schedule.minutes, schedule.cron, schedule.id IS NULL
    FROM scheduling_job job LEFT JOIN django_q_schedule schedule ON schedule.id = job.schedule_id
    ORDER BY job.id"""
EMPTY = """TRUNCATE simulation_effect, simulation_part, scheduling_run, scheduling_runtally,
    scheduling_jobchange, scheduling_job, django_q_schedule RESTART IDENTITY CASCADE"""
# Looks, of some thousandth of a second each, before PostgreSQL is asked whom a statement waits for.
PATIENT_LOOKS = 5


class Ledger:
    """What the observer asks, of a connection that nobody else has."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True, options=OPTIONS)
        self._looks = 0

    def execute(self, sql: str) -> Any:
        if sql.startswith("PRAGMA"):
            self._looks += 1
            return self.connection.execute("SELECT %s", [self._looks])
        said = {seen.RUNS: RUNS, seen.JOBS: JOBS, DEFINITIONS: DEFINED}
        return self.connection.execute(said.get(sql, sql))

    def close(self) -> None:
        self.connection.close()


class Locks:
    """Connections of one world, and which of their statements wait for a lock."""

    def __init__(self, world: World, server: Postgres) -> None:
        self._world, self._url = world, server.url
        self._control = psycopg.connect(server.url, autocommit=True)
        self._beside = ThreadPoolExecutor(max_workers=24)
        self._waiting: dict[int, Future[Any]] = {}
        # Sessions whose transaction has said that it waits briefly.
        self._brief: set[int] = set()
        self._told: Any = None
        self._settings = _settings(server)

    def __call__(self) -> DatabaseWrapper:
        made = DatabaseWrapper(self._settings, "default")
        made.inc_thread_sharing()

        def asked(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
            words = " ".join(sql.split())
            if words.startswith("SET lock_timeout"):
                return None
            return self._act(made, words, lambda: execute(sql, values, many, context))

        def commit() -> None:
            with made.wrap_database_errors:
                self._act(made, "COMMIT", made.connection.commit)

        made.execute_wrappers.append(asked)
        made._commit = commit  # type: ignore[attr-defined]
        made._close = partial(_rolled_back_and_closed, made)  # type: ignore[attr-defined]
        return made

    def settle(self) -> None:
        """Until each statement that waits has its answer, or waits again."""
        for pid, future in list(self._waiting.items()):
            self._until_done_or_blocked(pid, future)
            if future.done():
                del self._waiting[pid]

    def disconnect(self, thread: Thread) -> None:
        """A process is dead: what it left open is rolled back before anybody goes on."""
        raw = thread.connection.connection
        if raw is None:
            return
        future = self._waiting.pop(raw.info.backend_pid, None)
        if future is not None and not future.done():
            self._cancel(raw.info.backend_pid, future)
        _rolled_back_and_closed(thread.connection)

    def close(self) -> None:
        self._beside.shutdown()
        self._control.close()

    def _act(self, made: DatabaseWrapper, words: str, act: Callable[[], Any]) -> Any:
        world, thread = self._world, self._world.current
        self._tell_the_time(words)
        if thread is None:
            return act()
        if not thread.process.alive:
            raise Killed
        world.pause(words[:70])
        require_reach(world)
        self._tell_the_time(words)
        alone = words.startswith(WRITES) and made.get_autocommit() and not made.in_atomic_block
        if alone:
            made.connection.execute("BEGIN")
        try:
            answer = self._beside_others(made, words, act) if _locks(words) else act()
        except BaseException:
            if alone and not made.connection.closed:
                made.connection.rollback()
            raise
        if alone:
            world.pause("COMMIT")
            self._beside_others(made, "COMMIT", made.connection.commit)
        world.wrote = True
        if alone or words == "COMMIT":
            self._brief.discard(made.connection.info.backend_pid)
        lost_or_late(world, thread, writes=alone or words == "COMMIT")
        return answer

    def _beside_others(self, made: DatabaseWrapper, words: str, act: Callable[[], Any]) -> Any:
        world, pid = self._world, made.connection.info.backend_pid
        if "set_config(" in words:
            self._brief.add(pid)
        future = self._beside.submit(act)
        self._until_done_or_blocked(pid, future)
        if not future.done():
            self._waiting[pid] = future
            is_brief = pid in self._brief or running(world).kind == "dispatcher"
            world.wait("waits for a lock", PATIENCE_MS / 1000 if is_brief else 1e8, future.done)
            if not future.done():
                self._waiting.pop(pid, None)
                self._cancel(pid, future)
        try:
            return future.result()
        except OperationalError as exc:
            if isinstance(exc.__cause__, QueryCanceled):
                raise OperationalError("a lock was not available") from LockNotAvailable()
            raise

    def _until_done_or_blocked(self, pid: int, future: Future[Any]) -> None:
        asked = 0
        while not future.done():
            asked += 1
            if asked < PATIENT_LOOKS:
                time.sleep(0.0002)
                continue
            row = self._control.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid]).fetchone()
            if row and row[0] and not future.done():
                return

    def _cancel(self, pid: int, future: Future[Any]) -> None:
        while not future.done():
            self._control.execute("SELECT pg_cancel_backend(%s)", [pid])
            time.sleep(0.001)

    def _tell_the_time(self, words: str) -> None:
        """The server's clock is as wrong as everybody's; who does not ask it has not been told."""
        current = self._world.current
        said = current.process.said if current else None
        now = self._world.wall()
        if current and "clock_timestamp" not in words:
            current.process.said = said
        if now != self._told:
            self._told = now
            self._control.execute("UPDATE sim.clock SET at = %s", [now])


def _locks(words: str) -> bool:
    """Whether it may wait for a lock; at a COMMIT foreign keys are checked that were put off until then."""
    return words.startswith((*WRITES, "COMMIT")) or "FOR UPDATE" in words or "FOR NO KEY UPDATE" in words


def _rolled_back_and_closed(made: DatabaseWrapper) -> None:
    raw = made.connection
    if raw is not None and not raw.closed:
        try:
            raw.rollback()
        finally:
            raw.close()


@contextmanager
def server() -> Iterator[Postgres]:
    """With the tables of jobs and runs, and nobody's clock but the world's."""
    with tempfile.TemporaryDirectory(prefix="simulation-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = Postgres(folder)
        made.start()
        try:
            made.wait_until_ready()
            with made.connect() as database:
                database.execute("ALTER SYSTEM SET autovacuum = off")
                database.execute("SELECT pg_reload_conf()")
                database.execute(PLAYED)
            yield made
        finally:
            made.stop_immediately()


@contextmanager
def connected(server: Postgres) -> Iterator[None]:
    """By a connection of nobody's world."""
    before, connections["default"] = connections["default"], DatabaseWrapper(_settings(server), "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = before


@contextmanager
def emptied(world: World, server: Postgres) -> Iterator[Ledger]:
    locks, ledger = Locks(world, server), Ledger(server.url)
    ledger.connection.execute(EMPTY)
    world.connect, world.settle, world.disconnect = locks, locks.settle, locks.disconnect
    try:
        yield ledger
    finally:
        ledger.close()
        locks.close()


def _settings(server: Postgres) -> dict[str, Any]:
    return {
        **connections["default"].settings_dict,
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "PASSWORD": "",
        "HOST": server.host,
        "PORT": str(server.port),
        "OPTIONS": {"options": OPTIONS},
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,
        "TIME_ZONE": None,
        "AUTOCOMMIT": True,
    }
