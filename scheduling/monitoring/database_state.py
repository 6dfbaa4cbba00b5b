"""How much stands in the database, whether it takes more, and whether its tables are ours."""

import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from django.apps import apps
from django.db import Error as DatabaseError
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from scheduling.ledger.counting import Counts, counts_of
from scheduling.models import AlertRound
from scheduling.monitoring.refusals import MIGRATION_IS_MISSING, is_locked, may_not_spill

# Milliseconds that the trial of a write waits for SQLite's lock: who holds it can write.
LOCK_PATIENCE_MS = 300
# Bytes of a row that needs pages of its own: a database that may not grow still changes what it has.
LARGE_ROW = 16_384
MEBIBYTE = 2**20
# What PostgreSQL puts on its disk, some hundred kilobytes, and forgets with the statement; no table knows.
SPILLS = "SET LOCAL work_mem = '64kB'; SELECT count(*) FROM generate_series(1, 4000)"
_TABLE = AlertRound._meta.db_table
_WRITES_NOTHING = f"UPDATE {_TABLE} SET looked_at = looked_at WHERE false"  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """The database's kind, its size in bytes, and the rows of each table of this project and of django-q2.

    `estimated` names the tables whose rows are not counted to the last.
    """

    vendor: str
    size: int
    rows: dict[str, int]
    estimated: tuple[str, ...] = ()

    @property
    def mebibytes(self) -> float:
        return self.size / MEBIBYTE


def database_state() -> DatabaseState:
    found = _rows()
    return DatabaseState(
        vendor=connection.vendor, size=database_size(), rows=found.numbers, estimated=found.estimated
    )


def database_size() -> int:
    """In bytes."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return int(cursor.fetchone()[0])


def _rows() -> Counts:
    """What Django keeps for itself (users, sessions) is nobody's question here."""
    models = [
        model
        for application in apps.get_app_configs()
        if not application.name.startswith("django.")
        for model in application.get_models()
        if not model._meta.proxy
    ]
    return counts_of({model._meta.db_table: model._base_manager.all() for model in models})


def require_tables() -> None:
    """Raise where not all of this version's migrations are applied.

    A newer version's tables serve this one too, unless it took a column away: each is asked for all of ours.
    """
    applied = set(MigrationRecorder(connection).migration_qs.values_list("app", "name"))
    if missing := _migrations() - applied:
        raise OperationalError(f"{MIGRATION_IS_MISSING}: {'.'.join(min(missing))}")
    if applied - _migrations():
        for model in apps.get_models():
            list(model._base_manager.extra(where=["1 = 0"]))


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """Of every application, by their files: to load them takes a tenth of a second."""
    found = []
    for application in apps.get_app_configs():
        name, _ = MigrationLoader.migrations_module(application.label)
        package = name and find_spec(name)
        folders = package.submodule_search_locations if package else None
        found += [
            (application.label, module.name)
            for module in iter_modules(folders or ())
            if module.name[0] not in "_~"
        ]
    return frozenset(found)


def require_writes() -> None:
    """Write what leaves nothing behind; raises what a write raises now. A lock of somebody else's is none."""
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                with connection.wrap_database_errors:
                    _write_to_sqlite(connection.connection)
            else:
                cursor.execute(_WRITES_NOTHING)
    except DatabaseError as exc:
        if not is_locked(exc):
            raise


def another_writes() -> bool:
    """Whether somebody else has held, for as long as a trial waits, the lock without which nobody writes.

    On SQLite; of PostgreSQL's rows `row_locks` tells.
    """
    if connection.vendor != "sqlite":
        return False
    connection.ensure_connection()
    try:
        with connection.wrap_database_errors:
            _write_to_sqlite(connection.connection)
    except DatabaseError as exc:
        return is_locked(exc)
    return False


def require_room() -> None:
    """Raise what a write raises now, and what one of some size raises where the database's disk is full.

    The trial of a write meets that late, or never: as long as there is room within pages or the write-ahead
    log, small ones go well while a fetch is refused.
    """
    if connection.vendor == "sqlite":
        require_writes()
        _require_room_for_sqlite()
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"{_WRITES_NOTHING}; {SPILLS}")  # one transaction, one way there
    except DatabaseError as exc:
        if not (is_locked(exc) or may_not_spill(exc)):
            raise


def _require_room_for_sqlite() -> None:
    connection.ensure_connection()
    with connection.wrap_database_errors:
        main: Any = connection.connection.execute("SELECT file FROM pragma_database_list WHERE name = 'main'")
        (file,) = main.fetchone()
    if not file:  # it lives in memory
        return
    try:
        disk = os.statvfs(file)
    except OSError as exc:  # it is gone, and what is open still writes, to nothing that anybody finds
        raise OperationalError("unable to open database file") from exc
    free = disk.f_frsize * (disk.f_bavail if os.geteuid() else disk.f_bfree)
    if disk.f_blocks and free < LARGE_ROW:  # some file systems know nothing of themselves
        raise OperationalError("database or disk is full")


def _write_to_sqlite(database: Any) -> None:
    """A row that finds room, and goes again; then a number of the file's own, which stays what it is.

    What is rolled back never comes to the disk, so the second is what a full or a read-only one refuses.
    """
    (usual,) = database.execute("PRAGMA busy_timeout").fetchone()
    (number,) = database.execute("PRAGMA user_version").fetchone()
    database.execute(f"PRAGMA busy_timeout = {LOCK_PATIENCE_MS}")
    try:
        database.execute("SAVEPOINT trial")
        try:
            database.execute("SAVEPOINT room")
            database.execute(f"INSERT INTO {_TABLE} (looked_at) VALUES (zeroblob({LARGE_ROW}))")  # noqa: S608
            database.execute("ROLLBACK TO room")
            database.execute(f"PRAGMA user_version = {number}")
            database.execute("RELEASE trial")
        except Exception:
            if database.in_transaction:  # a full disk may have ended it
                database.execute("ROLLBACK TO trial")
                database.execute("RELEASE trial")
            raise
    finally:
        database.execute(f"PRAGMA busy_timeout = {usual}")
