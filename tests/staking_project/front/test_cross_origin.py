"""A page of any site may read the API, by nobody's session, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from scheduling.models import RunState
from staking_project.checks import check_origins
from staking_project.openapi.answers import HEADERS
from tests.scheduling.factories import NOON, JobFactory, RunFactory, ScheduleFactory
from tests.staking_project.addresses import addresses
from tests.validators.rows import fetch, validator

pytestmark = pytest.mark.django_db

WALLET = "https://wallet.example.org"
ALLOW = "Access-Control-Allow-Origin"


@pytest.fixture(autouse=True)
def something_to_read() -> None:
    fetch()
    validator(1)
    RunFactory(job=JobFactory(schedule=ScheduleFactory(name="fetch")), occurrence=NOON, state=RunState.FAILED)


def asked(client: Client, address: str, method: str = "GET", **headers: str) -> Any:
    return client.generic(method, address, headers={"Origin": WALLET} | headers)


def asked_first(client: Client, address: str, *, method: str = "GET", **more: Any) -> Any:
    headers = {"Origin": WALLET, "Access-Control-Request-Method": method}
    return client.options(
        address, headers=headers | {"Access-Control-Request-Headers": "if-none-match"}, **more
    )


@pytest.mark.parametrize(
    "address",
    ["/api/v1/validators", "/api/v1/runs", "/api/openapi.json", "/api/openapi-3.0.json", "/api/v1/nothing"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_page_of_any_site_may_read(client: Client, address: str, method: str) -> None:
    headers = asked(client, address, method).headers

    assert headers[ALLOW] == "*"
    assert "Access-Control-Allow-Credentials" not in headers
    exposed = set(headers["Access-Control-Expose-Headers"].split(", "))
    # Browsers show one of the others in any case, and a page has no token.
    assert {*HEADERS} - {"Cache-Control", "WWW-Authenticate"} <= exposed
    assert "origin" in headers["Vary"].lower()
    assert ALLOW not in client.generic(method, address).headers


def test_it_reads_why_it_is_refused_too(client: Client, settings: Settings) -> None:
    settings.RATE_LIMIT = 1
    answers = [asked(client, "/api/v1/cluster") for _ in range(3)]

    refused = answers[-1]
    assert (refused.status_code, refused.headers[ALLOW]) == (429, "*")
    assert int(refused.headers["Retry-After"]) > 0


def test_what_a_browser_asks_first_costs_no_view_and_counts(
    client: Client, settings: Settings, django_assert_num_queries: Any
) -> None:
    settings.RATE_LIMIT = 3
    who = {"REMOTE_ADDR": "198.51.100.77"}
    with django_assert_num_queries(0):
        first = asked_first(client, "/api/v1/validators", **who)

    assert (first.status_code, first.content) == (204, b"")
    assert first.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "if-none-match" in first.headers["Access-Control-Allow-Headers"]
    assert int(first.headers["Access-Control-Max-Age"]) >= 3_600
    assert 429 in [asked_first(client, "/api/v1/validators", **who).status_code for _ in range(5)]


@pytest.mark.parametrize(
    "place", [*(f"schedules/fetch/{act}" for act in ("trigger", "pause", "resume")), "selection"]
)
def test_no_page_of_another_site_may_post(client: Client, place: str) -> None:
    address = f"/api/v1/{place}"

    allowed = asked_first(client, address, method="POST").headers
    sent = asked(client, address, "POST").headers

    assert "POST" not in allowed["Access-Control-Allow-Methods"]
    assert "authorization" not in allowed["Access-Control-Allow-Headers"]
    assert ALLOW not in sent


def test_no_answer_of_a_session_is_for_another_site(client: Client) -> None:
    """Nor one that any cookie came with, even from a browser that sends one against the rules."""
    client.force_login(User.objects.create_superuser("ada"))

    for address in ("/api/v1/runs", "/api/v1/validators", "/api/openapi.json"):
        answer = asked(client, address)
        assert (answer.status_code, ALLOW in answer.headers) == (200, False)
    assert ALLOW not in asked_first(client, "/api/v1/runs").headers


def test_nothing_but_the_api_is_for_another_site(client: Client) -> None:
    readable = ("/api/v1/", "/api/openapi.json", "/api/openapi-3.0.json")
    others = [one for one in addresses() if not one.startswith(readable)]
    assert {"/admin/", "/operations/", "/", "/api/docs"} <= set(others)

    for address in others:
        for answer in (asked(client, address), asked_first(client, address)):
            told = [name for name in answer.headers if name.lower().startswith("access-control")]
            assert told == [], address


def test_the_sites_may_be_named(client: Client, settings: Settings) -> None:
    settings.CORS_ALLOW_ALL_ORIGINS = False
    settings.CORS_ALLOWED_ORIGINS = [WALLET]

    assert asked(client, "/api/v1/cluster").headers[ALLOW] == WALLET
    assert ALLOW not in asked(client, "/api/v1/cluster", Origin="https://other.example.org").headers


def test_a_comma_alone_is_no_site(tmp_path: Path, settings: Settings) -> None:
    """As `.env.example` says."""
    asked = "from django.conf import settings; print(settings.CORS_ORIGINS, settings.CORS_ALLOW_ALL_ORIGINS)"
    environment = os.environ | {"CORS_ORIGINS": ",", "STATE_DIR": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", asked],
        cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert told.stdout == "[] False\n"


@pytest.mark.parametrize(
    "origin", ["wallet.example.org", "https://", "https://a.example/", "https://a.example/x", "http://[", ""]
)
def test_what_is_no_site_is_found_before_anybody_comes(settings: Settings, origin: str) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://wallet.example.org", "http://localhost:3000", origin]

    [found] = check_origins(None)

    assert (found.id, f"{origin!r} is no origin" in found.msg) == ("staking.E002", True)


def test_one_that_trusts_nobody_is_warned_of(settings: Settings) -> None:
    """No error: where the proxy passes the host's name on, the installation works."""
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.example.org", "https://a.example/", "https://b.example:8443"]

    [found] = check_origins(None)

    assert found.msg == "CSRF_TRUSTED_ORIGINS: 'https://a.example/' is no origin of a site."
    assert not found.is_serious()
