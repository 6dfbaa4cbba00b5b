"""Of each world an empty database: a file in memory, or a PostgreSQL that all have one after another."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connections
from django_q.models import Schedule, Task

from scheduling.models import Job, JobChange, Run, RunTally
from tests.faults.servers import Postgres
from tests.simulation import postgres
from tests.simulation.connections import Connections
from tests.simulation.world import Choices, World


@contextmanager
def database_of(world: World) -> Iterator[Any]:
    """An empty one for that world, and a connection to it from without."""
    if _server:
        with postgres.emptied(world, _server[0]) as ledger:
            yield ledger
        return
    with tempfile.TemporaryDirectory(dir=_in_memory(), prefix="simulation-") as folder:
        file = Path(folder) / "db.sqlite3"
        shutil.copy(_template(), file)
        world.connect = Connections(world, file)
        with closing(sqlite3.connect(file)) as ledger:
            yield ledger


@contextmanager
def on_postgres() -> Iterator[None]:
    """While the block runs, simulations are on a PostgreSQL of their own."""
    with postgres.server() as server:
        _server.append(server)
        with postgres.connected(server):
            _create_tables()
        yield
        _server.clear()


def is_on_postgres() -> bool:
    return bool(_server)


_server: list[Postgres] = []


def _in_memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


_folder = tempfile.TemporaryDirectory(dir=_in_memory(), prefix="simulation-template-")


@cache
def _template() -> Path:
    """An empty database with the tables of jobs and runs alone; gone when the interpreter ends."""
    file = Path(_folder.name) / "template.sqlite3"
    made = Connections(World(0, Choices()), file)()
    before, connections["default"] = connections["default"], made
    try:
        with made.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
        _create_tables()
        made.close()
    finally:
        connections["default"] = before
    return file


def _create_tables() -> None:
    made = connections["default"]
    with made.schema_editor() as editor:
        for model in (Schedule, Task, Job, Run, RunTally, JobChange):
            editor.create_model(model)
    with made.cursor() as cursor:
        cursor.execute("CREATE TABLE simulation_effect (run_id integer)")
        cursor.execute("CREATE TABLE simulation_part (owner varchar(32), number integer)")
