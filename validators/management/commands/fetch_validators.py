"""Fetch now, in the foreground."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from scheduling.management.command import OperatorCommand
from scheduling.wording import counted
from validators.exceptions import ValidatorsError
from validators.tasks import fetch_validators


class Command(OperatorCommand):
    help = "Fetch the cluster's validators once and store them, without Redis or a worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the result as one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = fetch_validators()
        except ValidatorsError as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(json.dumps(result) if options["json"] else _sentence(result))


def _sentence(result: dict[str, Any]) -> str:
    if result["fetch_id"] is None:
        return f"A newer fetch was stored meanwhile, so this one from {result['endpoint']} was left out."
    return (
        f"Fetch {result['fetch_id']}: {counted(result['validators'], 'validator')} of epoch "
        f"{result['epoch']} from {result['endpoint']}; {result['joined']} joined, {result['left']} left, "
        f"{result['rejected']} rejected, {counted(result['commission_changes'], 'commission change')}."
    )
