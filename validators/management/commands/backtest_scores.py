"""Whether scores would have told tomorrow's bad validators from the good ones."""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError

from scheduling.management.command import WRONG_USAGE, OperatorCommand
from validators.exceptions import HistoryFileError, ValidatorsError
from validators.management.files import replaced, write_text
from validators.scoring.backtest.figures import figures
from validators.scoring.backtest.judged_report import judgement_document
from validators.scoring.backtest.report import document, tables
from validators.scoring.backtest.results import BacktestResult, MethodResult, Prediction
from validators.scoring.backtest.running import Listener, backtest
from validators.scoring.facts import ScoringMethod
from validators.scoring.peers import PEERS
from validators.scoring.pools import POOLS
from validators.scoring.registry import METHODS
from validators.scoring.trust_v3 import method as trust_v3
from validators.scoring.trust_v3.tables import tables as tables_of
from validators.services.memory import collector_paused
from validators.services.scores.recorded import recorded_history

ASKABLE: Final = METHODS | PEERS | POOLS
COLUMNS: Final = ("epoch", "vote_account", "method", "score", "risk")


class Command(OperatorCommand):
    help = "Judge scoring methods on recorded epochs: the scores of each against what the next one brought."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--method",
            nargs="+",
            action="extend",
            metavar="NAME",
            help=f"Of {', '.join(ASKABLE)}; all unless given.",
        )
        parser.add_argument(
            "--from",
            dest="first",
            type=int,
            required=True,
            metavar="E1",
            help="The first epoch to score at the end of.",
        )
        parser.add_argument(
            "--to",
            dest="last",
            type=int,
            required=True,
            metavar="E2",
            help="The last epoch to score at the end of.",
        )
        parser.add_argument(
            "--data",
            type=Path,
            metavar="FILE",
            help="History as export_epochs writes it; else the database's.",
        )
        parser.add_argument(
            "--coefficients",
            type=Path,
            metavar="FILE",
            help="Judge trust-v3 with these, as fit_scores writes them. Else with the shipped ones, or where "
            "those have learnt from the outcomes, with the same recipe grown on less.",
        )
        _add_output_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        first, last = options["first"], options["last"]
        check_epochs(first, last)
        named = [_method(name) for name in dict.fromkeys(options["method"] or ASKABLE)]
        methods = [_with_coefficients(one, options["coefficients"], first) for one in named]
        try:
            with _predictions(options["predictions"]) as listener, collector_paused():
                history = recorded_history(options["data"])
                epochs = [epoch for epoch in range(first, last + 1) if epoch in history]
                if not epochs:
                    raise CommandError(
                        f"No epoch from {first} to {last}; the history has {min(history)} to {max(history)}.",
                        returncode=WRONG_USAGE,
                    )
                result = backtest(history, methods, epochs=range(first, last + 1), listener=listener)
            _write_report(options["report"], result)
        except HistoryFileError as exc:
            raise CommandError(str(exc), returncode=WRONG_USAGE) from exc
        except ValidatorsError as exc:
            raise CommandError(str(exc)) from exc
        except OSError as exc:
            raise CommandError(f"Cannot write {exc.filename}: {exc.strerror}.") from exc
        self._warn(first, last, epochs, result)
        self.stdout.write(json.dumps(document(result)) if options["json"] else tables(result))

    def _warn(self, first: int, last: int, scored: Sequence[int], result: BacktestResult) -> None:
        missing = last - first + 1 - len(scored)
        if missing:
            self.stderr.write(f"{missing} of the epochs asked for are not in the history.")
        for method in result.methods:
            if method.fitted_through is not None and method.fitted_through > first:
                self.stderr.write(
                    f"{method.method} {method.version} has learnt from mainnet's outcomes up to epoch "
                    f"{method.fitted_through}: of epochs {first} to {min(last, method.fitted_through - 1)} "
                    "it foretells nothing."
                )
        if len(result.epochs) < len(scored):
            unjudged = sorted(set(scored) - set(result.epochs))
            self.stderr.write(f"Scored, but not judged, for the next epoch is not there: {unjudged}.")


def check_epochs(first: int | None, last: int) -> None:
    """Refuse --from and --to that name no epochs."""
    if last < 0 or (first is not None and first < 0):
        raise CommandError("--from and --to are epochs, and none is below 0.", returncode=WRONG_USAGE)
    if first is not None and first > last:
        raise CommandError(f"--from {first} comes after --to {last}.", returncode=WRONG_USAGE)


def _add_output_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--predictions", type=Path, metavar="OUT.csv", help="Write every score and risk there."
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="Write tables and plots there.")
    parser.add_argument("--json", action="store_true", help="Print the result as one JSON document.")


def _method(name: str) -> ScoringMethod:
    if name not in ASKABLE:
        raise CommandError(
            f"{name!r} is no method; choose from: {', '.join(ASKABLE)}.", returncode=WRONG_USAGE
        )
    return ASKABLE[name]


def _with_coefficients(method: ScoringMethod, path: Path | None, first: int) -> ScoringMethod:
    if method.name != trust_v3.METHOD.name:
        return method
    if path is None:
        return trust_v3.method_judged_from(first)
    try:
        read = tables_of(json.loads(path.read_text()))
    except OSError as exc:
        raise CommandError(f"Cannot read {path}: {exc.strerror}.", returncode=WRONG_USAGE) from exc
    except (ValueError, KeyError, TypeError) as exc:
        problem = f"{path} holds no coefficients of {method.name}, as fit_scores writes them: {_reason(exc)}"
        raise CommandError(problem, returncode=WRONG_USAGE) from exc
    return trust_v3.method_with(read)


def _reason(exc: ValueError | KeyError | TypeError) -> str:
    if isinstance(exc, UnicodeDecodeError):  # its words repeat the whole file
        return "no text in UTF-8"
    return f"{exc} is missing" if isinstance(exc, KeyError) else str(exc)


@contextmanager
def _predictions(path: Path | None) -> Iterator[Listener]:
    """A listener that writes lines. `risk` is the probability of a method that gives one, else empty."""
    if path is None:
        yield lambda epoch, method, said: None
        return
    with replaced(path) as raw, TextIOWrapper(raw, encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)

        def listener(epoch: int, method: str, said: Sequence[Prediction]) -> None:
            writer.writerows((epoch, one.vote_account, method, one.score, one.probability) for one in said)

        yield listener


def _write_report(folder: Path | None, result: BacktestResult) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "tables.md", tables(result))
    for name, picture in figures(result).items():
        write_text(folder / name, picture)
    for method in result.methods:
        if method.judgement.sets:
            write_text(folder / f"{method.method}.json", _measured(result, method))


def _measured(result: BacktestResult, method: MethodResult) -> str:
    """What the page about scores shows, kept beside the coefficients of a method."""
    found = {
        "version": method.version,
        "epochs": [result.epochs[0], result.epochs[-1]],
        "judged": judgement_document(method.judgement),
    }
    return json.dumps(found, indent=1) + "\n"
