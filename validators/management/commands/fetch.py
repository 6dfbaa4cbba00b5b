"""Any source now, in the foreground: without Redis, a worker or a schedule."""

import json
import time
from argparse import ArgumentParser
from typing import Any, NamedTuple

from django.core.management.base import CommandError
from django.utils.module_loading import import_string

from scheduling.exceptions import SkipRun
from scheduling.management.command import WRONG_USAGE, OperatorCommand
from validators.exceptions import ValidatorsError
from validators.jobs import BY_SOURCE
from validators.services.fetching import fetch_from_cluster
from validators.services.memory import collector_paused
from validators.services.sources import Source, ask_at_once


class Outcome(NamedTuple):
    """What became of one source; `error` says why it was skipped, or what failed."""

    source: str
    status: str
    error: str | None
    seconds: float


class Command(OperatorCommand):
    help = "Fetches sources now, without Redis or a worker; exits with 1 when one failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(BY_SOURCE)
        parser.add_argument("sources", nargs="*", metavar="SOURCE", help=f"any of {names}")
        parser.add_argument(
            "--all", action="store_true", help="every source, in the order they need each other"
        )
        parser.add_argument("--json", action="store_true", help="a JSON list with what became of each")
        parser.add_argument(
            "--accept-shrunken",
            action="store_true",
            help="store votes that were doubted because much is missing or much changed at once",
        )

    def handle(self, *args: Any, sources: list[str], **options: Any) -> None:
        wanted = list(BY_SOURCE) if options["all"] else list(dict.fromkeys(sources))
        if unknown := [name for name in wanted if name not in BY_SOURCE]:
            raise _usage(f"There is no source {unknown[0]!r}")
        if not wanted:
            raise _usage("Name a source, or say --all")
        accept_shrunken = options["accept_shrunken"]
        if accept_shrunken and "votes" not in wanted:
            raise _usage("--accept-shrunken is about the votes, which are not asked for")
        outcomes = []
        for name in wanted:
            outcomes.append(_fetched(name, accept_shrunken=accept_shrunken and name == "votes"))
            if not options["json"]:
                self.stdout.write(_line(outcomes[-1]))
        if options["json"]:
            self.stdout.write(json.dumps([outcome._asdict() for outcome in outcomes]))
        if failed := [outcome.source for outcome in outcomes if outcome.status == "failed"]:
            raise CommandError(f"failed: {', '.join(failed)}")


def _usage(problem: str) -> CommandError:
    return CommandError(f"{problem}; the sources are {', '.join(BY_SOURCE)}.", returncode=WRONG_USAGE)


@collector_paused()
def _fetched(source: str, *, accept_shrunken: bool) -> Outcome:
    began = time.monotonic()
    status, error = "succeeded", None
    # Who asks by hand wants to know whether it is offered now.
    ask_at_once(Source(source))
    try:
        if accept_shrunken:
            fetch_from_cluster(accept_shrunken=True)
        else:
            import_string(BY_SOURCE[source].task)()
    except SkipRun as exc:
        status, error = "skipped", str(exc)
    except ValidatorsError as exc:
        status, error = "failed", str(exc)
    return Outcome(source, status, error, round(time.monotonic() - began, 3))


def _line(outcome: Outcome) -> str:
    why = f": {outcome.error}" if outcome.error else ""
    return f"{outcome.source:<12} {outcome.status:<10} {outcome.seconds:6.2f} s{why}"
