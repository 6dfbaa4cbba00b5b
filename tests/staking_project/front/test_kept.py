"""A crowd that asks the same costs one of it, and nobody is given what was meant for another."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from staking_project.front import kept
from tests.validators.rows import fetch, validator

pytestmark = pytest.mark.django_db

# The one that asks which picture it is.
ONE = 1


@pytest.fixture(autouse=True)
def keeping(settings: Settings) -> None:
    settings.ANSWERS_KEPT_SECONDS = 5.0
    fetch()
    validator(1, name="Blue Lagoon")


def queries(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert ask().status_code in (200, 304)
    return len(seen)


@pytest.mark.parametrize("address", ["/", "/cluster/", "/api/v1/validators", "/api/v1/validators?format=csv"])
def test_the_same_is_told_again_until_the_picture_is_another(client: Client, address: str) -> None:
    first = client.get(address)

    assert queries(lambda: client.get(address)) == ONE
    again = client.get(address)
    assert (again.content, dict(again.headers)) == (first.content, dict(first.headers))
    assert queries(lambda: client.get(f"{address}{'&' if '?' in address else '?'}sort=name")) > ONE
    fetch(epoch=991)
    assert queries(lambda: client.get(address)) > ONE


def test_a_kept_answer_is_a_304_for_who_has_it(client: Client) -> None:
    etag = client.get("/api/v1/validators").headers["ETag"]

    assert client.get("/api/v1/validators", headers={"If-None-Match": etag}).status_code == 304
    assert client.get("/api/v1/validators").status_code == 200


def test_it_is_kept_for_a_moment_only(client: Client, settings: Settings) -> None:
    client.get("/")
    settings.ANSWERS_KEPT_SECONDS = 1e-9

    assert queries(lambda: client.get("/")) > ONE


def test_staff_are_shown_their_own_and_strangers_are_not_shown_it(client: Client) -> None:
    staff = Client()
    # The same handler, as within one process.
    staff.handler = client.handler
    staff.force_login(User.objects.create_superuser("ada"))

    assert b"Operations" in staff.get("/").content
    assert b"Operations" not in client.get("/").content
    assert b"Operations" in staff.get("/").content
    for headers in ({"Authorization": "Bearer x"}, {"Host": "testserver"}):
        assert b"Operations" not in client.get("/", headers=headers).content
    assert client.get("/", headers={"Host": "evil.example.org"}).status_code == 400


def test_what_is_kept_is_bounded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 20_000)
    for number in range(20):
        client.get(f"/scores/?{number}")

    assert queries(lambda: client.get("/scores/?19")) == ONE
    assert queries(lambda: client.get("/scores/?0")) > ONE


def test_what_nobody_else_would_ask_for_is_not_kept_nor_what_is_stale(settings: Settings) -> None:
    clock = [0.0]
    answers = kept.KeptAnswers(lambda _: HttpResponse("an answer"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("staking_project.front.kept.time.monotonic", lambda: clock[0])
        for number in range(100):
            answers(RequestFactory().get(f"/scores/?{number}", HTTP_HOST="testserver"))
        answers(RequestFactory().get(f"/scores/?{'x' * kept.LONGEST_KEY}", HTTP_HOST="testserver"))
        assert len(answers._kept) == 100
        assert answers._bytes > 100 * kept.OVERHEAD
        clock[0] = settings.ANSWERS_KEPT_SECONDS
        answers(RequestFactory().get("/scores/", HTTP_HOST="testserver"))

    assert len(answers._kept) == 1
    assert answers._bytes < 2 * kept.OVERHEAD
