"""A statement that PostgreSQL plans once for a connection: planning was half of what a claim cost it.

Django has its driver prepare nothing, since a pooler between may hand each transaction to another session. So
does this, from the first time on that a session does not know what it was told.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection

_VALUE = re.compile(r"%\((\w+)\)s")
# No such statement; or its answer has another form since a migration.
_UNKNOWN = ("26000", "0A000")
_KNOWN_ALREADY = "42P05"

# The connection that the names are told to, and the names.
_told: tuple[object, set[str]] = (None, set())
_gave_up = False


def can_be() -> bool:
    """Whether statements may be prepared here. Within a transaction a refusal would end it."""
    return connection.vendor == "postgresql" and not _gave_up and not connection.in_atomic_block


def answer(cursor: Any, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What the statement answers, with named values; prepared, or as it is where that does not work."""
    global _gave_up
    name, text, names = _numbered(sql)
    try:
        _tell(cursor, name, text)
        placeholders = ", ".join(["%s"] * len(names))
        cursor.execute(f"EXECUTE {name} ({placeholders})", [values[one] for one in names])
    except DatabaseError as exc:
        if getattr(exc.__cause__, "sqlstate", "") not in _UNKNOWN:
            raise
        _gave_up = True
        cursor.execute(sql, values)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _tell(cursor: Any, name: str, text: str) -> None:
    global _told
    if _told[0] is not connection.connection:
        _told = (connection.connection, set())
    if name in _told[1]:
        return
    try:
        cursor.execute(f"PREPARE {name} AS {text}")
    except DatabaseError as exc:  # by one of us, whose session a pooler gave us
        if getattr(exc.__cause__, "sqlstate", "") != _KNOWN_ALREADY:
            raise
    _told[1].add(name)


@cache
def _numbered(sql: str) -> tuple[str, str, tuple[str, ...]]:
    """Its name, which is that of its text; the text with $1, $2 …; and which values these are."""
    names = tuple(dict.fromkeys(_VALUE.findall(sql)))
    text = _VALUE.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
    return f"scheduling_{hashlib.sha256(text.encode()).hexdigest()[:16]}", text, names
