"""How long an answer waits for a row that somebody holds (PostgreSQL): not for ever, or threads run out."""

from typing import Any, Final

from django.db.backends.signals import connection_created

# Ours hold a row for milliseconds; a longer wait is for somebody who forgot to end his transaction.
LOCK_PATIENCE_MS: Final = 2_000


def wait_briefly() -> None:
    """From now on no statement of this process waits longer for a lock; for what serves the web."""
    connection_created.connect(_bound)


def _bound(connection: Any, **_: Any) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {LOCK_PATIENCE_MS}")
