"""What stands for Redis, threads and the kernel's watchdog: parts of one world."""

import queue
from collections.abc import Callable
from typing import Any

import redis
from django.db import connection
from django_q.signing import SignedPackage

from scheduling.engine import leases, watchdog
from scheduling.models.paths import EXECUTE_RUN
from tests.simulation.processes import Process
from tests.simulation.time_passing import FOR_EVER
from tests.simulation.world import World


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
        # It takes messages until then, and keeps none.
        self.forgets_until = 0.0
        # By run, the step in which it was last asked for.
        self.rung: dict[int, int] = {}
        # What is queued, by run, as who finds it emptied may know.
        self.queued: Callable[[], dict[int, str | None]] = dict

    def enqueue_all(self, packages: list[str]) -> None:
        self.look("rings")
        runs = [SignedPackage.loads(package)["args"][0] for package in packages]
        if self.forgets_until <= self.world.now:
            self.messages += runs
        self.rung |= dict.fromkeys(runs, self.world.step)

    def queue_size(self) -> int:
        self.look("asks how many wait")
        return len(self.messages)

    def set(self, key: str, value: str, *, nx: bool) -> bool:
        self.look("looks for the marker")
        was_there, self.has_marker = self.has_marker, True
        if by := self.world.current and self.world.current.process:
            if not was_there or by.found_away:
                by.owes, by.owes_since = self.queued(), self.world.step
            by.found_away = False
        return not was_there

    def part(self) -> None:
        """There are no connections here."""

    def look(self, what: str) -> None:
        self.world.pause(what)
        if self.away_until > self.world.now:
            running(self.world).found_away = True
            raise redis.ConnectionError("away")


class Tasks:
    """A pool's queue, as the engine's reader of it is given it: the messages of Redis."""

    def __init__(self, redis: Redis, *, idle: Callable[[], None]) -> None:
        self._redis, self._idle = redis, idle

    def get(self, timeout: float | None = None) -> dict[str, Any]:
        """The next message; without a timeout, which has to be none at all, once there is one."""
        world, messages = self._redis.world, self._redis.messages
        if timeout is not None:
            self._look()
        else:
            self._idle()
        while not messages:
            world.wait("waits for a message", 1e8, lambda: bool(messages))
        running(world).is_idle = False
        return {"func": EXECUTE_RUN, "args": (messages.pop(0),)}

    def _look(self) -> None:
        self._redis.world.pause("looks for a message")
        if not self._redis.messages:
            raise queue.Empty


class Watchdog(watchdog.Watchdog):
    """The product's own but for the kernel's timer, which no time at all disarms."""

    def __init__(self, world: World) -> None:
        self._world, self._process = world, running(world)

    def _set(self, seconds: float) -> None:
        self._process.watchdog_at = self._world.now + seconds if seconds else None


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
        """A heart's; one that beats for nobody only looks whether it still has nobody to beat for."""
        heart = leases._heart

        def dull_until() -> float:
            is_idle = heart is not None and heart._lease is None and not heart._is_connected
            return FOR_EVER if is_idle else 0.0

        self._world.wait("sleeps", seconds, lambda: self._is_set, dull_until=dull_until)


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
