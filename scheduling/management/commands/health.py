import json
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.core.management.base import CommandError
from django.db import Error as DatabaseError

from scheduling.ledger.presentation import never_set_up_text, pause_text
from scheduling.ledger.selectors import never_set_up
from scheduling.management.command import WorkingCommand
from scheduling.management.tables import table
from scheduling.models import Job
from scheduling.monitoring.alerts import open_alerts
from scheduling.monitoring.documents import readiness_document
from scheduling.monitoring.readiness import readiness

NOT_READY = 3


class Command(WorkingCommand):
    help = "Says whether database, Redis, workers, schedules and data are as they should be, and why not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help=f"exit with {NOT_READY} when they are not")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        found = readiness()
        if options["json"]:
            self.stdout.write(json.dumps(readiness_document(found)))
        else:
            rows = [(finding.check, finding.problem or "ok") for finding in found.findings]
            # Where it cannot be told the findings say why.
            with suppress(DatabaseError):
                rows += [] if found.findings[0].problem else [*_new(), *_pauses(), *_alerts()]
            self.stdout.write(table(("check", "found"), rows))
        if options["check"] and not found.ready:
            wrong = ", ".join(finding.check for finding in found.findings if finding.problem)
            raise CommandError(f"not ready: {wrong}", returncode=NOT_READY)


def _new() -> list[tuple[str, str]]:
    """What an upgrade brought and nobody set up. A host that waits for it serves all the same, and the others
    of a rolling deploy do not know it yet, so that it is no reason to take the host away.
    """
    scheduled = set(Job.objects.filter(schedule__isnull=False).values_list("name", flat=True))
    names = never_set_up(scheduled)
    return [("new", never_set_up_text(names))] if names else []


def _pauses() -> list[tuple[str, str]]:
    """What somebody stopped on purpose: facts for whoever looks, and nothing wrong."""
    paused = Job.objects.filter(paused_at__isnull=False, schedule__isnull=False).order_by("name")
    return [("paused", f"{job.name} {pause_text(job)}") for job in paused]


def _alerts() -> list[tuple[str, str]]:
    """Which rules have open alerts: they may be about the world, and not about this installation."""
    rules = sorted(set(open_alerts().values_list("rule", flat=True)))
    return [("alerts", f"open: {', '.join(rules)}; `manage.py alert list` tells them")] if rules else []
