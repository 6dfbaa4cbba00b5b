"""Score now, in the foreground."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from scheduling.exceptions import SkipRun
from scheduling.management.command import OperatorCommand
from scheduling.wording import counted
from validators.exceptions import ValidatorsError
from validators.tasks import score_validators


class Command(OperatorCommand):
    help = "Score the validators of the newest fetch once, without Redis or a worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = score_validators()
        except SkipRun as exc:
            raise CommandError(f"Nothing was scored: {exc}") from exc
        except ValidatorsError as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(json.dumps(result) if options["json"] else _sentence(result))


def _sentence(result: dict[str, Any]) -> str:
    others = [f"{run['method']} (run {run['scoring_run_id']})" for run in result["runs"][1:]]
    also = f" Also scored by {', '.join(others)}." if others else ""
    return (
        f"Scoring run {result['scoring_run_id']}: {counted(result['scored'], 'validator')} scored by "
        f"{result['method']} (version {result['version']}) on fetch {result['fetch_id']} "
        f"of epoch {result['epoch']}.{also}"
    )
