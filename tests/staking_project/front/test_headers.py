"""What every answer tells a browser to refuse, whoever asks and whatever comes of it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from staking_project.front.headers import CONTENT_SECURITY, DEBUG_CONTENT_SECURITY, SecurityHeaders
from tests.staking_project.addresses import addresses

pytestmark = pytest.mark.django_db

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Draws itself with inline styles; nothing inline runs there either.
LOOSER = {"/api/docs", "/api/openapi.json"}


@pytest.mark.parametrize("who", ["a stranger", "staff"])
def test_every_answer_carries_them(client: Client, who: str) -> None:
    if who == "staff":
        client.force_login(User.objects.create_superuser("ada"))
    client.raise_request_exception = False
    asked = [*addresses(), "/there/is/nothing", "/static/scheduling/base.css", "/static/nothing.css"]
    assert len(asked) > 60

    wrong = []
    for address in asked:
        for response in (client.get(address), client.post(address)):
            headers = response.headers
            missing = {name for name, value in EVERYWHERE.items() if headers.get(name) != value}
            policy = headers.get("Content-Security-Policy", "")
            if policy != CONTENT_SECURITY and address not in LOOSER:
                missing.add("Content-Security-Policy")
            if "script-src" in policy or "default-src 'self'" not in policy:
                missing.add("a strict policy")
            if "camera=()" not in headers.get("Permissions-Policy", ""):
                missing.add("Permissions-Policy")
            if missing:
                wrong.append((address, response.status_code, missing))

    assert wrong == []


@pytest.mark.parametrize(
    ("debug", "status", "policy"),
    [
        (False, 500, CONTENT_SECURITY),
        (True, 200, CONTENT_SECURITY),
        (True, 404, DEBUG_CONTENT_SECURITY),
    ],
)
def test_only_pages_about_errors_while_debugging_are_drawn_inline(
    settings: Settings, debug: bool, status: int, policy: str
) -> None:
    settings.DEBUG = debug

    response = SecurityHeaders(lambda request: HttpResponse(status=status))(HttpRequest())

    assert response.headers["Content-Security-Policy"] == policy


@pytest.mark.parametrize(
    "address", ["/admin/login/", "/nowhere", "/api/v1/nowhere", "/static/nothing.css", "/"]
)
def test_no_server_has_to_drop_the_body_of_an_answer_to_head(rf: RequestFactory, address: str) -> None:
    """gunicorn warns of each; the client of Django's tests drops it as well."""
    answers: Any = WSGIHandler()
    got, asked = (answers.get_response(ask(address)) for ask in (rf.get, rf.head))

    assert (asked.status_code, asked.content) == (got.status_code, b"")
    assert got.content
    assert asked["Content-Length"] == str(len(got.content))
