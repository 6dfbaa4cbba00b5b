"""`python -m benchmarks.faults`: what happens when things die, beside what stock django-q2 does.

Every row of the first table of what was measured of django-q2 1.11.1, and of the prototype's,
measured again here on real clusters, on SQLite and on PostgreSQL. A ratio is stock ÷ ours:
how many times better ours is. "∞" stands where stock never comes back.
"""

import argparse
import os
import signal
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from benchmarks.loads import PATIENCE, idle, long_history, many_at_once, time_outs
from benchmarks.rows import NEVER, Row, instant
from tests.faults.raging import KILLS
from tests.faults.site import Site, site
from tests.faults.storm import weather
from tests.faults.witness import lines_of
from tests.installation import alive

POISON = (
    "UPDATE django_q_schedule SET schedule_type = 'C', cron = '0 0 30 2 *' WHERE name = 'slow-repeatable'"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--storm-seconds", type=float, default=60)
    options = parser.parse_args()
    for database in options.database or ["sqlite", "postgresql"]:
        print(f"\n{database}\n" + str(Row("situation", "stock", "ours", None)) + "stock/ours")
        for measure in MEASURES:
            for row in measure(database):
                print(row, flush=True)
        print(random_kills(database, seconds=options.storm_seconds), flush=True)
    return 0


def precision(database: str) -> list[Row]:
    """Two clusters for 41 s: a schedule of 1 s, one of 5 s and one that is set to 10 s."""
    with running(database, "a", "b") as here:
        here.manage("scheduler", "set", "steady-repeatable", "--every", "10s")
        since = f"{datetime.now(UTC) + timedelta(seconds=2):%Y-%m-%d %H:%M:%S}"
        here.pause(41)
        late, tens = latenesses(here), latenesses(here, "steady-repeatable")
        runs = began(here, "quick-repeatable")
        gap = max(second - first for first, second in pairwise(runs))
        doubled = len(here.rows("SELECT 1 FROM faults_effect GROUP BY job, occurrence HAVING count(*) > 1"))
        # Not those from before there was a cluster.
        missed = here.rows(f"SELECT sum(missed_before) FROM scheduling_run WHERE occurrence > '{since}'")[0][
            0
        ]
    p50, p99 = statistics.median(late) * 1000, late[int(len(late) * 0.99)] * 1000
    return [
        Row(
            "lateness of a 10 s schedule, max",
            "29.7 s (fires every 30.1 s)",
            f"p50 {statistics.median(tens) * 1000:.0f} ms, max {tens[-1] * 1000:.0f} ms",
            29.7 / tens[-1],
        ),
        Row("lateness of all", "-", f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {late[-1] * 1000:.0f} ms"),
        Row("longest gap between runs of the shortest", "30.1 s", f"{gap:.2f} s (1 s schedule)", 30.1 / gap),
        Row(
            "two clusters, occurrences run twice",
            "SQLite 8 of 10, PostgreSQL none",
            f"{doubled} of {len(late)}",
        ),
        Row("occurrences dropped", "2 of 3", f"{missed or 0} of {len(late)}"),
    ]


def deaths(database: str) -> list[Row]:
    """What is killed, and how long until a task begins again; the next is due within a second."""
    rows = []
    with running(database, "a") as here:
        here.pause(3)
        busy = wait_for_busy(here)
        os.kill(busy, signal.SIGKILL)
        took = until_began(here, "slow-repeatable", after=time.time())
        rows.append(
            Row("kill -9 of a busy worker: runs again after", "lost without a row", f"{took:.2f} s", NEVER)
        )
        for victim, key, stock in (
            ("an idle worker", "child 0", "frozen for ever"),
            ("the monitor", "child 2", "results never saved again"),
            ("the pusher", "child 3", "tasks lost"),
            ("the sentinel", "sentinel", "no schedule fires again"),
        ):
            here.pause(2)
            pids = here.clusters[0].pids()
            os.kill(pids[key], signal.SIGKILL)
            took = until_began(here, "quick-repeatable", after=time.time())
            rows.append(Row(f"kill -9 of {victim}: next run after", stock, f"{took:.2f} s", NEVER))
        here.pause(2)
        pids = here.clusters[0].pids()
        os.kill(pids.pop("parent"), signal.SIGKILL)
        killed_at = time.monotonic()
        while any(map(alive, pids.values())) and time.monotonic() - killed_at < PATIENCE:
            time.sleep(0.002)
        took = time.monotonic() - killed_at
        rows.append(
            Row("kill -9 of the parent: no child after", "orphans go on for ever", f"{took:.3f} s", NEVER)
        )
    return rows


def redis_away(database: str) -> list[Row]:
    with running(database, "a") as here:
        took = []
        for _ in range(3):
            here.pause(2)
            here.redis.kill()
            here.pause(2)
            here.redis.start()
            here.redis.wait_until_ready()
            took.append(until_began(here, "quick-repeatable", after=time.time()))
    return [
        Row("Redis away for 2 s: runs after it is up", "up to 10 s", f"max {max(took):.2f} s", 10 / max(took))
    ]


def set_up(database: str) -> list[Row]:
    """Set-ups at once, and a switch from six hours to seconds."""
    with site(database) as here:
        here.manage("scheduler", "setup", "production")
        at_once = [here.start_command("scheduler", "setup", "production") for _ in range(6)]
        assert [process.wait() for process in at_once] == [0] * 6
        rows = here.rows("SELECT count(*) - count(DISTINCT name) FROM django_q_schedule")
        here.start_cluster("a")
        here.pause(4)
        here.manage("scheduler", "setup", "test")
        took = until_began(here, "quick-repeatable", after=time.time())
    return [
        Row("set-ups at once: duplicated schedules", "PostgreSQL 60 of 60", f"{rows[0][0]} after 6 at once"),
        Row("6 h to seconds: first run after", "up to 6 h", f"{took:.2f} s", 6 * 3600 / took),
    ]


def poison(database: str) -> list[Row]:
    with running(database, "a") as here:
        here.rows(POISON)
        here.pause(6)
        before = len(began(here, "quick-repeatable"))
        here.pause(10)
        ran = len(began(here, "quick-repeatable")) - before
        doubled = len(here.rows("SELECT 1 FROM faults_effect GROUP BY job, occurrence HAVING count(*) > 1"))
    stock = "before it again and again, after it never"
    return [Row("a poison schedule: the others in 10 s", stock, f"ran {ran} times, {doubled} doubled")]


def random_kills(database: str, *, seconds: float) -> Row:
    """About as many a minute as killed the stock clusters."""
    outcome = weather(database, seconds=seconds, calm=3, seed=2, kinds=KILLS, every=1.7)
    records = [record for record in outcome.evidence.records if record.job == "quick-repeatable"]
    due = len(records) + sum(record.missed_before for record in records)
    ran = sum(record.state == "succeeded" for record in records)
    p95 = outcome.latenesses[int(len(outcome.latenesses) * 0.95)]
    return Row(
        f"{seconds:.0f} s of random kills, two clusters",
        "62 of 90 run, 44 saved",
        f"{ran} of {due} run, {len(outcome.complaints)} promises broken, p95 {p95:.2f} s",
        (ran / due) / (62 / 90),
    )


class running:
    """A site in test mode whose clusters have begun to work."""

    def __init__(self, database: str, *names: str) -> None:
        self._site, self._names = site(database), names

    def __enter__(self) -> Site:
        here = self._site.__enter__()
        here.manage("scheduler", "setup", "test")
        for name in self._names:
            here.start_cluster(name)
        here.wait_until(lambda: began(here, "quick-repeatable"), seconds=20, saying="the first run")
        return here

    def __exit__(self, *exc: object) -> None:
        self._site.__exit__(None, None, None)


def began(here: Site, job: str) -> list[float]:
    """When the runs of a job began, in seconds since 1970."""
    return [
        line["clock"] for line in lines_of(here.effect_log) if line["what"] == "began" and line["job"] == job
    ]


def latenesses(here: Site, job: str = "") -> list[float]:
    """Seconds, in order of size, without the first two, when clusters start; of all jobs or one."""
    lines = [
        line for line in lines_of(here.effect_log) if line["what"] == "began" and job in ("", line["job"])
    ]
    started = min(line["clock"] for line in lines) + 2
    return sorted(
        line["clock"] - instant(line["occurrence"]).timestamp() for line in lines if line["clock"] > started
    )


def until_began(here: Site, job: str, *, after: float) -> float:
    found = here.wait_until(
        lambda: [at for at in began(here, job) if at > after], seconds=PATIENCE, saying=f"a run of {job}"
    )
    return float(found[0]) - after


def wait_for_busy(here: Site) -> int:
    """The pid of a worker that has just begun a slow task."""

    def busy() -> int | None:
        lines = [line for line in lines_of(here.effect_log) if line["job"] == "slow-repeatable"]
        return int(lines[-1]["process"].split("/")[1]) if lines and lines[-1]["what"] == "began" else None

    return int(here.wait_until(busy, seconds=20, saying="a slow task"))


MEASURES = (
    precision,
    deaths,
    time_outs,
    redis_away,
    set_up,
    poison,
    long_history,
    many_at_once,
    idle,
)

if __name__ == "__main__":
    sys.exit(main())
