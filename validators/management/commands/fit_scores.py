"""Refit the coefficients of a scoring method."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from scheduling.management.command import WRONG_USAGE, OperatorCommand
from scheduling.wording import counted
from validators.exceptions import HistoryFileError, ValidatorsError
from validators.management.commands.backtest_scores import check_epochs
from validators.management.files import write_text
from validators.scoring.fitting import trust_v2, trust_v3
from validators.scoring.fitting.boosting import libraries
from validators.scoring.fitting.trust_v2 import Provenance
from validators.services.memory import collector_paused
from validators.services.scores.recorded import recorded_history


class Command(OperatorCommand):
    help = "Fit a method to recorded epochs; the same history gives the same coefficients. Takes minutes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--method",
            choices=["trust-v3", "trust-v2"],
            default="trust-v3",
            help="trust-v3 needs what requirements-fit.txt names.",
        )
        parser.add_argument(
            "--data",
            type=Path,
            metavar="FILE",
            help="History as export_epochs writes it; else the database's.",
        )
        parser.add_argument(
            "--from",
            dest="first",
            type=int,
            metavar="E1",
            help="The first epoch to learn from; the second recorded.",
        )
        parser.add_argument(
            "--to",
            dest="last",
            type=int,
            required=True,
            metavar="E2",
            help="The last epoch whose outcome may be used.",
        )
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="Where the coefficients go; else they are printed."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        check_epochs(options["first"], options["last"])
        output: Path | None = options["output"]
        # Said now, not after the minutes that it takes.
        if output is not None and not os.access(output.parent, os.W_OK):
            raise CommandError(f"Cannot write {output}: there is no such folder to write into.")
        try:
            with collector_paused():
                document = self._document(options)
        except HistoryFileError as exc:
            raise CommandError(str(exc), returncode=WRONG_USAGE) from exc
        except (ValidatorsError, ValueError) as exc:
            raise CommandError(str(exc)) from exc
        text = _text(document)
        if output is None:
            self.stdout.write(text, ending="")
            return
        try:
            write_text(output, text)
        except OSError as exc:
            raise CommandError(f"Cannot write {output}: {exc.strerror}.") from exc
        record = document["record"]
        self.stdout.write(f"Fitted on {counted(record['examples'], 'example')}, {record['bad']} of them bad.")

    def _document(self, options: dict[str, Any]) -> dict[str, Any]:
        if options["method"] == "trust-v3":
            libraries()
        history = recorded_history(options["data"])
        first = min(history) + 1 if options["first"] is None else options["first"]
        source = options["data"].name if options["data"] else "the database"
        # The day, not the second, so that a refit on the same day gives the same bytes.
        provenance = Provenance(source, first, options["last"], f"{timezone.now():%Y-%m-%d}")
        last = options["last"]
        if options["method"] == "trust-v2":
            found = trust_v2.examples(history, first=first, last=last)
            return trust_v2.fit(found, provenance, progress=self._progress)
        seen = trust_v3.examples(history, first=first, last=last)
        return trust_v3.fit(seen, provenance, progress=self._progress)

    def _progress(self, sentence: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(sentence)


def _text(document: dict[str, Any]) -> str:
    """Indented, but for trees: one a line."""
    trees = document.get("trees")
    if trees is None:
        return json.dumps(document, indent=1) + "\n"
    rest = json.dumps({name: value for name, value in document.items() if name != "trees"}, indent=1)
    lines = ",\n  ".join(json.dumps(tree, separators=(",", ":")) for tree in trees)
    return rest.removesuffix("\n}") + f',\n "trees": [\n  {lines}\n ]\n}}\n'
