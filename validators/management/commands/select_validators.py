"""Which validators to hold: who stays, enters and leaves."""

import csv
import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError

from scheduling.management.command import WRONG_USAGE, OperatorCommand
from scheduling.management.options import given
from scheduling.wording import cell_text
from validators.management.commands.show_validators import positive
from validators.monitoring.delinquency import much_is_delinquent
from validators.monitoring.readiness import nothing_fetched
from validators.reading.caps import CAPPED_BY, GRAMMAR, AskedCap, asked_caps
from validators.reading.flags import FlagCode
from validators.reading.picture import current_picture
from validators.reading.selection import SelectedValidator, selection
from validators.reading.standings import Narrowing
from validators.scoring.selection import BAND, WIDEST_BAND
from validators.solana.arithmetic import LAMPORTS_PER_SOL

MOST_PERCENT: Final = 100
COLUMNS: Final = tuple(SelectedValidator.__dataclass_fields__)


class Command(OperatorCommand):
    help = "Choose the best validators to hold, letting those held stay until they fall behind a band."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--size", type=positive, default=100, metavar="N", help="How many to hold; 100.")
        parser.add_argument(
            "--held", type=Path, metavar="FILE", help="Vote accounts held now, one a line; none unless given."
        )
        parser.add_argument(
            "--band",
            type=float,
            default=BAND,
            metavar="X",
            help="Held ones stay up to place N times X, which is from 1 to 100; 1.5.",
        )
        parser.add_argument(
            "--cap",
            action="append",
            type=given,
            default=[],
            metavar="GROUP:N",
            help=f"At most so many of one group, by {', '.join(CAPPED_BY)}: "
            f"{GRAMMAR.replace('%', '%%')}; = is the same as the colon. May be repeated.",
        )
        _add_narrowing(parser)
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="Print one JSON list.")
        form.add_argument("--csv", action="store_true", help="Print CSV with a header.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["band"] <= WIDEST_BAND:
            raise CommandError(f"--band is from 1 to {WIDEST_BAND:g}.", returncode=WRONG_USAGE)
        narrowing = _narrowing(options)
        held, caps = _held(options["held"]), _caps(options["cap"])
        picture = current_picture()
        if picture.fetch is None:
            raise CommandError(f"{nothing_fetched()} `manage.py fetch_validators` tries it now.")
        if picture.scoring_run is None:
            raise CommandError("There are no scores yet; manage.py score_validators makes them.")
        size, band = options["size"], options["band"]
        chosen = selection(picture, narrowing, held=held, size=size, band=band, caps=caps)
        found = chosen.rows
        nobody = "" if found else "No validator is like this, and none is held."
        for said in [much_is_delinquent(), *(cap.sentence for cap in chosen.caps), nobody]:
            if said:
                self.stderr.write(said)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in found], indent=1))
        elif options["csv"]:
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(map(_cells, found))
        else:
            for one in found:
                self.stdout.write(f"{one.action:<11} {one.vote_account:<44} {one.why}")


def _cells(one: SelectedValidator) -> list[Any]:
    values = asdict(one).values()
    return [cell_text(value) if isinstance(value, str) else value for value in values]


def _caps(words: list[str]) -> list[AskedCap]:
    try:
        return asked_caps([part for word in words for part in word.split(",")])
    except ValueError as exc:
        raise CommandError(f"--cap: {exc}.", returncode=WRONG_USAGE) from exc


def _add_narrowing(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--max-commission",
        type=float,
        metavar="PERCENT",
        help="Only of at most this commission: 5 for 5 %%, exactly so much is enough.",
    )
    parser.add_argument(
        "--max-mev-commission",
        type=float,
        metavar="PERCENT",
        help="Only of at most this share of the tips; not those without a tip account.",
    )
    parser.add_argument(
        "--min-total-apy",
        type=float,
        metavar="PERCENT",
        help="Only of at least this return, tips and shared fees with it; not those of whom it is unknown.",
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
    least_apy, stake = options["min_total_apy"], options["min_stake"]
    if least_apy is not None and not least_apy >= 0:
        raise CommandError("--min-total-apy is in percent, and not below 0.", returncode=WRONG_USAGE)
    if stake is not None and stake < 0:
        raise CommandError("--min-stake is in SOL, and not below 0.", returncode=WRONG_USAGE)
    return Narrowing(
        most_commission_bps=_basis_points("--max-commission", options["max_commission"]),
        most_mev_commission_bps=_basis_points("--max-mev-commission", options["max_mev_commission"]),
        least_total_apy=None if least_apy is None else least_apy / MOST_PERCENT,
        least_stake=None if stake is None else stake * LAMPORTS_PER_SOL,
        superminority=False if options["no_superminority"] else None,
        flagged={"yes": True, "no": False}.get(options["flagged"]),
        flags=[FlagCode(code) for code in options["flag"]],
    )


def _basis_points(option: str, percent: float | None) -> int | None:
    if percent is not None and not 0 <= percent <= MOST_PERCENT:
        raise CommandError(f"{option} is in percent: from 0 to 100.", returncode=WRONG_USAGE)
    return None if percent is None else round(percent * 100)


def _held(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        # With the mark that editors of Windows begin a file with, the first would be one that nobody knows.
        return [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "no text in UTF-8"
        raise CommandError(f"Cannot read {path}: {reason}.", returncode=WRONG_USAGE) from exc
