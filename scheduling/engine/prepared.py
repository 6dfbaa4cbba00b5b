"""A statement that PostgreSQL plans once for a connection: planning was half of what a claim cost it.

Django has its driver prepare nothing, since a pooler between may hand each transaction to another session. So
does this, from the first time on that a session does not know what it was told. Values go beside the
statement: to write them into it, and to read that, was half of what a claim cost its worker.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import psycopg
from django.db import Error as DatabaseError
from django.db import connection
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus

_VALUE = re.compile(r"%\((\w+)\)s")
# No such statement; or its answer has another form since a migration.
_UNKNOWN = ("26000", "0A000")
_KNOWN_ALREADY = "42P05"

Rows = list[tuple[Any, ...]]

# The connection that the names are told to, and the names.
_told: tuple[object, set[str]] = (None, set())
_gave_up = False


def can_be() -> bool:
    """Whether statements may be prepared here. Within a transaction a refusal would end it."""
    return (
        connection.vendor == "postgresql"
        and not _gave_up
        and not connection.in_atomic_block
        and connection.get_autocommit()
    )


def answer(sql: str, values: Mapping[str, Any]) -> Rows:
    """What the statement answers, with named values; prepared, or as it is where that does not work."""
    global _gave_up
    name, text, names = _numbered(sql)
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    try:
        _tell(name, text)
        return _asked(sql, [values[one] for one in names], partial(_execute, name))
    except DatabaseError as exc:
        if getattr(exc.__cause__, "sqlstate", "") not in _UNKNOWN:
            raise
        _gave_up = True
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _tell(name: str, text: str) -> None:
    global _told
    if _told[0] is not connection.connection:
        _told = (connection.connection, set())
    if name in _told[1]:
        return
    try:
        _asked(f"PREPARE {name}", (), lambda driver, _: _answered(driver, _prepare(driver, name, text)))
    except DatabaseError as exc:  # by one of us, whose session a pooler gave us
        if getattr(exc.__cause__, "sqlstate", "") != _KNOWN_ALREADY:
            raise
    _told[1].add(name)


def _asked(sql: str, values: Sequence[Any], ask: Callable[[Any, Sequence[Any]], Rows]) -> Rows:
    """What it answers, as Django's cursors do: past whoever watches, and with Django's errors."""

    def executor(sql: str, values: Sequence[Any], many: bool, context: Any) -> Rows:
        with connection.wrap_database_errors:
            return ask(connection.connection, values)

    run: Callable[..., Rows] = executor
    for wrapper in reversed(connection.execute_wrappers):
        run = partial(wrapper, run)
    return run(sql, values, False, {"connection": connection, "cursor": None})


def _prepare(driver: Any, name: str, text: str) -> Any:
    return driver.pgconn.prepare(name.encode(), text.encode())


def _execute(name: str, driver: Any, values: Sequence[Any]) -> Rows:
    """No signal is handled until the server has answered: the kernel's watchdog needs none."""
    adapted = Transformer(driver).dump_sequence(values, [PyFormat.TEXT] * len(values))
    return _answered(driver, driver.pgconn.exec_prepared(name.encode(), adapted))


def _answered(driver: Any, result: Any) -> Rows:
    """The rows; raises what the driver's cursors would."""
    if result.status == ExecStatus.TUPLES_OK:
        rows = Transformer(driver)
        rows.set_pgresult(result)
        return rows.load_rows(0, result.ntuples, tuple)
    if result.status == ExecStatus.COMMAND_OK:
        return []
    if driver.pgconn.status != ConnStatus.OK:
        raise psycopg.OperationalError(result.get_error_message())
    raise error_from_result(result)


@cache
def _numbered(sql: str) -> tuple[str, str, tuple[str, ...]]:
    """Its name, which is that of its text; the text with $1, $2 …; and which values these are."""
    names = tuple(dict.fromkeys(_VALUE.findall(sql)))
    text = _VALUE.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
    return f"scheduling_{hashlib.sha256(text.encode()).hexdigest()[:16]}", text, names
