"""Who holds a row of ours: sessions of this database, also where another one is its copy (PostgreSQL)."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from scheduling.monitoring import row_locks
from scheduling.monitoring.row_locks import lock_holders

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def _connect(database: str) -> psycopg.Connection:
    parameters = connection.get_connection_params()
    given = {name: parameters[name] for name in ("host", "port", "user", "password") if name in parameters}
    return psycopg.connect(make_conninfo("", dbname=database, **given), autocommit=True)


@pytest.fixture
def copy_of_the_database() -> Iterator[str]:
    """Its name. In it tables have the numbers that they have here."""
    name = f"{connection.settings_dict['NAME']}_copy"
    connection.close()
    with _connect("postgres") as server:
        made = SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(made.format(Identifier(name), Identifier(connection.settings_dict["NAME"])))
        yield name
        server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.mark.skipif(connection.vendor == "sqlite", reason="has no locks of rows")
def test_who_holds_rows_of_a_copy_holds_none_of_ours(
    copy_of_the_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_locks, "FORGOTTEN", timedelta(0))
    with _connect(copy_of_the_database) as other, other.transaction():
        other.execute("LOCK TABLE scheduling_job")
        with _connect(connection.settings_dict["NAME"]) as ours, ours.transaction():
            ours.execute("LOCK TABLE scheduling_job IN ROW EXCLUSIVE MODE")

            assert [holder.pid for holder in lock_holders()] == [ours.info.backend_pid]
