"""Which validators to hold: who stays, enters and leaves."""

import csv
import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError

from scheduling.management.command import OperatorCommand
from validators.reading.flags import FlagCode
from validators.reading.picture import current_picture
from validators.reading.selection import SelectedValidator, selection
from validators.reading.standings import Narrowing
from validators.scoring.selection import BAND
from validators.solana.arithmetic import LAMPORTS_PER_SOL

MOST_PERCENT: Final = 100
COLUMNS: Final = tuple(SelectedValidator.__dataclass_fields__)


class Command(OperatorCommand):
    help = "Choose the best validators to hold, letting those held stay until they fall behind a band."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--size", type=int, default=100, metavar="N", help="How many to hold; 100.")
        parser.add_argument(
            "--held", type=Path, metavar="FILE", help="Vote accounts held now, one a line; none unless given."
        )
        parser.add_argument(
            "--band", type=float, default=BAND, metavar="X", help="Held ones stay up to place N times X; 1.5."
        )
        _add_narrowing(parser)
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="Print one JSON list.")
        form.add_argument("--csv", action="store_true", help="Print CSV with a header.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["size"] < 1 or not options["band"] >= 1:
            raise CommandError("--size is at least 1, and --band too.")
        picture = current_picture()
        if picture.scoring_run is None:
            raise CommandError("There are no scores yet; manage.py score_validators makes them.")
        narrowing = _narrowing(options)
        held = _held(options["held"])
        found = selection(picture, narrowing, held=held, size=options["size"], band=options["band"])
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in found], indent=1))
        elif options["csv"]:
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(asdict(one).values() for one in found)
        else:
            for one in found:
                self.stdout.write(f"{one.action:<7} {one.vote_account:<44} {one.why}")


def _add_narrowing(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--max-commission",
        type=float,
        metavar="PERCENT",
        help="Only of at most this commission: 5 for 5 %%, exactly so much is enough.",
    )
    parser.add_argument("--min-stake", type=int, metavar="SOL", help="Only with at least so many SOL.")
    parser.add_argument("--no-superminority", action="store_true", help="Only outside of the superminority.")
    parser.add_argument(
        "--flagged",
        choices=("yes", "no"),
        help="yes: only with a flag; no: only without any. Where --flag names some, only those count.",
    )
    parser.add_argument(
        "--flag",
        action="append",
        default=[],
        choices=list(map(str, FlagCode)),
        metavar="CODE",
        help=f"Only with this flag, or another one named so: {', '.join(FlagCode)}.",
    )


def _narrowing(options: dict[str, Any]) -> Narrowing:
    percent, stake = options["max_commission"], options["min_stake"]
    if percent is not None and not 0 <= percent <= MOST_PERCENT:
        raise CommandError("--max-commission is in percent: from 0 to 100.")
    return Narrowing(
        most_commission_bps=None if percent is None else round(percent * 100),
        least_stake=None if stake is None else stake * LAMPORTS_PER_SOL,
        superminority=False if options["no_superminority"] else None,
        flagged={"yes": True, "no": False}.get(options["flagged"]),
        flags=[FlagCode(code) for code in options["flag"]],
    )


def _held(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        return [line.strip() for line in path.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as exc:
        raise CommandError(f"Cannot read {path}: {exc}") from exc
