"""Thousands of rows at once, by the driver: several times faster than through model instances.

Rows are tuples of plain values in the order of `fields` (attribute names, such as validator_id);
`constants` is what every row has in common. Call inside a transaction.
"""
# ruff: noqa: S608 - every name in a statement comes from a model, every value goes beside it

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, models

Rows = Sequence[tuple[Any, ...]]
# A named tuple.
Record = TypeVar("Record", bound=tuple[Any, ...])

# Of one transaction in slices: on SQLite some ten milliseconds, and who waits asks every one to fifty.
ROWS_AT_ONCE: Final = 1_000
# Seconds; on a machine without time to spare a slice takes long, and the pause gives others no more.
LONGEST_PAUSE: Final = 0.02

# Among the constants of an update: what a row has, and one.
ONE_MORE: Final = object()
KEYS_PER_QUERY: Final = 5_000
# Any number will do, as long as nothing else in the database locks it.
_WRITERS_LOCK: Final = 0x50_0A_2A


def serialize_writers() -> None:
    """Let one transaction at a time past this line; the lock ends with the transaction.

    On SQLite the transaction itself, opened IMMEDIATE, is that lock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_WRITERS_LOCK])


def session() -> object:
    """The connection to the database as the driver has it: another one after each time that it was lost."""
    return connection.connection


def read_rows(queryset: models.QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    """The rows of a values_list as the driver gives them, without Django's converters.

    That is right for numbers, text and booleans; SQLite gives an instant as text.
    """
    try:
        statement, values = queryset.query.sql_with_params()
    except EmptyResultSet:  # of no keys, say
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def read_records(kind: type[Record], queryset: models.QuerySet[Any, Any]) -> list[Record]:
    """The same as named tuples, whose fields are in the order of the values_list."""
    # Its `_make` counts the fields of each row: three times as long.
    return [tuple.__new__(kind, row) for row in read_rows(queryset)]


class _JsonColumn(models.Aggregate):
    """A column of a group as a JSON list."""

    function = "json_agg"
    template = "%(function)s(%(expressions)s)::text"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "%(function)s(%(expressions)s)"
        return self.as_sql(compiler, connection, function="json_group_array", template=template, **context)


def read_columns(
    groups: models.QuerySet[Any, Any], columns: Sequence[str | models.Expression | models.F]
) -> list[tuple[Any, ...]]:
    """The groups of a values_list, each with its columns as JSON lists: names, or expressions.

    Thousands of values in one text arrive twice as fast as rows. Every aggregate of a group takes its rows
    in the same order. SQLite writes no more than fifteen digits of a float.
    """
    texts = {
        f"column_{place}": _JsonColumn(column, output_field=models.TextField())
        for place, column in enumerate(columns)
    }
    return read_rows(groups.annotate(**texts))


def insert_rows(
    model: type[models.Model], *, fields: Sequence[str], rows: Rows, constants: Mapping[str, Any]
) -> None:
    """Insert all rows; an IntegrityError when one is there already."""
    if not rows:
        return
    columns = _columns(model, [*fields, *constants])
    common = _prepared(model, constants)
    if connection.vendor == "postgresql":
        _copy(_table(model), columns, rows, common)
        return
    places = ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {_table(model)} ({', '.join(columns)}) VALUES ({places})"
    with connection.cursor() as cursor:
        cursor.executemany(statement, [row + common for row in rows])


def in_slices(rows: Rows) -> Iterator[Rows]:
    """Rows that nobody is told of yet, for a transaction each; after one the others get as long as it took.

    On PostgreSQL nobody waits for them, nor does a transaction that goes on let anybody in: there it is all.
    """
    if connection.vendor == "postgresql" or connection.in_atomic_block or len(rows) <= ROWS_AT_ONCE:
        yield rows
        return
    for start in range(0, len(rows), ROWS_AT_ONCE):
        began = time.monotonic()
        yield rows[start : start + ROWS_AT_ONCE]
        time.sleep(min(time.monotonic() - began, LONGEST_PAUSE))


def in_parts(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    """For a query each: SQLite takes no more values than 32,766 in one."""
    return (keys[start : start + KEYS_PER_QUERY] for start in range(0, len(keys), KEYS_PER_QUERY))


def insert_large(model: type[models.Model], **values: Any) -> int:
    """Insert one row with megabytes in it, and return its primary key.

    On PostgreSQL they go beside the statement, in binary: within it they would be text of twice the length.
    """
    if connection.vendor != "postgresql":
        return int(model._default_manager.create(**values).pk)
    columns = _columns(model, list(values))
    places = ", ".join("%b" if isinstance(value, bytes) else "%s" for value in values.values())
    statement = f"INSERT INTO {_table(model)} ({', '.join(columns)}) VALUES ({places}) RETURNING id"
    connection.ensure_connection()
    # Not imported by name: for those on SQLite the driver would be a tenth of what a command's start takes.
    here: Any = connection
    with connection.wrap_database_errors, here.Database.Cursor(connection.connection) as cursor:
        row: Any = cursor.execute(statement, list(values.values())).fetchone()
    return int(row[0])


def update_rows(
    model: type[models.Model], *, fields: Sequence[str], rows: Rows, constants: Mapping[str, Any]
) -> None:
    """Set the fields of existing rows; each row tuple ends with the primary key, which is not in `fields`."""
    if not rows:
        return
    columns = _columns(model, fields)
    fixed, common = _alike(model, constants)
    table, key = _table(model), _columns(model, ["id"])[0]
    if connection.vendor == "postgresql":
        with _incoming(table, [*columns, key], rows) as incoming:
            changed = ", ".join([*fixed, *(f"{column} = {incoming}.{column}" for column in columns)])
            matched = f"{table}.{key} = {incoming}.{key}"
            _execute(f"UPDATE {table} SET {changed} FROM {incoming} WHERE {matched}", common)
        return
    changed = ", ".join([*fixed, *(f"{column} = %s" for column in columns)])
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {changed} WHERE {key} = %s", [common + row for row in rows])


class Staged:
    """Changes of existing rows, made ready before the transaction that writes them.

    On SQLite one writer is let in at a time, so they are loaded into a temporary table while nobody waits:
    its pages are this connection's own, and writing them is one statement. On PostgreSQL nobody waits for
    rows that others do not write, and they go with the writing, as they do where the transaction is open
    already. `name` tells it from other changes of the same table. Rows are those of `update_rows`.
    """

    def __init__(self, model: type[models.Model], *, name: str, fields: Sequence[str], rows: Rows) -> None:
        self._model, self._fields, self._rows, self._count = model, fields, rows, len(rows)
        self._staged = _quoted(f"staged_{model._meta.db_table}_{name}")
        if rows and connection.vendor != "postgresql" and not connection.in_atomic_block:
            with _deferred():
                self._load()
            self._rows = ()

    def __len__(self) -> int:
        return self._count

    def write(self, constants: Mapping[str, Any]) -> None:
        """Once, by the connection that made it ready. Call inside a transaction."""
        if self._rows or not self._count:
            update_rows(self._model, fields=self._fields, rows=self._rows, constants=constants)
            return
        table, key, columns = _table(self._model), *self._names()
        fixed, common = _alike(self._model, constants)
        changed = ", ".join([*fixed, *(f"{column} = staged.{column}" for column in columns)])
        _execute(
            f"UPDATE {table} SET {changed} FROM {self._staged} AS staged WHERE {table}.{key} = staged.{key}",
            common,
        )
        _execute(f"DROP TABLE {self._staged}")

    def _load(self) -> None:
        key, columns = self._names()
        _execute(f"DROP TABLE IF EXISTS temp.{self._staged}")
        # Without a key of its own: so these rows are gone through, and never the table of all epochs.
        _execute(f"CREATE TEMPORARY TABLE {self._staged} ({', '.join([*columns, key])})")
        places = ", ".join(["%s"] * (len(columns) + 1))
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO temp.{self._staged} VALUES ({places})", self._rows)

    def _names(self) -> tuple[str, list[str]]:
        return _columns(self._model, ["id"])[0], _columns(self._model, self._fields)


def prepared(model: type[models.Model], name: str, value: Any) -> Any:
    """A value for a row tuple as the driver wants it: on SQLite an instant is text."""
    return _prepared(model, {name: value})[0]


@contextmanager
def _incoming(table: str, columns: Sequence[str], rows: Rows) -> Iterator[str]:
    """A temporary table of these rows, with the types of that table's columns."""
    names, incoming = ", ".join(columns), _quoted("incoming_rows")
    _execute(f"CREATE TEMPORARY TABLE {incoming} ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0")
    _copy(incoming, columns, rows, ())
    yield incoming
    _execute(f"DROP TABLE {incoming}")


