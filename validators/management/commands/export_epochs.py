"""History by epoch for elsewhere."""

import gzip
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError

from scheduling.management.command import OperatorCommand
from validators.management.files import replaced
from validators.services.history.exporting import history_lines

STDOUT: Final = "-"


class Command(OperatorCommand):
    help = "Write the per-epoch history as the CSV file that import_epochs reads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            nargs="?",
            default=STDOUT,
            metavar="FILE",
            help="Where to; a name that ends in .gz is compressed. Without it, or as -, to stdout.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"] == STDOUT:
            for line in history_lines():
                self.stdout.write(line, ending="")
            return
        try:
            with _packed(Path(options["file"])) as target:
                target.writelines(line.encode("ascii") for line in history_lines())
        except (OSError, ValueError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "it is no name of a file"
            raise CommandError(f"Cannot write {options['file']!r}: {reason}") from exc


@contextmanager
def _packed(path: Path) -> Iterator[BufferedIOBase]:
    """By gzip, where the name ends so."""
    with replaced(path) as raw:
        if path.suffix == ".gz":
            # Without a time, the same history makes the same bytes.
            with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
                yield packed
        else:
            yield raw
