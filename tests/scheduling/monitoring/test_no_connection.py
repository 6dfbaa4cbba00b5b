"""A PostgreSQL that lets nobody in: why is said, without the names in its own words."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection

from scheduling.monitoring.refusals import database_failure, database_problem, is_passing

NOT_IN = "The database does not let us in"


@pytest.fixture
def full() -> Iterator[str]:
    """A role that has no connection left."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE nobody_more LOGIN CONNECTION LIMIT 0")
    yield "nobody_more"
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE nobody_more")


def refused(**settings: str) -> OperationalError:
    """What Django raises for who connects with these settings."""
    another = connection.copy()
    another.settings_dict = {**another.settings_dict, **settings}
    with pytest.raises(OperationalError) as caught:
        another.ensure_connection()
    return caught.value


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="has no server")
@pytest.mark.django_db(transaction=True)
@pytest.mark.database
def test_who_is_not_let_in_by_the_server_is_told_why(full: str) -> None:
    no_connection, no_database = refused(USER=full), refused(NAME="of_nobody")

    assert database_problem(no_connection) == f"{NOT_IN}: it has no connection left."
    assert database_problem(no_database) == f"{NOT_IN}: it does not know our role, or has no such database."
    assert is_passing(no_connection)
    assert database_failure(no_connection).startswith(f"{NOT_IN} (it has no connection left: connection ")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("FATAL:  sorry, too many clients already", "it has no connection left"),
        ("FATAL:  no more connections allowed (max_client_conn)", "it has no connection left"),
        ("FATAL:  could not write init file: No space left on device", "its disk is full"),
        ("FATAL:  the database system is starting up", "it is starting or stopping"),
        ('FATAL:  password authentication failed for user "ada"', "it does not take our password"),
    ],
)
def test_other_reasons_for_it(words: str, reason: str) -> None:
    said = OperationalError(f'connection to server at "10.0.0.9", port 5432 failed: {words}')

    assert database_problem(said) == f"{NOT_IN}: {reason}."


def test_a_certificate_that_is_not_there_is_no_role_or_database() -> None:
    """It was not asked: libpq finds that out by itself."""
    said = OperationalError('connection failed: root certificate file "/ca.pem" does not exist')

    assert database_problem(said) == "The database does not answer (OperationalError)."
