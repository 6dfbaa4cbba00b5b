"""Statements that PostgreSQL plans once, and a pooler between that makes nothing of it."""

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from scheduling.clock import database_now
from scheduling.engine import prepared
from scheduling.engine.execution import execute_run
from tests.scheduling.factories import RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "_gave_up", False)
    monkeypatch.setattr(prepared, "_told", (None, set()))


def ask(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def executed() -> str:
    return execute_run(RunFactory(occurrence=database_now()).pk)


@pytest.mark.parametrize("meanwhile", ["SELECT 1", "DEALLOCATE ALL"])
def test_runs_go_on_also_where_a_session_does_not_know_what_it_was_told(meanwhile: str) -> None:
    if connection.vendor == "sqlite":
        return  # plans each statement in no time
    ask("DEALLOCATE ALL")
    assert executed() == "succeeded"
    ask(meanwhile)
    assert executed() == "succeeded"
    assert prepared.can_be() == (meanwhile == "SELECT 1")


def test_a_statement_that_a_session_knows_from_somebody_else_is_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if connection.vendor == "sqlite":
        return  # plans each statement in no time
    assert executed() == "succeeded"
    monkeypatch.setattr(prepared, "_told", (None, set()))
    assert executed() == "succeeded"
    assert prepared.can_be()


def test_what_was_told_once_is_not_told_again(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    if connection.vendor == "sqlite":
        return  # plans each statement in no time
    executed()
    run = RunFactory(occurrence=database_now())
    with django_assert_num_queries(2):
        execute_run(run.pk)
