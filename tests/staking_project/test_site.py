"""What the pages of all apps have in common: the way from one to the other, the icon, HEAD."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import bad_request, server_error
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from tests.validators.rows import fetch, scoring_run, validator

pytestmark = pytest.mark.django_db

LINKS = {
    *("/", "/selection/", "/events/", "/cluster/", "/rules/", "/compare/", "/scores/compare/"),
    *("/api/docs", "/admin/"),
}


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("ada", is_staff=True))
    return client


def site_links(client: Client, address: str) -> set[str]:
    [nav] = re.findall(r'<nav aria-label="Site">(.*?)</nav>', client.get(address).content.decode(), re.S)
    return set(re.findall(r'href="([^"]+)"', nav))


@pytest.mark.parametrize("address", ["/", "/cluster/", "/operations/"])
def test_every_page_leads_to_every_other(staff: Client, address: str) -> None:
    assert site_links(staff, address) == LINKS | {"/operations/"}


def test_a_stranger_is_not_led_to_the_operations(client: Client) -> None:
    assert site_links(client, "/") == LINKS


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/validators/abc/", "No fetch ever saw abc."),
        ("/operations/schedules/nope/", "There is no schedule named &#x27;nope&#x27;."),
        ("/nowhere/%3Cb%3E", "There is no page <code>/nowhere/&lt;b&gt;</code>."),
    ],
)
def test_what_is_not_found_is_named_and_leads_on(staff: Client, address: str, said: str) -> None:
    response = staff.get(address)

    assert (response.status_code, said in response.content.decode()) == (404, True)
    assert site_links(staff, address) == LINKS | {"/operations/"}


def test_what_is_refused_is_a_page_too(staff: Client) -> None:
    refused = staff.post(reverse("scheduling:pause_every"))
    guarded = Client(enforce_csrf_checks=True).post(reverse("scheduling:pause_every"))

    assert (refused.status_code, guarded.status_code) == (403, 403)
    assert b"<strong>ada</strong> may not do this." in refused.content
    assert b"The form was not sent by a page of this site" in guarded.content


@pytest.mark.parametrize(
    ("view", "status", "said"),
    [(server_error, 500, b"went wrong here"), (bad_request, 400, b"Not understood")],
)
def test_an_error_is_told_without_the_database(
    rf: RequestFactory,
    django_assert_num_queries: DjangoAssertNumQueries,
    view: Callable[..., HttpResponse],
    status: int,
    said: bytes,
) -> None:
    with django_assert_num_queries(0):
        response = view(rf.get("/"), Exception()) if status == 400 else view(rf.get("/"))

    assert response.status_code == status
    assert said in response.content
    assert b'aria-label="Site"' in response.content


@pytest.mark.parametrize(
    ("status", "said"),
    [(400, "Those are too many"), (413, "That is too large"), (429, "Too many requests")],
)
def test_what_is_refused_before_any_view_is_a_page_to_a_browser_and_a_line_to_others(
    settings: Settings, django_assert_num_queries: DjangoAssertNumQueries, status: int, said: str
) -> None:
    settings.RATE_LIMIT = 1 if status == 429 else 0

    def asked(accept: str) -> Any:
        client = Client(headers={"Accept": accept})
        if status == 413:
            return client.post("/", "x" * 3_000_000, content_type="text/plain")
        return client.get("/?" + ("&" * 2_000 if status == 400 else "x"))

    while status == 429 and asked("*/*").status_code == 200:
        pass
    with django_assert_num_queries(0):
        page, line = asked("text/html,*/*;q=0.8"), asked("*/*")

    assert (page.status_code, line.status_code) == (status, status)
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert said in page.content.decode()
    assert b'aria-label="Site"' in page.content
    assert (line["Content-Type"], line.content.decode().startswith(said)) == (
        "text/plain; charset=utf-8",
        True,
    )
    assert line.content.count(b"\n") == 1


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [(OperationalError("gone"), 503, "The database does not answer"), (ValueError(), 500, "went wrong here")],
)
def test_a_page_that_breaks_says_whether_to_come_back(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
    status: int,
    said: str,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("validators.pages.views.cluster_picture", broken)
    client.raise_request_exception = False

    answer = client.get("/cluster/", headers={"Accept": "text/html"})

    assert (answer.status_code, said in answer.content.decode()) == (status, True)
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [fault]
    assert answer.get("Retry-After") == ("5" if status == 503 else None)
    assert b'aria-label="Site"' in answer.content


def test_what_is_not_found_in_the_admin_is_a_page_of_ours_too() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))

    missing = client.get("/admin/validators/nothing/")

    assert (missing.status_code, b"There is no page" in missing.content) == (404, True)


def test_there_is_an_icon_where_browsers_look_for_one(client: Client) -> None:
    response = client.get("/favicon.ico", follow=True)

    assert response.status_code == 200
    assert response["Content-Type"] == "image/svg+xml"


@pytest.mark.parametrize(
    "address",
    ["/api/v1/validators", "/api/v1/cluster", "/api/v1/schedules", "/api/openapi.json", "/api/docs"],
)
def test_the_api_answers_head_as_get_without_the_body(client: Client, address: str) -> None:
    fetch()
    scoring_run([(validator(1), 98.5)])
    got = client.get(address)
    assert got.status_code == 200

    asked = client.head(address)

    assert (asked.status_code, asked.content) == (200, b"")
    assert asked["Content-Type"] == got["Content-Type"]
    assert asked.get("ETag") == got.get("ETag")
    assert int(asked["Content-Length"]) == len(got.content)
    if "ETag" in got:
        assert client.head(address, headers={"If-None-Match": got["ETag"]}).status_code == 304


def test_head_is_refused_where_get_is(client: Client) -> None:
    assert client.head("/api/v1/nothing").status_code == 404
    assert client.head(reverse("api:trigger_schedule", args=["fetch-repeatable"])).status_code == 405


def test_the_documentation_of_the_api_is_our_own_page(client: Client) -> None:
    """In a language, as wide as a phone, dark where the reader is, and from no other host."""
    content = client.get("/api/docs").content.decode()

    for said in ('<html lang="en">', 'name="viewport"', "light dark", "/static/staking_project/docs.css"):
        assert said in content
    assert "https://" not in content
