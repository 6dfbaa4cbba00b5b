"""What the product finds instead of the kernel, the clock, Redis and chance, all of it of one world."""

import logging
import random
import signal
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import redis
from django.db import OperationalError, connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.test import override_settings
from django.utils import timezone
from django_q.signing import SignedPackage

from scheduling.engine import (
    claiming,
    claims,
    dispatcher,
    doorbell,
    lease_watch,
    leases,
    leftovers,
    locks,
    processes,
    recording,
    recovery,
    statements,
    time_limits,
    turnover,
    write_trials,
)
from scheduling.operations import pausing
from scheduling.timing import attempts
from tests.simulation.world import Killed, Process, Thread, World

# Seconds that a writer waits for another one (settings of SQLite).
PATIENCE = 20.0
# And what opens a transaction to write.
WRITES = ("BEGIN", "UPDATE", "INSERT", "DELETE", "COMMIT")
# What each process remembers for itself: (module, name, how it begins).
REMEMBERED: tuple[tuple[Any, str, Callable[[], Any]], ...] = (
    (turnover, "_held", lambda: None),
    (turnover, "_more_waits", lambda: None),
    (statements, "_worked", lambda: (None, 0.0)),
    (leases, "_heart", lambda: None),
    (locks, "_left_alone", dict),
    (pausing, "_left_alone", dict),
)


class Stead:
    """A module of which some names are played; the rest is its own."""

    def __init__(self, real: Any, **played: Any) -> None:
        self.__dict__.update(played)
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Redis:
    """The broker: a list of messages, and whether it answers."""

    list_key = "simulated"

    def __init__(self, world: World) -> None:
        self.world, self.connection = world, self
        self.messages: list[int] = []
        self.has_marker, self.away_until = False, 0.0

    def enqueue_all(self, packages: list[str]) -> None:
        self.look("rings")
        self.messages += [SignedPackage.loads(package)["args"][0] for package in packages]

    def queue_size(self) -> int:
        self.look("asks how many wait")
        return len(self.messages)

    def set(self, key: str, value: str, *, nx: bool) -> bool:
        self.look("looks for the marker")
        was_there, self.has_marker = self.has_marker, True
        return not was_there

    def look(self, what: str) -> None:
        self.world.pause(what)
        if self.away_until > self.world.now:
            raise redis.ConnectionError("away")

    def take(self) -> int:
        """The next message, once there is one."""
        while not self.messages:
            self.world.wait("waits for a message", 1e8, lambda: bool(self.messages))
        return self.messages.pop(0)


class Watchdog:
    def __init__(self, process: Process) -> None:
        self._process = process

    def strike_at(self, instant: float) -> None:
        self._process.watchdog_at = instant

    def call_off(self) -> None:
        self._process.watchdog_at = None


class SeveralHosts:
    """The connection as leases and recovery see it: of a database that several hosts share."""

    vendor = "shared"

    def __getattr__(self, name: str) -> Any:
        return getattr(connection, name)


class Lock:
    def __init__(self, world: World) -> None:
        self._world, self._is_held = world, False

    def __enter__(self) -> None:
        while self._is_held:
            self._world.wait("waits for a lock", 1e8, lambda: not self._is_held)
        self._is_held = True

    def __exit__(self, *exc: object) -> None:
        self._is_held = False


class Event:
    def __init__(self, world: World) -> None:
        self._world, self._is_set = world, False

    def set(self) -> None:
        self._is_set = True

    def clear(self) -> None:
        self._is_set = False

    def wait(self, seconds: float) -> None:
        self._world.wait("sleeps", seconds, lambda: self._is_set)


class Beside:
    """A thread of the process that makes it."""

    def __init__(self, world: World, *, target: Callable[[], None], daemon: bool) -> None:
        self._world, self._target = world, target

    def start(self) -> None:
        process = self._process = running(self._world)
        self._world.start_thread(process, f"{process.name}'s heart", self._target)

    def is_alive(self) -> bool:
        return self._process.alive


def running(world: World) -> Process:
    assert world.current is not None, "asked by a process"
    return world.current.process


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
        process, writes = thread.process, words.startswith(WRITES)
        if writes and process.stall_before_write and thread is process.threads[0]:
            seconds, process.stall_before_write = process.stall_before_write, 0.0
            world.stall(process, seconds)
            world.pause(words)
        require_reach(world)
        answer = self._patiently(thread, act)
        writes &= not thread.connection.connection.in_transaction  # and this ended it
        if writes and process.lose_answer:
            process.lose_answer = False
            world.tell(f"the answer to {thread.name} is lost")
            raise OperationalError("the answer was lost")
        if writes and process.late_answer and thread is process.threads[0]:
            # It stands still where it next yields: SQLite holds its lock until the rows are fetched.
            thread.late_until, process.late_answer = world.now + process.late_answer, 0.0
            world.tell(f"the answer to {thread.name} is late")
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


