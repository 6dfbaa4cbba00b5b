"""`python -m tests.faults.storm`: two clusters in a storm of faults, and whether every promise was kept.

The faults follow from a seed, which is printed; their exact instants follow from the machine too.
"""

import argparse
import os
import random
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import redis

from tests.faults import mischief
from tests.faults.checker import ON_TIME, RECOVERY, complaints
from tests.faults.dripping import dripping_server
from tests.faults.outcome import Outcome
from tests.faults.site import LOOK_EVERY, Cluster, Site, site
from tests.faults.witness import DeathWatch, gather, rules, unlawful_steps

# Seconds between two faults, on average.
FAULT_EVERY = 0.6
FROZEN_FOR = 3.0
WRONG_CLOCK = 5.0
# What is open when nothing more becomes due has this long to end.
LAST_RUNS = 20.0
# The last occurrences before the end need not be recorded yet.
MARGIN = timedelta(seconds=1.5)

# A delivery that is dripped at is tried again for as long as anybody likes.
OPEN_RUNS = """SELECT count(*) FROM scheduling_run
    WHERE state IN ('pending', 'queued', 'running') AND trigger <> 'alert'"""
NEWS = """
from scheduling.clock import database_now
from scheduling.monitoring.alert_delivery import News, ask_for_delivery
now = database_now()
news = News(event="opened", rule="storm", subject=str(now), message="It drips.", opened_at=now)
ask_for_delivery([news], now=now)
"""
END_OF_SCHEDULES = "UPDATE django_q_schedule SET next_run = '2099-01-01 00:00:00'"
# By a stranger who forgets it: a schedule, a job or a run, whichever the dice say.
ROW_LOCK = "SELECT * FROM {table} WHERE id = (SELECT max(id) - {back} FROM {table}) FOR UPDATE"
LOCKABLE = ("django_q_schedule", "scheduling_job", "scheduling_run")
TABLE_LOCK = "LOCK TABLE scheduling_run, django_q_schedule IN ACCESS EXCLUSIVE MODE"


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


def weather(
    database: str,
    *,
    seconds: float,
    calm: float,
    seed: int,
    kinds: dict[str, int] | None = None,
    every: float = FAULT_EVERY,
    on_time: timedelta = ON_TIME,
) -> Outcome:
    """A storm of `seconds` on two clusters, then the time to recover and `calm` more seconds."""
    with dripping_server() as url, site(database) as here:
        here.environment |= {"DRIPPING_URL": url, "ALERT_WEBHOOK_URL": url, "ALERT_WEBHOOK_SECRET": "x" * 40}
        here.manage("scheduler", "setup", "test")
        known_rules = rules(here)
        watch = DeathWatch(here.effect_log)
        watch.start()
        for name in ("a", "b"):
            here.start_cluster(name)
        here.wait_until(here.effect_log.exists, seconds=20, saying="the first run")
        storm = Storm(here, random.Random(seed), every)
        storm.rage(seconds, kinds=kinds or ALL_KINDS)
        calm_since = datetime.now(UTC)
        here.pause(RECOVERY.total_seconds() + calm)
        here.rows(END_OF_SCHEDULES)
        ends_at = datetime.now(UTC) - MARGIN
        wait_for_the_last_runs(here)
        stopped = [cluster.stop(LAST_RUNS) for cluster in here.clusters]
        watch.over.set()
        watch.join()
        evidence = gather(here, rules=known_rules, ends_at=ends_at, calm_since=calm_since, on_time=on_time)
        found = complaints(evidence) + unlawful_steps(here, evidence)
        found += ["a cluster did not stop when asked"] * stopped.count(False)
        outcome = Outcome(
            seed=seed, database=database, faults=storm.faults, evidence=evidence, complaints=found
        )
        if found:
            sys.stderr.write(here.logs())
        return outcome


def wait_for_the_last_runs(here: Site) -> None:
    ends_at = time.monotonic() + LAST_RUNS
    while here.rows(OPEN_RUNS) != [(0,)] and time.monotonic() < ends_at:
        here.pause(LOOK_EVERY)


def _send(pid: int | None, what: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        if pid is not None:
            os.kill(pid, what)
            return True
    return False


def main() -> int:
    """Weather a storm on each database; exit code 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--calm", type=float, default=10)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    options = parser.parse_args()
    broken = 0
    for database in options.database or ["sqlite", "postgresql"]:
        sys.stdout.write(f"A storm of {options.seconds:.0f} s on {database}, seed {options.seed} …\n")
        sys.stdout.flush()
        outcome = weather(database, seconds=options.seconds, calm=options.calm, seed=options.seed)
        broken += len(outcome.complaints)
        sys.stdout.write("\n".join([str(outcome), *(f"  - {line}" for line in outcome.complaints), ""]))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
