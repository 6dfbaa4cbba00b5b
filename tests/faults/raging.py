"""The faults that rage on a site: what dies, stalls, is locked or refuses. They follow from a seed."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import redis

from tests.faults import mischief
from tests.faults.site import LOOK_EVERY, Cluster, Site

# Seconds between two faults, on average.
FAULT_EVERY = 0.6
FROZEN_FOR = 3.0
WRONG_CLOCK = 5.0
NEWS = """
from scheduling.clock import database_now
from scheduling.monitoring.alert_delivery import News, ask_for_delivery
now = database_now()
news = News(event="opened", rule="storm", subject=str(now), message="It drips.", opened_at=now)
ask_for_delivery([news], now=now)
"""
# By a stranger who forgets it: a schedule, a job or a run, whichever the dice say.
ROW_LOCK = "SELECT * FROM {table} WHERE id = (SELECT max(id) - {back} FROM {table}) FOR UPDATE"
LOCKABLE = ("django_q_schedule", "scheduling_job", "scheduling_run")
TABLE_LOCK = "LOCK TABLE scheduling_run, django_q_schedule IN ACCESS EXCLUSIVE MODE"

ALL_KINDS = {
    "kill": 12,
    "freeze": 3,
    "restart_redis": 2,
    "freeze_redis": 1,
    "flush_redis": 2,
    "fill_redis": 1,
    "lock_database": 2,
    "lock_row": 3,
    "misbehave": 6,
    "drip_at_a_delivery": 1,
    "restart_database": 1,
    "refuse_writes": 1,
    "step_clock": 3,
}
KILLS = {"kill": 9, "restart_redis": 1}


@dataclass(slots=True)
class Storm:
    """The faults that rage on a site. One that lasts has its end among the `later` ones."""

    site: Site
    random: random.Random
    every: float = FAULT_EVERY
    faults: Counter[str] = field(default_factory=Counter)
    later: list[tuple[float, Callable[[], Any]]] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)

    def rage(self, seconds: float, *, kinds: dict[str, int]) -> None:
        """Let faults happen for this long, each kind as often as its weight says, then end them all."""
        ends_at = time.monotonic() + seconds
        next_fault = time.monotonic()
        while time.monotonic() < ends_at:
            if time.monotonic() >= next_fault:
                (kind,) = self.random.choices(list(kinds), list(kinds.values()))
                if getattr(self, kind)():
                    self.faults[kind.replace("_", " ")] += 1
                next_fault = time.monotonic() + self.random.expovariate(1 / self.every)
            self._end_faults(until=time.monotonic())
            self.site.pause(LOOK_EVERY)
        self._end_faults(until=float("inf"))
        mischief.forget(self.site.effect_log)
        if self.site.postgres is not None:
            self.site.postgres.wait_until_ready()
        for cluster in self.site.clusters:
            cluster.set_clock_wrong_by(0)

    def kill(self) -> bool:
        """kill -9 of any process: parent, sentinel, worker, monitor or pusher."""
        return self._signal(signal.SIGKILL) is not None

    def freeze(self) -> bool:
        pid = self._signal(signal.SIGSTOP)
        self._later(FROZEN_FOR, lambda: _send(pid, signal.SIGCONT))
        return pid is not None

    def restart_redis(self) -> bool:
        if not self._take("redis"):
            return False
        self.site.redis.kill()
        self._later(self.random.uniform(0.1, 2), self.site.redis.start, frees="redis")
        return True

    def freeze_redis(self) -> bool:
        process = self.site.redis.process
        if process is None or not self._take("redis"):
            return False
        process.send_signal(signal.SIGSTOP)
        self._later(FROZEN_FOR, lambda: process.send_signal(signal.SIGCONT), frees="redis")
        return True

    def flush_redis(self) -> bool:
        if "redis" in self.busy:
            return False
        self.site.redis.client().flushall()
        return True

    def fill_redis(self) -> bool:
        """It answers and takes no messages."""
        if not self._take("redis"):
            return False
        client = self.site.redis.client()
        try:
            client.config_set("maxmemory", 1)
        except redis.RedisError:  # it is not up again yet
            self.busy.discard("redis")
            return False
        self._later(self.random.uniform(1, 4), lambda: client.config_set("maxmemory", 0), frees="redis")
        return True

    def refuse_writes(self) -> bool:
        """The database answers and takes no writes, also from those who are connected (PostgreSQL)."""
        postgres = self.site.postgres
        if postgres is None or not self._take("database"):
            return False

        def set_read_only(value: str) -> None:
            with postgres.connect() as database:
                database.execute("SET default_transaction_read_only = off")
                database.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
                database.execute("SELECT pg_reload_conf()")

        try:
            set_read_only("on")
        except psycopg.OperationalError:
            self.busy.discard("database")
            return False
        self._later(self.random.uniform(1, 4), lambda: set_read_only("off"), frees="database")
        return True

    def lock_database(self) -> bool:
        if not self._take("database"):
            return False
        session = self.site.session()
        try:
            database = session.__enter__()
        except psycopg.OperationalError:  # it has not recovered yet from its last restart
            self.busy.discard("database")
            return False
        if self.site.postgres is None:
            database.execute("BEGIN EXCLUSIVE")
        else:
            with suppress(psycopg.errors.LockNotAvailable):
                database.execute("SET lock_timeout = '1s'")
                database.execute("BEGIN")
                database.execute(TABLE_LOCK)
        self._later(self.random.uniform(1, 4), lambda: session.__exit__(None, None, None), frees="database")
        return True

    def lock_row(self) -> bool:
        """As an UPDATE in a psql that somebody left open; SQLite has no such locks."""
        if self.site.postgres is None or not self._take("database"):
            return False
        session = self.site.session()
        statement = ROW_LOCK.format(table=self.random.choice(LOCKABLE), back=self.random.randrange(3))
        try:
            database = session.__enter__()
            database.execute("SET lock_timeout = '1s'")
            database.execute("BEGIN")
            database.execute(statement)
        except psycopg.OperationalError:  # it has not recovered yet, or somebody else holds that row
            self.busy.discard("database")
            session.__exit__(None, None, None)
            return False
        self._later(self.random.uniform(1, 4), lambda: session.__exit__(None, None, None), frees="database")
        return True

    def misbehave(self) -> bool:
        """The next attempt leaves its transaction open, forks, waits for a drip or ends beyond exceptions."""
        kind = self.random.choice(mischief.KINDS)
        mischief.leave(self.site.effect_log, kind)
        self.faults[kind] += 1
        return False  # counted by what it is

    def drip_at_a_delivery(self) -> bool:
        """There is something to tell to a receiver that reads slowly and answers more slowly."""
        if not self._take("delivery"):
            return False
        telling = self.site.start_command("shell", "-v0", "-c", NEWS)
        self._later(5.0, lambda: telling.wait(30), frees="delivery")
        return True

    def restart_database(self) -> bool:
        postgres = self.site.postgres
        if postgres is None or not self._take("database"):
            return False
        postgres.stop_immediately()
        self._later(self.random.uniform(0.1, 2), postgres.start, frees="database")
        return True

    def step_clock(self) -> bool:
        """Each host's clock by itself, but hosts on SQLite are one."""
        clusters = self.site.clusters if self.site.postgres is None else [self._any_cluster()]
        seconds = self.random.uniform(-WRONG_CLOCK, WRONG_CLOCK)
        for cluster in clusters:
            cluster.set_clock_wrong_by(seconds)
        return True

    def _any_cluster(self) -> Cluster:
        return self.random.choice(self.site.clusters)

    def _signal(self, what: signal.Signals) -> int | None:
        pid = self.random.choice(list(self._any_cluster().pids().values()))
        return pid if _send(pid, what) else None

    def _take(self, name: str) -> bool:
        free = name not in self.busy
        self.busy.add(name)
        return free

    def _later(self, seconds: float, end: Callable[[], Any], *, frees: str = "") -> None:
        def end_and_free() -> None:
            end()
            self.busy.discard(frees)

        self.later.append((time.monotonic() + seconds, end_and_free))

    def _end_faults(self, *, until: float) -> None:
        due = [end for instant, end in self.later if instant <= until]
        self.later = [(instant, end) for instant, end in self.later if instant > until]
        for end in due:
            end()


def _send(pid: int | None, what: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        if pid is not None:
            os.kill(pid, what)
            return True
    return False
