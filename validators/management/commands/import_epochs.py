"""History by epoch from elsewhere."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import timezone

from scheduling.management.command import WRONG_USAGE, OperatorCommand
from scheduling.management.exit_codes import INTERRUPTED
from scheduling.wording import counted, were
from validators.exceptions import HistoryFileError
from validators.services.history.files import HistoryFile, RejectedLine
from validators.services.history.importing import ImportSummary, import_history

BAR_WIDTH: Final = 40


class Command(OperatorCommand):
    help = (
        "Load per-epoch history from a CSV file, compressed with gzip or not, as often as you like; "
        "stores the other lines and exits with 1 when some were rejected."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="What export_epochs writes.")
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            summary = import_history(
                options["file"],
                imported_at=timezone.now(),
                on_rejected=self._report,
                on_progress=self._show_progress,
            )
        except HistoryFileError as exc:
            raise CommandError(str(exc), returncode=WRONG_USAGE) from exc
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped before the end. The lines before are stored; another import brings the rest.",
                returncode=INTERRUPTED,
            ) from None
        finally:
            self._clear_progress()
        self.stdout.write(json.dumps(_document(summary)) if options["json"] else _sentence(summary))
        if summary.rejected_count:
            raise CommandError(
                f"{summary.rejected_count:,} of {counted(summary.lines, 'line')} "
                f"{were(summary.rejected_count)} rejected."
            )

    def _report(self, line: RejectedLine) -> None:
        self._clear_progress()
        self.stderr.write(f"Line {line.number}: {line.reason}")

    def _show_progress(self, file: HistoryFile) -> None:
        if not self.stderr.isatty():
            return
        share = file.share_read
        bar = "" if share is None else f"[{'#' * int(share * BAR_WIDTH):<{BAR_WIDTH}}] {share:4.0%}  "
        self.stderr.write(f"\r{bar}{counted(file.line_number, 'line')}", ending="")
        self.stderr.flush()

    def _clear_progress(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\x1b[K", ending="")


def _document(summary: ImportSummary) -> dict[str, Any]:
    rejected = [{"line": line.number, "reason": line.reason} for line in summary.rejected]
    return {**asdict(summary), "rejected": rejected}


def _sentence(summary: ImportSummary) -> str:
    epochs = f" of {counted(summary.epochs, 'epoch')} ({summary.first_epoch} to {summary.last_epoch})"
    return (
        f"{counted(summary.lines, 'line')}{epochs if summary.epochs else ''}: {summary.added:,} added, "
        f"{summary.changed:,} changed, {summary.unchanged:,} unchanged, {summary.rejected_count:,} rejected; "
        f"{counted(summary.validators_added, 'validator')} {were(summary.validators_added)} new."
    )
