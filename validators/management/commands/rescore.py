"""Compute a stored scoring run again from its stored inputs."""

import json
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import CommandError

from scheduling.management.command import WRONG_USAGE, OperatorCommand
from scheduling.management.options import given
from scheduling.wording import counted
from validators.exceptions import ValidatorsError
from validators.scoring.registry import order, ranks
from validators.services.scores.again import Again, score_again

NAMED: Final = 5


class Command(OperatorCommand):
    help = "Compute a stored scoring run again from its stored inputs; exit 1 when a digit differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--run", type=int, required=True, metavar="ID", help="The scoring run.")
        parser.add_argument("--method", type=given, metavar="NAME", help="Another method than the run's own.")
        parser.add_argument("--json", action="store_true", help="Print the result, with every score.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            again = score_again(options["run"], method_name=options["method"])
        except (ValidatorsError, ValueError) as exc:
            # What there is not, or no longer, is no differing digit.
            raise CommandError(str(exc), returncode=WRONG_USAGE) from exc
        self.stdout.write(json.dumps(_document(again)) if options["json"] else _sentence(again))
        if again.equal is False:
            number = len(again.differing)
            differ = "differs" if number == 1 else "differ"
            raise CommandError(f"{number:,} of the scores {differ} from what is stored.")


def _document(again: Again) -> dict[str, Any]:
    return {
        "run": again.run,
        "method": again.method,
        "version": again.version,
        "compared_with": again.compared_with,
        "stored_version": again.stored_version,
        "equal": again.equal,
        "differing": again.differing,
        "scores": [
            {"rank": rank, "vote_account": one.validator.vote_account, "score": one.score, "risk": one.risk}
            for rank, one in zip(ranks(map(order, again.best_first)), again.best_first, strict=True)
        ],
    }


def _sentence(again: Again) -> str:
    computed = f"{counted(len(again.best_first), 'score')} by {again.method} (version {again.version})"
    if again.equal is None:
        return f"{computed}; no stored run of that method has these inputs, so there is nothing to compare."
    if again.equal:
        return f"{computed}, equal to those of run {again.compared_with} to the last digit."
    named = ", ".join(again.differing[:NAMED])
    return (
        f"{computed}, unlike those of run {again.compared_with} (version {again.stored_version}), "
        f"first for {named}."
    )
