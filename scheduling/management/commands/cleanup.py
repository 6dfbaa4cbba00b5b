import json
from argparse import ArgumentParser
from typing import Any

from scheduling.clock import database_now
from scheduling.ledger.retention import prune
from scheduling.management.command import WorkingCommand
from scheduling.management.tables import table


class Command(WorkingCommand):
    help = "Deletes the history that is older than the mode keeps it, as the cleanup job does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only show what would be deleted")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run = options["dry_run"]
        rows = prune(now=database_now(), dry_run=dry_run)
        if options["json"]:
            self.stdout.write(json.dumps({"dry_run": dry_run, "rows": rows}))
            return
        self.stdout.write(
            table(("history", "would be deleted" if dry_run else "deleted"), list(rows.items()))
        )
