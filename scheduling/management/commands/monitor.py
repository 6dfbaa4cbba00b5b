import json
import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error as DatabaseError
from django.db import connection

from scheduling.clock import database_now
from scheduling.ledger.counting import counts_said
from scheduling.ledger.presentation import clock_time, never_set_up_text
from scheduling.management.command import WorkingCommand
from scheduling.management.monitor_screen import problem_screen, screen_of
from scheduling.management.tables import table
from scheduling.management.watching import Picture, may_draw, watch
from scheduling.monitoring.left_out import readable
from scheduling.monitoring.overview import Overview, overview
from scheduling.monitoring.queue_state import QueueState
from scheduling.monitoring.refusals import database_failure

# Seconds between two looks with --watch.
REFRESH = 2.0


class Command(WorkingCommand):
    help = "Shows alerts, health, schedules, runs, workers, queue and database; works on nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--watch",
            action="store_true",
            help=f"look again every {REFRESH:g} s, until Ctrl-C; on a terminal in its size, until q",
        )
        parser.add_argument("--json", action="store_true", help="one JSON document per look")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["watch"]:
            self._show(as_json=options["json"])
            return
        if not options["json"] and may_draw(stream=getattr(self.stdout, "_out", None)):
            if code := watch(_picture, every=REFRESH, colors=not options["no_color"]):
                sys.exit(code)
            return
        # Not KeyboardInterrupt, which a library may swallow while it looks.
        stopped = threading.Event()
        signal.signal(signal.SIGINT, lambda signum, frame: stopped.set())
        while not stopped.is_set():
            self._show(as_json=options["json"])
            self.stdout.flush()
            stopped.wait(REFRESH)

    def _show(self, *, as_json: bool) -> None:
        try:
            seen = _looked(self.stderr.write)
        except DatabaseError as exc:
            raise CommandError(f"{database_failure(exc)}.") from exc
        if as_json:
            self.stdout.write(json.dumps(asdict(seen), cls=DjangoJSONEncoder))
            return
        added = [table((panel.title, *panel.columns[1:]), panel.rows) for panel in seen.panels]
        sections = (
            _summary(seen),
            _urgent(seen),
            _schedules(seen),
            _recent(seen),
            *added,
            _queue(seen.queue),
        )
        for section in (*sections, _database(seen)):
            self.stdout.write(f"{section}\n\n", ending="")


def _summary(seen: Overview) -> str:
    states = "  ".join(map(" ".join, counts_said(seen.runs, seen.runs_estimated).items()))
    return f"{seen.at:%Y-%m-%d %H:%M:%S} UTC, mode {seen.mode or 'mixed or none'}\nruns: {states}"


def _looked(tell: Callable[[str], object]) -> Overview:
    return readable(lambda: overview(now=database_now()), tell=tell)


def _picture() -> Picture:
    """What is seen now, for a screen of any size; a database that is away is seen, and looked for again."""
    try:
        seen = _looked(lambda problem: None)
    except DatabaseError as exc:
        # A connection that broke would stay so.
        connection.close()
        problem = f"{database_failure(exc)}."
        return lambda width, height: problem_screen(problem)
    return lambda width, height: screen_of(seen, width=width, height=height)


def _urgent(seen: Overview) -> str:
    """Alerts and health."""
    found = [
        *((alert.rule, alert.subject, alert.message) for alert in seen.alerts),
        *((one.check, "health", one.problem) for one in seen.health if one.problem),
    ]
    return table(("wrong", "of", "what"), found) if found else "Everything is as it should be."


def _schedules(seen: Overview) -> str:
    if not seen.next_occurrences:
        return "No schedules. `scheduler setup` makes them."
    rows = [
        (due.name, due.cadence, clock_time(due.next_run_at), due.due_in, due.paused)
        for due in seen.next_occurrences
    ]
    text = table(("schedule", "cadence", "next run (UTC)", "due in s", "paused"), rows)
    new = never_set_up_text(seen.never_set_up)
    return f"{text}\n{new}" if new else text


def _recent(seen: Overview) -> str:
    if not seen.recent_runs:
        return "No runs yet."
    rows = [
        (
            run.name,
            f"{run.occurrence:%H:%M:%S}",
            run.state,
            run.variant or None,
            run.attempt,
            run.lateness_ms,
            run.duration_ms,
            run.error[:60] or None,
        )
        for run in seen.recent_runs
    ]
    return table(
        ("last runs", "occurrence", "state", "variant", "attempt", "late ms", "took ms", "error"), rows
    )


def _queue(queue: QueueState) -> str:
    if queue.problem:
        return queue.problem
    lines = [f"waiting in Redis: {queue.waiting}", ""]
    if queue.clusters:
        rows = [
            (cluster.host, cluster.pid, cluster.status, cluster.workers, f"{cluster.age:.1f}")
            for cluster in queue.clusters
        ]
        lines.append(table(("cluster on", "pid", "status", "workers", "seen s ago"), rows))
    else:
        lines.append("No workers are alive. `manage.py qcluster` starts them.")
    if queue.keys:
        keys = [(key.name, key.type, key.length, key.memory) for key in queue.keys]
        lines += ["", table(("Redis key", "type", "length", "bytes"), keys)]
    return "\n".join(lines)


def _database(seen: Overview) -> str:
    size = f"database: {seen.database.vendor}, {seen.database.mebibytes:,.1f} MiB"
    rows = counts_said(seen.database.rows, seen.database.estimated)
    return f"{size}\n\n{table(('table', 'rows'), list(rows.items()))}"
