"""The best validators by the newest scores."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from typing import Any

from scheduling.management.command import OperatorCommand
from scheduling.management.tables import printable
from validators.reading.selectors import RankedValidator, ranked_validators
from validators.solana.arithmetic import LAMPORTS_PER_SOL


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
        rows = ranked_validators(options["top"])
        if options["json"]:
            self.stdout.write(json.dumps([_document(row) for row in rows]))
        elif rows:
            self.stdout.write("\n".join(_table(rows)))
        else:
            self.stderr.write("Nothing fetched yet: run `manage.py fetch_validators` first.")


def _document(row: RankedValidator) -> dict[str, Any]:
    # Lamports pass 2^53, where a reader's JSON numbers end.
    return {**asdict(row), "activated_stake": str(row.activated_stake)}


def _table(rows: list[RankedValidator]) -> list[str]:
    heading = f"{'rank':>5}  {'score':>6}  {'stake (SOL)':>16}  {'commission':>10}  {'delinquent':<10}"
    return [f"{heading}  vote account", *(_line(row) for row in rows)]


def _line(row: RankedValidator) -> str:
    rank = "-" if row.rank is None else str(row.rank)
    score = "-" if row.score is None else f"{row.score:.2f}"
    stake = f"{row.activated_stake / LAMPORTS_PER_SOL:,.2f}"
    commission = "unknown" if row.commission_bps is None else f"{row.commission_bps / 100:g} %"
    name = f" {printable(row.name)}" if row.name else ""
    return (
        f"{rank:>5}  {score:>6}  {stake:>16}  {commission:>10}  {'yes' if row.delinquent else 'no':<10}  "
        f"{row.vote_account}{name}"
    )
