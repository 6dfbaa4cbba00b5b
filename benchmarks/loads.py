"""What many jobs, a long history and large arguments cost, on real clusters."""

import time
from pathlib import Path

from benchmarks.bars import tell
from benchmarks.rows import NEVER, Row, instant
from tests.faults.site import Cluster, Site, site

MANY = 1_000
PATIENCE = 60.0
IDLE_SECONDS = 30.0
# Percent of one core.
IDLE_BAR = 1.0
LONG_HISTORY = 20_000
TIME_OUTS = 8
TICKS_PER_SECOND = 100

MAKE_MANY = """
from datetime import timedelta
from django_q.models import Schedule
from scheduling.clock import database_now
from scheduling.models import Job
start = database_now() + timedelta(seconds={delay})
task = "tests.faults.effects.{task}"
limit, hour = timedelta(seconds={limit}), timedelta(hours=1)
schedules = Schedule.objects.bulk_create(
    Schedule(name=f"many-{{n}}", func=task, schedule_type="I", minutes=360, next_run=start, repeats=-1)
    for n in range({many})
)
Job.objects.bulk_create(
    Job(
        name=one.name, task=task, schedule=one, mode="test", parameters={parameters}, max_attempts=1,
        time_limit=limit, keep_succeeded=hour, keep_failed=hour,
    )
    for one in schedules
)
"""
MAKE_HISTORY = """
from datetime import timedelta
from django.utils import timezone
from django_q.models import Success
now = timezone.now() - timedelta(days=1)
Success.objects.bulk_create(
    Success(id=f"{{n:032x}}", name=f"old {{n}}", func="math.floor", args=(1,), kwargs={{}},
            started=now, stopped=now + timedelta(seconds=n), success=True)
    for n in range({rows})
)
"""


def many_at_once(database: str) -> list[Row]:
    """A thousand jobs due in one second, for one cluster and for two."""
    rows = []
    for names in (("a",), ("a", "b")):
        with site(database) as here:
            make_many(here, due_in=8)
            for name in names:
                here.start_cluster(name)
            until_ended(here, MANY)
            first, last, due = here.rows(
                "SELECT min(started_at), max(started_at), max(occurrence) FROM scheduling_run"
            )[0]
        took = (instant(last) - instant(due)).total_seconds()
        clusters = "a cluster" if len(names) == 1 else f"{len(names)} clusters"
        rows.append(Row(f"a thousand due at once, {clusters}: all started", "-", f"{took:.2f} s"))
        if len(names) == 1:
            rate = MANY / (instant(last) - instant(first)).total_seconds()
            stock = 360 if database == "sqlite" else 200
            ours = f"{rate:.0f}/s, each recorded"
            rows.append(Row("throughput, 2 workers, no-op", f"{stock}/s and more", ours, rate / stock))
    return rows


def idle(database: str) -> list[Row]:
    """What a cluster takes of one core while a thousand jobs are not due."""
    with site(database) as here:
        make_many(here, due_in=3_600)
        cluster = here.start_cluster("a")
        here.pause(10)
        before = cpu_seconds(cluster)
        here.pause(IDLE_SECONDS)
        share = (cpu_seconds(cluster) - before) / IDLE_SECONDS
    tell(f"a thousand idle jobs, {database}", share * 100, "% of a core", most=IDLE_BAR)
    return [Row("a thousand idle jobs: share of one core", "-", f"{share:.2%}")]


def long_history(database: str) -> list[Row]:
    """A thousand tasks saved by one cluster that keeps, and has, twenty thousand."""
    with site(database) as here:
        here.manage("shell", "-v0", "-c", MAKE_HISTORY.format(rows=LONG_HISTORY))
        make_many(here, due_in=8)
        here.start_cluster("a", SAVE_LIMIT=str(LONG_HISTORY))
        # One that was asked for twice is saved twice: the second time it had been taken.
        saved = "SELECT count(*) FROM django_q_task WHERE name LIKE 'many-%'"
        here.wait_until(lambda: here.rows(saved)[0][0] >= MANY, seconds=PATIENCE, saying="the last save")
        first, last = here.rows("SELECT min(stopped), max(stopped) FROM django_q_task WHERE name LIKE 'm%'")[
            0
        ]
        took = (instant(last) - instant(first)).total_seconds()
        kept = here.rows("SELECT count(*) FROM django_q_task")[0][0]
    rate = MANY / took
    ours = f"{rate:.0f}/s, {kept:,} kept"
    return [Row("save_limit 20,000 with as many rows", "about one task a second", ours, rate)]


def time_outs(database: str) -> list[Row]:
    """Tasks that are called with a megabyte and run into their time limit, and then a small one."""
    with site(database) as here:
        make_many(
            here, many=TIME_OUTS, due_in=6, task="too_long", limit=1, parameters='{"ballast": "x" * 2**20}'
        )
        here.start_cluster("a")
        until_ended(here, TIME_OUTS)
        ended = here.rows("SELECT count(*) FROM scheduling_run WHERE error LIKE 'TimeLimitError%'")[0][0]
        asked_at = time.monotonic()
        here.manage("scheduler", "trigger", "many-0")
        until_ended(here, TIME_OUTS + 1)
        took = time.monotonic() - asked_at
    ours = f"{ended} of {TIME_OUTS} ended, the next after {took:.1f} s"
    return [Row("task time-outs with large arguments", "can freeze the pool", ours, NEVER)]


def make_many(
    here: Site,
    *,
    due_in: int,
    many: int = MANY,
    task: str = "nothing",
    limit: int = 3_600,
    parameters: str = "{}",
) -> None:
    code = MAKE_MANY.format(delay=due_in, many=many, task=task, limit=limit, parameters=parameters)
    here.manage("shell", "-v0", "-c", code)


def until_ended(here: Site, runs: int, *, seconds: float = PATIENCE) -> None:
    ended = "SELECT count(*) FROM scheduling_run WHERE state IN ('succeeded', 'failed')"
    here.wait_until(lambda: here.rows(ended) == [(runs,)], seconds=seconds, saying=f"the end of {runs} runs")


def cpu_seconds(cluster: Cluster) -> float:
    """What its processes have used up to now."""
    spent = 0
    for pid in cluster.pids().values():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent += int(fields[11]) + int(fields[12])
    return spent / TICKS_PER_SECOND
