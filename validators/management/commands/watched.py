"""Which validators alerts are about."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from scheduling.clock import database_now
from scheduling.exceptions import SchedulingError
from scheduling.ledger.presentation import clock_time, iso
from scheduling.management.command import WRONG_USAGE, OperatorCommand
from scheduling.management.scheduler_arguments import user_name
from scheduling.management.tables import table
from validators.models import Validator
from validators.reading.watching import watched
from validators.services.watching import unwatch, watch

NOBODY = "Nobody is watched; manage.py watched add KEY."


class Command(OperatorCommand):
    help = "Lists, adds or removes the validators that alerts are about."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=("list", "add", "remove"), help="what to do; all keys, or none")
        parser.add_argument(
            "keys", nargs="*", default=[], metavar="KEY", help="vote accounts, to add or remove"
        )
        parser.add_argument("--note", default="", help="why, for people; of those added")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")

    def handle(self, *args: Any, action: str, keys: list[str], **options: Any) -> None:
        if (action == "list") == bool(keys):
            raise CommandError("Name the keys to add or remove; `list` takes none.", returncode=WRONG_USAGE)
        if action == "list":
            self._list(as_json=options["json"])
            return
        try:
            with transaction.atomic():
                for key in keys:
                    if action == "add":
                        watch(key, by=user_name(), note=options["note"], now=database_now())
                    else:
                        unwatch(key)
        except SchedulingError as exc:
            raise CommandError(str(exc), returncode=WRONG_USAGE) from exc
        self._tell(action, keys, as_json=options["json"])

    def _tell(self, action: str, keys: list[str], *, as_json: bool) -> None:
        seen = Validator.objects.keys_of(keys)
        if as_json:
            document = [{"vote_account": key, "action": action, "seen": key in seen} for key in keys]
            self.stdout.write(json.dumps(document, indent=2))
            return
        self.stdout.write(f"{'' if action == 'add' else 'no longer '}watched: {', '.join(keys)}")
        if action == "add" and (unseen := [key for key in keys if key not in seen]):
            self.stdout.write(f"not seen by any fetch so far: {', '.join(unseen)}")

    def _list(self, *, as_json: bool) -> None:
        found = watched()
        if as_json:
            document = [
                {
                    "vote_account": one.vote_account,
                    "seen": one.seen,
                    "origin": one.origin,
                    "note": one.note,
                    "added_by": one.added_by,
                    "added_at": iso(one.added_at),
                }
                for one in found
            ]
            self.stdout.write(json.dumps(document, indent=2))
            return
        cells = [
            (
                *(one.vote_account, "yes" if one.seen else "not yet", one.origin, one.added_by),
                *(one.added_at and clock_time(one.added_at), one.note),
            )
            for one in found
        ]
        headers = ("vote account", "seen", "origin", "by", "added (UTC)", "note")
        self.stdout.write(table(headers, cells) if cells else NOBODY)
