"""Under /api/ every problem is JSON, whoever found it."""

from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from staking_project.front.api_manners import ApiHead

pytestmark = pytest.mark.django_db

NOWHERE = [
    *("/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/validators", "/api//v1/validators", "/api/docs/"),
    *("/api/v1/validators/", "/api/openapi.json/", "/api/v1/validators/a/b", "/api/%ff", "/api/v1/%00"),
    *("/api/v1/events/", "/api/v1/events/stream/", "/api/v1/events/streams", "/api/v1/events/stream/1"),
    *("/api/v1/subscriptions/", "/api/v1/subscriptions/1/", "/api/v1/watched-validators/"),
    *("/api/v1/%E0%A4%A", "/api/v1/schedules/a%2fb", "/api/<b>", "/api/v1/../../etc/passwd"),
]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "BREW"])
def test_where_there_is_nothing_json_says_so(client: Client, method: str) -> None:
    for address in NOWHERE:
        answer: Any = client.generic(method, address, b"\xff\x00", content_type="text/html; charset=nonsense")

        told = (answer.status_code, answer.headers["Content-Type"], answer.headers["Cache-Control"])
        assert told == (404, "application/json", "no-store"), address
        if method != "HEAD":
            assert set(answer.json()) == {"detail", "code"}
            assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("/api/v1/validators/", "/api/v1/validators"),
        ("/API/V1/Validators", "/api/v1/validators"),
        ("//api/v1/validators/Vote1", "/api/v1/validators/Vote1"),
        ("/Api//v1/./cluster", "/api/v1/cluster"),
        ("/api/cluster", "/api/v1/cluster"),
        ("/API/docs", "/api/docs"),
    ],
)
def test_an_address_that_is_misread_is_answered_with_the_one_that_is_meant(
    client: Client, settings: Settings, address: str, meant: str
) -> None:
    settings.RATE_LIMIT = 1_000_000
    # As it is: the test client takes what follows two slashes for a host.
    answer = client.get("/", PATH_INFO=address, headers={"Origin": "https://wallet.example.org"})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert f"did you mean {meant}?" in answer.json()["detail"]
    assert "RateLimit" in answer.headers


@pytest.mark.parametrize(
    "address", ["/api", "//API//", "/api/%00", "/api/../etc/passwd", f"/API/{'x' * 900}"]
)
def test_of_one_that_is_like_none_it_says_where_all_are(client: Client, address: str) -> None:
    answer = client.get("/", PATH_INFO=address)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "/api/docs names all there are" in answer.json()["detail"]


def test_a_page_that_is_asked_for_as_it_cannot_be_says_how_it_can() -> None:
    client = Client(enforce_csrf_checks=True)
    for address, method, allowed in (
        ("/cluster/", "POST", "GET, HEAD"),
        ("/events/events.atom", "DELETE", "GET, HEAD"),
        ("/healthz", "PUT", "GET, HEAD"),
        ("/watched/star/", "GET", "POST"),
    ):
        shown = client.generic(method, address, headers={"Accept": "text/html"})
        line = client.generic(method, address)

        assert (shown.status_code, shown.headers["Allow"]) == (line.status_code, allowed) == (405, allowed)
        assert "<h1>" in shown.content.decode()
        assert f"This address takes {allowed}" in shown.content.decode()
        assert line.content.decode().count("\n") == 1


def test_what_an_address_cannot_be_asked_for_is_a_problem_that_says_what_it_can(client: Client) -> None:
    answer = client.post("/api/v1/events/stream")
    # By every process in the same order.
    several = client.get("/api/v1/watched-validators/1")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"
    assert several.headers["Allow"] == "DELETE, PUT"


def test_of_a_stream_head_has_no_body_either(rf: RequestFactory) -> None:
    """The test client itself would leave one out."""
    answer: Any = ApiHead(lambda _: StreamingHttpResponse([b"said"]))(rf.head("/api/v1/events/stream"))  # type: ignore[arg-type, return-value]

    assert b"".join(answer) == b""


@pytest.mark.parametrize("address", ["/api/v1/cluster", "/api/nothing"])
def test_a_host_that_is_not_ours_is_told_so_in_json(client: Client, address: str) -> None:
    answer = client.get(address, headers={"Host": "evil.example.org"})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("body", ["{", "size=5"])
def test_a_body_that_is_no_json_is_told_what_it_is_to_be(client: Client, body: str) -> None:
    answer = client.post("/api/v1/selection", body, "application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert answer.json()["detail"].endswith(": it is to be JSON.")


def test_what_breaks_before_any_operation_is_json_too(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ANSWERS_KEPT_SECONDS = 5
    client.raise_request_exception = False

    def broken(request: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("staking_project.front.kept._is_for_anybody", broken)

    answer = client.get("/api/v1/cluster")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_page_keeps_its_own(client: Client) -> None:
    for address in ("/apiary", "/nothing"):
        assert client.get(address).headers["Content-Type"].startswith("text/html")
