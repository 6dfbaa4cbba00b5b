"""Fit trust-v3 to this installation's own history, and score with it if that foresees more."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from scheduling.management.command import OperatorCommand
from validators.exceptions import ValidatorsError
from validators.services.scores.refitting import refit_scores


class Command(OperatorCommand):
    help = (
        "Fit trust-v3 to this installation's own history; accepted only if it beats what is shipped on the "
        "last 30 epochs. Takes minutes, and needs what requirements-fit.txt names."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Fit and judge, and store nothing.")
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = refit_scores(now=timezone.now(), dry_run=options["dry_run"], progress=self._progress)
        except (ValidatorsError, ValueError) as exc:
            raise CommandError(str(exc)) from exc
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found)))
            return
        verdict = "accepted" if found.accepted else "not accepted"
        stored = ", not stored" if options["dry_run"] else ""
        self.stdout.write(f"{found.method} {found.version} {verdict}{stored}: {found.reason}.")

    def _progress(self, sentence: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(sentence)
