"""Each thread's own connection, which yields at every statement; how an answer is late or lost."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import OperationalError, connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from tests.simulation.parts import running
from tests.simulation.processes import Killed, Process, Thread
from tests.simulation.world import World

# Seconds that a writer waits for another one (settings of SQLite).
PATIENCE = 20.0
# For which a host is cut off behind a late answer to its heartbeat: more than a lease.
CUT_OFF_BEHIND = 20.0
# And what opens a transaction to write.
WRITES = ("BEGIN", "UPDATE", "INSERT", "DELETE", "COMMIT")
# What is whole by itself, outside of a transaction.
CHANGES = ("UPDATE", "INSERT", "DELETE")
# What surely writes nothing; most of what is asked.
READS = ("SELECT", "WITH clock", "PRAGMA")


class Connections:
    """Each thread's own connection, which yields at every statement and before every commit."""

    def __init__(self, world: World, file: Path) -> None:
        self._world = world
        options = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 0,
            "init_command": "PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;",
        }
        self._settings = {
            **connections["default"].settings_dict,
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(file),
            "OPTIONS": options,
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": False,
            "TIME_ZONE": None,
            "AUTOCOMMIT": True,
        }

    def __call__(self) -> DatabaseWrapper:
        made = DatabaseWrapper(self._settings, "default")

        def asked(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
            words = " ".join(sql.split())[:70]
            thread = self._world.current
            if thread and thread.process.dies_asking and words.startswith(CHANGES) and made.get_autocommit():
                die_asking(self._world, thread.process, sql, values)
            return self._act(words, lambda: execute(sql, values, many, context))

        def commit() -> None:
            with made.wrap_database_errors:
                self._act("COMMIT", made.connection.commit)

        made.execute_wrappers.append(asked)
        made._commit = commit  # type: ignore[attr-defined]
        return made

    def _act(self, words: str, act: Callable[[], Any]) -> Any:
        world, thread = self._world, self._world.current
        if thread is None:
            return act()
        if not thread.process.alive:
            raise Killed
        world.pause(words)
        writes = words.startswith(WRITES)
        require_reach(world)
        answer = self._patiently(thread, act)
        world.wrote |= not words.startswith(READS)
        writes &= not thread.connection.connection.in_transaction  # and this ended it
        lost_or_late(world, thread, writes=writes)
        return answer

    def _patiently(self, thread: Thread, act: Callable[[], Any]) -> Any:
        until = self._world.now + PATIENCE
        while True:
            try:
                return act()
            except (OperationalError, sqlite3.OperationalError) as exc:
                if "locked" not in str(exc) or self._world.now >= until:
                    raise
            self._world.wait("waits to write", until - self._world.now, lambda: self._nobody_writes(thread))

    def _nobody_writes(self, asking: Thread) -> bool:
        others = (one for process in self._world.living() for one in process.threads if one is not asking)
        raw = (one.connection.connection for one in others)
        return not any(one is not None and one.in_transaction for one in raw)


def require_reach(world: World) -> None:
    if world.cut_off_until.get(running(world).host, 0.0) > world.now:
        raise OperationalError("the database does not answer")


def lost_or_late(world: World, thread: Thread, *, writes: bool) -> None:
    """What may become of the answer to what was committed."""
    process = thread.process
    if writes and process.lose_answer:
        process.lose_answer = False
        world.tell(f"the answer to {thread.name} is lost")
        raise OperationalError("the answer was lost")
    if writes and process.late_answer and thread is process.threads[0]:
        # It stands still where it next yields: SQLite holds its lock until the rows are fetched.
        world.hinder(process.late_answer)
        thread.late_until, process.late_answer = world.now + process.late_answer, 0.0
        world.tell(f"the answer to {thread.name} is late")
    if writes and process.late_beat and thread is not process.threads[0]:
        world.hinder(process.late_beat)
        thread.late_until, process.late_beat = world.now + process.late_beat, 0.0
        world.tell(f"the answer to {thread.name} is late")
        world.cut_off(process.host, CUT_OFF_BEHIND)


def die_asking(world: World, dead: Process, sql: str, values: Any) -> None:
    """A database of several hosts carries out what it was sent, also when the sender is dead by then."""

    def carry_out() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute(sql, values)
            if cursor.description:  # SQLite is done when its rows are fetched
                cursor.fetchall()
        running(world).alive = False

    def arrive() -> None:
        name = f"the last statement of {dead.name}"
        world.start("statement", "database", name, carry_out, stands_for=dead)

    world.after(dead.dies_asking, arrive)
    world.lose(dead)
    raise Killed
