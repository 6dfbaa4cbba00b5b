"""Answers in fewer bytes: which, for whom, and that they are the same answers."""

import gzip
import json

import brotli
import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from staking_project.front.compression import SMALLEST, Compression, coding_of, compressed
from staking_project.front.kept import KeptAnswers
from tests.validators.rows import fetch, validator

pytestmark = pytest.mark.django_db

UNDO = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}
LONG = "so it goes, " * 200


@pytest.fixture(autouse=True)
def something_long() -> None:
    fetch()
    for number in range(5):
        validator(number, name=f"Blue Lagoon {number}")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", ""),
        ("identity", ""),
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0, gzip;q=0.001", "gzip"),
        ("br;q=0", ""),
        ("br;q=nonsense, gzip;;", ""),
        ("*", ""),
    ],
)
def test_the_coding_is_one_that_was_asked_for(rf: RequestFactory, accepted: str, coding: str) -> None:
    assert coding_of(rf.get("/", headers={"Accept-Encoding": accepted})) == coding


@pytest.mark.parametrize("kept_seconds", [0, 5])
@pytest.mark.parametrize(
    "address", ["/api/v1/validators", "/api/v1/validators?format=csv", "/scores/", "/api/openapi.json"]
)
def test_the_same_is_said_in_every_coding(
    client: Client, settings: Settings, address: str, kept_seconds: int
) -> None:
    settings.ANSWERS_KEPT_SECONDS = kept_seconds
    plain = client.get(address)
    sizes = []
    # Twice, for the second may be a kept one.
    for coding in ("br", "gzip", "", "br", "gzip"):
        answer = client.get(address, headers={"Accept-Encoding": coding})

        assert answer.headers.get("Content-Encoding", "") == coding
        assert UNDO[coding](answer.content) == plain.content
        assert int(answer.headers.get("Content-Length", len(answer.content))) == len(answer.content)
        assert "Accept-Encoding" in answer.headers["Vary"]
        sizes.append(len(answer.content))

    assert sizes[0] * 2 < sizes[2]
    assert sizes[1] * 2 < sizes[2]


@pytest.mark.parametrize("kept_seconds", [0, 5])
@pytest.mark.parametrize("coding", ["br", "gzip", ""])
def test_an_unchanged_answer_is_a_304_in_every_coding(
    client: Client, settings: Settings, coding: str, kept_seconds: int
) -> None:
    settings.ANSWERS_KEPT_SECONDS = kept_seconds
    got = client.get("/api/v1/validators", headers={"Accept-Encoding": coding})

    again = client.get(
        "/api/v1/validators", headers={"Accept-Encoding": coding, "If-None-Match": got.headers["ETag"]}
    )

    assert (again.status_code, again.content, "Content-Encoding" in again.headers) == (304, b"", False)
    assert "Accept-Encoding" in again.headers["Vary"]


def test_head_has_the_headers_of_get(client: Client) -> None:
    headers = {"Accept-Encoding": "br"}
    got = client.get("/api/v1/validators", headers=headers)

    asked = client.head("/api/v1/validators", headers=headers)

    assert (asked.content, dict(asked.headers)) == (b"", dict(got.headers))


def test_whoever_brings_a_cookie_gets_it_as_it_is(client: Client) -> None:
    client.force_login(User.objects.create_superuser("ada"))
    headers = {"Accept-Encoding": "br, gzip"}

    for address in ("/", "/operations/", "/admin/", "/api/v1/validators"):
        answer = client.get(address, headers=headers)
        assert (answer.status_code, "Content-Encoding" in answer.headers) == (200, False), address
    # The form sets one, and shows a token against forgery.
    assert "Content-Encoding" not in Client().get("/admin/login/", headers=headers).headers


@pytest.mark.parametrize(
    "answer",
    [
        StreamingHttpResponse([LONG.encode()], content_type="text/event-stream"),
        StreamingHttpResponse([LONG.encode()], content_type="text/csv"),
        HttpResponse(LONG, content_type="text/event-stream"),
        HttpResponse(LONG, content_type="image/png"),
        HttpResponse(LONG, content_type="text/plain", headers={"Content-Encoding": "gzip"}),
        HttpResponse(LONG[: SMALLEST - 1], content_type="text/plain"),
    ],
)
def test_streams_pictures_and_what_is_small_are_sent_as_they_are(
    rf: RequestFactory, answer: HttpResponse
) -> None:
    before = dict(answer.headers)

    sent = Compression(lambda request: answer)(rf.get("/", headers={"Accept-Encoding": "br"}))

    sent.headers.pop("Vary", None)
    assert dict(sent.headers) == before


def test_a_strong_tag_becomes_a_weak_one(rf: RequestFactory) -> None:
    answer = HttpResponse(LONG, content_type="text/plain", headers={"ETag": '"1"'})

    sent = Compression(lambda request: answer)(rf.get("/", headers={"Accept-Encoding": "gzip"}))

    assert sent.headers["ETag"] == 'W/"1"'


def test_a_crowd_costs_one_answer_and_one_compression_for_each_coding(
    rf: RequestFactory, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ANSWERS_KEPT_SECONDS = 5
    made = []

    def view(request: HttpRequest) -> HttpResponse:
        made.append(request)
        return HttpResponse(json.dumps(LONG), content_type="application/json")

    codings = []

    def counted(content: bytes, coding: str) -> bytes:
        codings.append(coding)
        return compressed(content, coding)

    monkeypatch.setattr("staking_project.front.kept.compressed", counted)
    answers = Compression(KeptAnswers(view))
    for coding in ("br", "gzip, br", "gzip", "gzip", "", "identity"):
        answers(rf.get("/api/v1/cluster", headers={"Accept-Encoding": coding}))

    assert (len(made), codings) == (1, ["br", "gzip"])