def enter(thread: Thread, before: Thread | None) -> None:
    """Its connection is the connection, and what its process remembers is what the modules hold."""
    connections["default"] = thread.connection
    if before is not None and before.process is thread.process:
        return
    if before is not None:
        before.process.remembered = [getattr(module, name) for module, name, _ in REMEMBERED]
    kept = thread.process.remembered or [begins() for _, _, begins in REMEMBERED]
    for (module, name, _), value in zip(REMEMBERED, kept, strict=True):
        setattr(module, name, value)


@contextmanager
def played(world: World, broker: Redis, *, seed: int, hosts: int) -> Iterator[None]:
    """The product, in that world."""
    before = connections["default"]
    remembered = [getattr(module, name) for module, name, _ in REMEMBERED]
    chance = random.Random(f"chance {seed}")
    logging.disable(logging.CRITICAL)
    try:
        with ExitStack() as stack:
            for target, name, value in _played_names(world, broker, chance, hosts):
                stack.enter_context(patch.object(target, name, value))
            stack.enter_context(override_settings(ALERT_RULES={}, TASK_MODULES=["tests.simulation.tasks"]))
            try:
                yield
            finally:
                world.close()
    finally:
        logging.disable(logging.NOTSET)
        connections["default"] = before
        for (module, name, _), value in zip(REMEMBERED, remembered, strict=True):
            setattr(module, name, value)


def _played_names(
    world: World, broker: Redis, chance: random.Random, hosts: int
) -> Iterator[tuple[Any, str, Any]]:
    yield from _clock(world)
    yield from _kernel(world)
    tokens = SimpleNamespace(uuid4=lambda: uuid.UUID(int=chance.getrandbits(128)))
    yield claims, "uuid", tokens
    yield attempts, "random", chance
    yield doorbell, "get_broker", lambda: broker
    yield doorbell, "require_messages_taken", lambda _: broker.look("tries Redis")
    known = claiming._known_occurrences
    yield claiming, "_known_occurrences", lambda won: set() if running(world).is_old else known(won)
    yield dispatcher, "AlertWatch", lambda: SimpleNamespace(look=lambda *, now: None)

    def require_writes() -> None:
        world.pause("tries to write")
        require_reach(world)

    yield lease_watch, "require_writes", require_writes
    yield write_trials, "require_writes", require_writes
    if hosts > 1:
        yield leases, "connection", SeveralHosts()
        yield recovery, "connection", SeveralHosts()


def _clock(world: World) -> Iterator[tuple[Any, str, Any]]:
    def monotonic() -> float:
        world.pause("looks at the stopwatch")
        return world.now

    def now() -> Any:
        world.pause("looks at the clock")
        return world.wall()

    yield timezone, "now", now
    clock = Stead(time, monotonic=monotonic, sleep=lambda seconds: world.wait("sleeps", seconds))
    for name, module in list(sys.modules.items()):
        if name.startswith("scheduling.") and getattr(module, "time", None) is time:
            yield module, "time", clock


def _kernel(world: World) -> Iterator[tuple[Any, str, Any]]:
    def send(pid: int, number: int) -> None:
        process = next(one for one in world.processes if one.pid == pid)
        if number == signal.SIGKILL:
            world.kill(process)
        else:
            process.pending.append(number)

    def leave(code: int) -> None:
        world.kill(running(world))
        raise Killed

    def handle(number: int, handler: Any) -> Any:
        handlers = running(world).handlers
        before, handlers[number] = handlers.get(number, signal.SIG_DFL), handler
        return before

    def set_alarm(which: int, seconds: float) -> None:
        running(world).alarm_at = world.now + seconds if seconds else None

    def stat(pid: int) -> list[str] | None:
        alive = any(one.pid == pid and one.alive for one in world.processes)
        return ["S", *[str(pid)] * 19] if alive else None

    system = SimpleNamespace(getpid=lambda: running(world).pid, kill=send, _exit=leave)
    signals = Stead(signal, signal=handle, setitimer=set_alarm)
    threads = Stead(
        threading,
        Lock=lambda: Lock(world),
        Event=lambda: Event(world),
        Thread=lambda **words: Beside(world, **words),
    )
    for module in (leases, recording, recovery, processes, leftovers):
        yield module, "os", system
    yield leases, "signal", signals
    yield time_limits, "signal", signals
    yield leases, "threading", threads
    yield leases, "own_watchdog", lambda: Watchdog(running(world))
    yield leftovers, "children_of", lambda pid: []
    yield processes, "host_name", lambda: running(world).host
    yield processes, "machine_tag", lambda: f"machine-{running(world).host}"
    yield processes, "_birth", lambda pid: (pid, f"machine-{running(world).host}")
    yield processes, "_stat_fields", stat
