"""A database that was not migrated since the program was updated: one sentence, wherever it is met."""

import logging
from collections.abc import Iterator

import pytest
from django.core.management import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from scheduling.engine.dispatcher import Dispatcher
from scheduling.monitoring.database_state import require_tables
from scheduling.monitoring.readiness import readiness
from scheduling.monitoring.refusals import database_problem
from tests.commands import printed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

SENTENCE = (
    "The database does not work: its tables are missing, or of an older or a newer version of this program; "
    "run `manage.py migrate`."
)


@pytest.fixture
def older() -> Iterator[None]:
    """The tables of before the migration that brought schedules' own settings."""
    recorder = MigrationRecorder(connection)
    take_away()
    yield
    bring_back()
    assert ("scheduling", "0012_overrides") in recorder.applied_migrations()


def take_away() -> None:
    MigrationRecorder(connection).record_unapplied("scheduling", "0012_overrides")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE scheduling_job RENAME COLUMN overrides TO not_yet")


def bring_back() -> None:
    applied = MigrationRecorder(connection).applied_migrations()
    if ("scheduling", "0012_overrides") not in applied:
        MigrationRecorder(connection).record_applied("scheduling", "0012_overrides")
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE scheduling_job RENAME COLUMN not_yet TO overrides")


@pytest.mark.usefixtures("older")
def test_health_says_so_and_knows_nothing_else() -> None:
    found = {finding.check: finding.problem for finding in readiness().findings}

    assert found["database"] == SENTENCE
    assert found["schedules"] == "unknown while the database does not work"
    assert SENTENCE in printed("health")
    with pytest.raises(CommandError) as caught:
        printed("health", "--check")
    assert caught.value.returncode == 3


@pytest.mark.usefixtures("older")
@pytest.mark.parametrize("address", ["/metrics", "/operations/", "/api/v1/schedules", "/readyz"])
def test_pages_and_api_say_so(admin_client: Client, address: str) -> None:
    admin_client.raise_request_exception = False

    response = admin_client.get(address)

    assert response.status_code == 503
    assert SENTENCE in response.content.decode()


@pytest.mark.usefixtures("older")
def test_nobody_says_that_no_alert_is_open() -> None:
    with pytest.raises(DatabaseError, match=r"migration is missing: scheduling\.0012_overrides"):
        printed("alert", "list")


def test_tables_of_a_newer_version_serve_while_they_have_what_is_asked_for() -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_applied("scheduling", "9999_of_a_newer_version")
    try:
        require_tables()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE scheduling_job RENAME COLUMN overrides TO not_yet")
        with pytest.raises(DatabaseError) as caught:
            require_tables()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE scheduling_job RENAME COLUMN not_yet TO overrides")
        recorder.record_unapplied("scheduling", "9999_of_a_newer_version")

    assert database_problem(caught.value) == SENTENCE


@pytest.mark.usefixtures("older")
@pytest.mark.parametrize("command", ["monitor", "verify"])
def test_a_command_names_the_column_and_shows_no_statement(command: str) -> None:
    with pytest.raises(CommandError) as caught:
        printed(command)

    said = str(caught.value)
    assert said.startswith(SENTENCE.replace("work: ", "work (").rstrip("."))
    assert "SELECT" not in said
    assert "^" not in said


@pytest.mark.usefixtures("older")
def test_a_dispatcher_says_it_once_and_goes_on_once_it_is_migrated(caplog: pytest.LogCaptureFixture) -> None:
    dispatcher = Dispatcher()
    with caplog.at_level(logging.INFO, logger="scheduling.engine.outage"):
        for _ in range(3):
            dispatcher.tick()
        bring_back()
        dispatcher.tick()

    said = [record.getMessage() for record in caplog.records if record.name == "scheduling.engine.outage"]
    assert len(said) == 2
    assert said[0].startswith(SENTENCE.replace("work: ", "work (").rstrip("."))
    assert said[1] == "The database answers again."
