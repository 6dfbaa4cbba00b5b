"""Django's own, which makes SQLite's file where there is none."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.commands import migrate
from django.db import connections


class Command(migrate.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        """Before the checks, which ask the database."""
        connection = connections[options["database"]]
        name = Path(connection.settings_dict["NAME"])
        # What lives in memory has no path.
        if connection.vendor == "sqlite" and name.is_absolute():
            # Where that cannot be, SQLite says why.
            with suppress(OSError):
                name.touch()
        return super().execute(*args, **options)
