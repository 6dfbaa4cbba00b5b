"""A database that answers and takes no writes, as a standby or a full disk does."""

from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created

_REFUSE = {"sqlite": "PRAGMA query_only = 1", "postgresql": "SET default_transaction_read_only = on"}
_GIVE_WAY = {"sqlite": "PRAGMA query_only = 0", "postgresql": "SET default_transaction_read_only = off"}


def take_no_writes(**_: Any) -> None:
    """From now on, also on the connections that are opened later."""
    connection_created.connect(take_no_writes)
    with connection.cursor() as cursor:
        cursor.execute(_REFUSE[connection.vendor])


def take_writes() -> None:
    connection_created.disconnect(take_no_writes)
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_WAY[connection.vendor])
