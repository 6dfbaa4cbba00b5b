"""What is stored against a file of the same epochs."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError

from scheduling.management.command import WRONG_USAGE, OperatorCommand
from validators.exceptions import HistoryFileError
from validators.services.history.agreement import LEAST_SHARE
from validators.services.history.comparing import compare_with_file

DISAGREES: Final = 3


class Command(OperatorCommand):
    help = "Compare the stored history with a CSV file, and list where they differ; writes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="As import_history --from FILE takes it.")
        parser.add_argument(
            "--chain", action="store_true", help="Only what import_history --from chain brought."
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help=f"Exit with {DISAGREES} where less than {100 * LEAST_SHARE} %% agree, or nothing is known.",
        )
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            agreement = compare_with_file(options["file"], only_chain=options["chain"])
        except HistoryFileError as exc:
            raise CommandError(str(exc), returncode=WRONG_USAGE) from exc
        if options["json"]:
            self.stdout.write(json.dumps(agreement.document()))
        else:
            for line in agreement.lines():
                self.stdout.write(line)
        if options["check"] and (agreement.share is None or agreement.share < LEAST_SHARE):
            raise CommandError(f"Less than {LEAST_SHARE:.1%} of the numbers agree.", returncode=DISAGREES)
