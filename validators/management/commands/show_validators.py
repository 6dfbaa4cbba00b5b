"""The best validators by the newest scores."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from typing import Any, Final

from scheduling.management.command import OperatorCommand
from scheduling.management.tables import printable
from validators.figures import bps_percent
from validators.monitoring.readiness import nothing_fetched
from validators.reading.admission import ADMISSION_COLUMNS, admission_document
from validators.reading.picture import current_picture
from validators.reading.rewards import reward_of_100_sol
from validators.reading.standings import standings, with_risk
from validators.scoring.ten_epochs import risk_of_ten_epochs
from validators.templatetags.units import sol

# Told as the API's list tells them, under the same names.
_TOLD: Final = (
    *("rank", "vote_account", "identity", "name", "name_mark", "score", "activated_stake", "commission_bps"),
    *("delinquent", "vote_performance", "apy", "apy_basis", "risk"),
)
_EMPTY_IS_UNKNOWN: Final = ("name", "name_mark", "apy_basis")


def positive(text: str) -> int:
    """A whole number of at least 1 and nine digits at most, for argparse."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
        raise ArgumentTypeError(f"{text[:40]!r} is not a whole number of at least 1 and up to nine digits")
    return int(text)


class Command(OperatorCommand):
    help = "Show the best validators by the newest scores; those without a score come last."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--top", type=positive, default=20, metavar="N", help="How many to show (20).")
        parser.add_argument("--json", action="store_true", help="Print a JSON list.")

    def handle(self, *args: Any, **options: Any) -> None:
        ranked = with_risk(standings(current_picture()))[: options["top"]]
        if options["json"]:
            columns = ranked.values(*_TOLD, *ADMISSION_COLUMNS)
            self.stdout.write(json.dumps([_document(row) for row in columns]))
        elif rows := list(ranked):
            self.stdout.write("\n".join(_table(rows)))
        else:
            self.stderr.write(f"{nothing_fetched()} `manage.py fetch_validators` tries it now.")


def _document(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in _TOLD},
        **{name: row[name] or None for name in _EMPTY_IS_UNKNOWN},
        # Lamports pass 2^53, where a reader's JSON numbers end.
        "activated_stake": str(row["activated_stake"]),
        "risk_ten_epochs": risk_of_ten_epochs(row["risk"]),
        "reward_of_100_sol": reward_of_100_sol(row["apy"]),
        "admission": admission_document(*(row[name] for name in ADMISSION_COLUMNS)),
    }


def _table(rows: Sequence[Any]) -> list[str]:
    heading = f"{'rank':>5}  {'score':>6}  {'stake (SOL)':>16}  {'commission':>10}  {'delinquent':<10}"
    return [f"{heading}  vote account", *(_line(row) for row in rows)]


def _line(row: Any) -> str:
    rank = "-" if row.rank is None else str(row.rank)
    score = "-" if row.score is None else f"{row.score:.2f}"
    stake = sol(row.activated_stake)
    commission = "unknown" if row.commission_bps is None else bps_percent(row.commission_bps)
    name = f" {printable(row.name)}" if row.name else ""
    return (
        f"{rank:>5}  {score:>6}  {stake:>16}  {commission:>10}  {'yes' if row.delinquent else 'no':<10}  "
        f"{row.vote_account}{name}"
    )
