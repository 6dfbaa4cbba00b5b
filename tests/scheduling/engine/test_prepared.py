"""Statements that PostgreSQL plans once, and a pooler between that makes nothing of it."""

import contextlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection

from scheduling.clock import database_now
from scheduling.engine import prepared, statements
from scheduling.engine.execution import execute_run
from scheduling.monitoring.refusals import is_passing
from tests.scheduling.factories import NOON, RunFactory

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


def test_what_was_told_once_is_not_told_again() -> None:
    if connection.vendor == "sqlite":
        return  # plans each statement in no time
    executed()
    run = RunFactory(occurrence=database_now())
    asked: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        asked.append(sql.split()[0])
        return execute(sql, *arguments)

    with connection.execute_wrapper(note):
        execute_run(run.pk)

    assert asked == ["UPDATE", "UPDATE"]


def test_a_server_that_went_away_is_an_error_of_the_connection_and_passes() -> None:
    if connection.vendor == "sqlite":
        return  # has no server
    assert executed() == "succeeded"
    ask("SELECT 1")
    with contextlib.suppress(OperationalError):
        ask("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError) as caught:
        prepared.answer("SELECT %(one)s::int", {"one": 1})

    assert is_passing(caught.value)
    connection.close()
    assert prepared.answer("SELECT %(one)s::int", {"one": 1}) == [(1,)]


@pytest.mark.parametrize("server_ends_it", [False, True])
def test_whether_a_session_works_is_asked_only_where_its_server_said_something_since(
    server_ends_it: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor == "sqlite":
        return  # has no server
    assert executed() == "succeeded"
    run = RunFactory(occurrence=database_now())
    if server_ends_it:
        with contextlib.closing(connection.copy()) as other, other.cursor() as cursor:
            ended = connection.connection.info.backend_pid
            cursor.execute("SELECT pg_terminate_backend(%s, 60000)", [ended])
    monkeypatch.setattr(statements, "_worked", (connection.connection, time.monotonic() - 30))
    asked = Mock(wraps=connection.is_usable)
    monkeypatch.setattr(connection, "is_usable", asked)

    connection.close_if_unusable_or_obsolete()  # as a worker does before each task

    assert execute_run(run.pk) == "succeeded"
    assert asked.called == server_ends_it


@pytest.mark.parametrize("value", [1, "text", None, NOON, timedelta(seconds=1.5)])
def test_values_come_back_as_they_went(value: object) -> None:
    if connection.vendor == "sqlite":
        return  # plans each statement in no time
    kind = {int: "int", datetime: "timestamptz", timedelta: "interval"}.get(type(value), "text")

    assert prepared.answer(f"SELECT %(value)s::{kind}", {"value": value}) == [(value,)]
