import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scheduling import selectors, services
from scheduling.clock import database_now
from scheduling.exceptions import SchedulingError
from scheduling.modes import MODES
from scheduling.tables import table

HELP = """\
scheduler setup [test|production]   set the schedules up for a mode, or switch to it (default: test)
scheduler list                      show each schedule with its next and its last run
scheduler remove [test|production|NAME …]
                                    remove this project's schedules: all, a mode's, or those named
scheduler setup remove              the same as `remove`
scheduler help                      this text

Add --json for programs. A running `qcluster` picks changes up within a second."""


class Command(BaseCommand):
    help = "Sets up, lists and removes the schedules."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", default="help", help="setup, list, remove or help")
        parser.add_argument("names", nargs="*", help="a mode, or names of schedules")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")

    def handle(self, *args: Any, action: str, names: list[str], **options: Any) -> None:
        if action == "setup" and names[:1] == ["remove"]:
            action, names = "remove", names[1:]
        try:
            match action:
                case "setup":
                    self._set_up(names, as_json=options["json"])
                case "list":
                    self._list(names, as_json=options["json"])
                case "remove":
                    self._show_changes(services.remove(names, now=database_now()), as_json=options["json"])
                case "help":
                    self.stdout.write(HELP)
                case _:
                    raise _usage(f"There is no action {action!r}.")
        except SchedulingError as exc:
            raise CommandError(str(exc), returncode=2) from exc

    def _set_up(self, names: list[str], *, as_json: bool) -> None:
        if len(names) > 1:
            raise _usage(f"setup takes one mode, not {len(names)}.")
        changes = services.set_up(names[0] if names else "test", now=database_now())
        self._show_changes(changes, as_json=as_json)

    def _list(self, names: list[str], *, as_json: bool) -> None:
        if names:
            raise _usage(f"list takes no names; {names[0]!r} was given.")
        rows = selectors.schedule_rows()
        if as_json:
            document = {"mode": selectors.current_mode(), "schedules": [_as_json(row) for row in rows]}
            self.stdout.write(json.dumps(document, indent=2))
            return
        if not rows:
            self.stdout.write("No schedules. `scheduler setup` makes them.")
            return
        self.stdout.write(f"mode: {selectors.current_mode() or 'mixed'}\n")
        self.stdout.write(
            table(
                ("name", "task", "cadence", "next run (UTC)", "last run (UTC)", "outcome"),
                [_as_cells(row) for row in rows],
            )
        )

    def _show_changes(self, changes: list[services.Change], *, as_json: bool) -> None:
        if as_json:
            rows = [{"name": c.name, "action": c.action, "cadence": c.detail or None} for c in changes]
            self.stdout.write(json.dumps(rows, indent=2))
        elif not changes:
            self.stdout.write("Nothing to remove.")
        else:
            self.stdout.write(
                table(("name", "action", "cadence"), [(c.name, c.action, c.detail) for c in changes])
            )


def _usage(problem: str) -> CommandError:
    return CommandError(f"{problem} The modes are {', '.join(MODES)}.\n\n{HELP}", returncode=2)


def _as_json(row: selectors.ScheduleRow) -> dict[str, Any]:
    run = row.last_run
    return {
        "name": row.job.name,
        "task": row.job.task,
        "cadence": row.cadence,
        "next_run_at": _iso(row.next_run_at),
        "last_run": run
        and {
            "occurrence": _iso(run.occurrence),
            "state": run.state,
            "attempt": run.attempt,
            "lateness_ms": run.lateness and round(run.lateness.total_seconds() * 1000, 1),
            "duration_ms": run.duration and round(run.duration.total_seconds() * 1000, 1),
            "error": run.error or None,
        },
    }


def _as_cells(row: selectors.ScheduleRow) -> tuple[object, ...]:
    run = row.last_run
    return (
        row.job.name,
        row.job.task,
        row.cadence,
        _clock_time(row.next_run_at),
        run and _clock_time(run.occurrence),
        run and run.state,
    )


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat().replace("+00:00", "Z") if instant else None


def _clock_time(instant: datetime | None) -> str | None:
    return f"{instant:%Y-%m-%d %H:%M:%S}" if instant else None