@contextmanager
def _deferred() -> Iterator[None]:
    """A transaction on SQLite that takes no lock by itself, as those of Django do here."""
    here: Any = connection
    try:
        _execute("BEGIN DEFERRED")
        yield
        _execute("COMMIT")
    except BaseException:
        # Of one that did not begin it does nothing.
        here.connection.rollback()
        raise


def _execute(statement: str, values: tuple[Any, ...] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _copy(table: str, columns: Sequence[str], rows: Rows, common: tuple[Any, ...]) -> None:
    # For an instant the driver would take longer, in each row anew, than for a few columns of the row.
    common = tuple(str(value) if isinstance(value, datetime) else value for value in common)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as stream,
    ):
        for row in rows:
            stream.write_row(row + common)


def _table(model: type[models.Model]) -> str:
    return _quoted(model._meta.db_table)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _alike(model: type[models.Model], constants: Mapping[str, Any]) -> tuple[list[str], tuple[Any, ...]]:
    """What an update sets alike in all rows, and the values that go beside it."""
    values = {name: value for name, value in constants.items() if value is not ONE_MORE}
    counted = _columns(model, [name for name in constants if name not in values])
    fixed = [f"{column} = %s" for column in _columns(model, list(values))]
    fixed += [f"{column} = {_table(model)}.{column} + 1" for column in counted]
    return fixed, _prepared(model, values)


def _columns(model: type[models.Model], fields: Sequence[str]) -> list[str]:
    return [_quoted(str(_field(model, name).column)) for name in fields]


def _prepared(model: type[models.Model], constants: Mapping[str, Any]) -> tuple[Any, ...]:
    """The common values as the driver wants them: on SQLite an instant is text."""
    return tuple(_field(model, name).get_db_prep_save(value, connection) for name, value in constants.items())


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    return next(field for field in model._meta.concrete_fields if field.attname == name)
