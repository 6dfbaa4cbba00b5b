"""A row that somebody forgot to let go takes no thread of the web server for ever (PostgreSQL)."""

import runpy
import time
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import Client

from scheduling.clock import database_now
from scheduling.models.tokens import ApiToken, issue_token
from staking_project.front import waiting
from tests.faults.test_held_rows import HELD, held

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(waiting, "LOCK_PATIENCE_MS", 200)
    connection.close()
    runpy.run_module("staking_project.wsgi")  # what gunicorn imports
    yield
    connection_created.disconnect(waiting._bound)
    connection.close()


def with_held(monkeypatch: pytest.MonkeyPatch, hold: Callable[[], object], ask: Callable[[], int]) -> int:
    monkeypatch.setitem(HELD, "a row", hold)
    with held("a row"):
        began = time.monotonic()
        status = ask()
        assert time.monotonic() - began < 10
    return status


def test_an_answer_does_not_wait_for_long(monkeypatch: pytest.MonkeyPatch, admin_user: User) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    client = Client(raise_request_exception=False)
    login = {"username": "admin", "password": "password"}

    def log_in() -> int:
        return client.post("/admin/login/", login).status_code

    assert with_held(monkeypatch, lambda: User.objects.update(first_name="x"), log_in) == 503
    assert log_in() == 302


def test_a_token_whose_use_cannot_be_noted_works(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    text = issue_token(ApiToken(name="robot", may_read=True), by="ada", now=database_now()).text

    def ask() -> int:
        return Client().get("/api/v1/runs?text=x", headers={"Authorization": f"Bearer {text}"}).status_code

    assert with_held(monkeypatch, lambda: ApiToken.objects.update(schedules="x"), ask) == 200
    assert ApiToken.objects.get().last_used_at is None
    assert ask() == 200
    assert ApiToken.objects.get().last_used_at is not None
