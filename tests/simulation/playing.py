"""What the product finds instead of the kernel, the clock, Redis and chance, all of it of one world."""

import logging
import random
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import connections
from django.test import override_settings
from django.utils import timezone
from django_q import tasks as django_q_tasks

from scheduling import modes
from scheduling.engine import (
    claiming,
    claims,
    courier,
    dispatcher,
    doorbell,
    execution,
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
from scheduling.models import Run
from scheduling.monitoring import alert_delivery
from scheduling.operations import pausing, setting_up
from scheduling.timing import attempts
from tests.simulation import observer
from tests.simulation.connections import require_reach
from tests.simulation.declared import declared_jobs
from tests.simulation.jobs import WORKERS
from tests.simulation.news import TASKS, channels_of
from tests.simulation.parts import Beside, Event, Lock, Redis, SeveralHosts, Stead, Watchdog, running
from tests.simulation.processes import Killed, Thread
from tests.simulation.themes import theme_of
from tests.simulation.world import World

# What each process remembers for itself: (module, name, how it begins).
REMEMBERED: tuple[tuple[Any, str, Callable[[], Any]], ...] = (
    (turnover, "_held", lambda: None),
    (statements, "_worked", lambda: (None, 0.0)),
    (leases, "_heart", lambda: None),
    (locks, "_left_alone", dict),
    (pausing, "_left_alone", dict),
)

SETTINGS: dict[str, Any] = {
    "ALERT_RULES": {},
    "Q_CLUSTER": settings.Q_CLUSTER | {"workers": WORKERS},
    "RETENTION_TASKS": [],
    "TASK_MODULES": ["tests.simulation.tasks", "tests.simulation.deliveries"],
    "SCHEDULING_CONDITIONS": {"now and then": "tests.simulation.tasks.now_and_then"},
}


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
def played(
    world: World, broker: Redis, *, seed: int, hosts: int, on_postgres: bool = False
) -> Iterator[None]:
    """The product, in that world."""
    before = connections["default"]
    remembered = [getattr(module, name) for module, name, _ in REMEMBERED]
    chance = random.Random(f"chance {seed}")
    logging.disable(logging.CRITICAL)
    try:
        with ExitStack() as stack:
            for target, name, value in _played_names(world, broker, chance, seed=seed):
                stack.enter_context(patch.object(target, name, value))
            for target, name, value in _databases(broker, hosts=hosts, on_postgres=on_postgres):
                stack.enter_context(patch.object(target, name, value))
            stack.enter_context(override_settings(**SETTINGS))
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
    world: World, broker: Redis, chance: random.Random, *, seed: int
) -> Iterator[tuple[Any, str, Any]]:
    yield from _clock(world)
    yield from _kernel(world, seed=seed)
    tokens = SimpleNamespace(uuid4=lambda: uuid.UUID(int=chance.getrandbits(128)))
    yield claims, "uuid", tokens
    yield alert_delivery, "uuid", tokens
    yield alert_delivery, "_TASKS", TASKS
    for module in (alert_delivery, courier, dispatcher):
        yield module, "channels", lambda: channels_of(seed)
    yield attempts, "random", chance
    for module in (modes, execution, setting_up):
        yield module, "declared_jobs", declared_jobs
    yield dispatcher, "LONGEST_SLEEP", chance.choice(theme_of(seed).sleeps)
    yield doorbell, "get_broker", lambda: broker
    yield doorbell, "require_messages_taken", lambda _: broker.look("tries Redis")
    known = claiming._known_occurrences
    yield claiming, "_known_occurrences", lambda won: set() if running(world).is_old else known(won)
    yield dispatcher, "unsettled_runs", partial(_read, world, recovery.unsettled_runs)
    yield dispatcher, "AlertWatch", lambda: SimpleNamespace(look=lambda *, now: None, is_overdue=False)

    def require_writes() -> None:
        world.pause("tries to write")
        require_reach(world)

    yield lease_watch, "require_writes", require_writes
    yield write_trials, "require_writes", require_writes


def _read(world: World, look: Callable[..., list[Run]], **words: Any) -> list[Run]:
    running(world).looked_at = world.step
    found = look(**words)
    running(world).read = {run.pk: (run.attempt, run.not_before) for run in found}
    return found


def _databases(broker: Redis, *, hosts: int, on_postgres: bool) -> Iterator[tuple[Any, str, Any]]:
    if on_postgres:
        # Prepared ones go past Django, and with them past whoever chooses.
        yield statements, "_prepared", lambda sql, values: None
        # A hint: by the time that its message is asked for, another worker may have taken it.
        yield turnover, "_more_waits", lambda: True
    elif hosts > 1:
        yield leases, "connection", SeveralHosts()
        yield recovery, "connection", SeveralHosts()


def _clock(world: World) -> Iterator[tuple[Any, str, Any]]:
    def monotonic() -> float:
        world.pause("looks at the stopwatch")
        return world.now

    def now() -> Any:
        world.pause("looks at the clock")
        return world.wall()

    def sleep(seconds: float) -> None:
        world.wait("sleeps", seconds)
        observer.present().slept()

    def stamped() -> Any:
        world.pause("stamps a message")
        return world.beginning

    yield timezone, "now", now
    # Of a message: nobody goes by it, and it is no look at the clock.
    yield django_q_tasks, "timezone", Stead(timezone, now=stamped)
    clock = Stead(time, monotonic=monotonic, sleep=sleep, time=lambda: now().timestamp())
    for name, module in list(sys.modules.items()):
        if name.startswith("scheduling.") and getattr(module, "time", None) is time:
            yield module, "time", clock


def _kernel(world: World, *, seed: int) -> Iterator[tuple[Any, str, Any]]:
    def send(pid: int, number: int) -> None:
        process = next(one for one in world.processes if one.pid == pid)
        if number == signal.SIGKILL:
            observer.present().kills(process)
            world.lose(process)
        else:
            process.pending.append(number)

    def leave(code: int) -> None:
        world.tell(f"{running(world).name} ends itself")
        world.lose(running(world))
        raise Killed

    def handle(number: int, handler: Any) -> Any:
        handlers = running(world).handlers
        before, handlers[number] = handlers.get(number, signal.SIG_DFL), handler
        return before

    def set_alarm(which: int, seconds: float) -> None:
        running(world).alarm_at = world.now + seconds if seconds else None

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
    yield leases, "own_watchdog", lambda: Watchdog(world)
    yield leftovers, "children_of", lambda pid: []
    yield from _identities(world, are_named_alike=seed % 3 == 0)


def _identities(world: World, *, are_named_alike: bool) -> Iterator[tuple[Any, str, Any]]:
    """Which processes there are, each on its host."""

    def stat(pid: int) -> list[str] | None:
        world.pause("looks whether a process lives")
        here = running(world).host  # another host's may well have that number
        alive = any(one.pid == pid and one.host == here and one.alive for one in world.processes)
        return ["S", *[str(pid)] * 19] if alive else None

    # Two machines may have one name.
    yield processes, "host_name", lambda: "host" if are_named_alike else running(world).host
    yield processes, "machine_tag", lambda: f"machine-{running(world).host}"
    yield processes, "_birth", lambda pid: (pid, f"machine-{running(world).host}")
    yield processes, "_stat_fields", stat
