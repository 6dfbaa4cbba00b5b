import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django.db import Error as DatabaseError

from scheduling.ledger.selectors import current_mode
from scheduling.management.command import WRONG_USAGE, WorkingCommand
from scheduling.management.exit_codes import INTERRUPTED
from scheduling.monitoring.database_state import require_tables
from scheduling.monitoring.refusals import database_failure
from staking_project.acceptance.results import CheckResult
from staking_project.acceptance.verification import default_seconds, verification


class Command(WorkingCommand):
    help = "Checks the running system against what it promises; fails when a promise is not kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--seconds",
            type=float,
            help="how long to watch (default: until each job was due once, where that takes under a minute)",
        )
        parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        # Written so that nan fails too.
        if options["seconds"] is not None and not options["seconds"] > 0:
            raise CommandError("--seconds must be more than 0.", returncode=WRONG_USAGE)
        try:
            require_tables()
            mode = current_mode()
            seconds = default_seconds(mode) if options["seconds"] is None else options["seconds"]
            results = self._verify(seconds, as_json=options["json"])
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped before the end. The system is as it was found.", returncode=INTERRUPTED
            ) from None
        except DatabaseError as exc:
            raise CommandError(f"{database_failure(exc)}.") from exc
        if options["json"]:
            document = {
                "passed": all(result.passed for result in results),
                "mode": mode,
                "watched_seconds": seconds,
                "checks": [asdict(result) for result in results],
            }
            self.stdout.write(json.dumps(document, indent=2))
        failed = [result.name for result in results if not result.passed]
        if failed:
            raise CommandError(f"{len(failed)} of {len(results)} checks failed: {', '.join(failed)}.")

    def _verify(self, seconds: float, *, as_json: bool) -> list[CheckResult]:
        if self.stderr.isatty():
            self.stderr.write(f"Watching for {seconds:g} s.", self.style.NOTICE)
        results = []
        for result in verification(seconds=seconds):
            results.append(result)
            if not as_json:
                verdict = self.style.SUCCESS("ok    ") if result.passed else self.style.ERROR("FAILED")
                self.stdout.write(f"{verdict}  {result.name}: {result.saw}")
        return results
