"""A crowd that asks the same costs one of it, and nobody is given what was meant for another."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from django_q.models import Schedule
from pytest_django.fixtures import Settings

from scheduling.models import Job, RunState
from staking_project.front import kept
from tests.scheduling.factories import JobFactory, RunFactory, ScheduleFactory
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


def keeper(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., HttpResponse]) -> kept.KeptAnswers:
    """One of an unchanging picture, without a database."""
    monkeypatch.setattr(kept.KeptAnswers, "_version", lambda self: "1")
    return kept.KeptAnswers(answer)


def test_whatever_codings_come_to_an_answer_the_bound_holds(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 60_000)
    dice = random.Random(1)
    answers = keeper(monkeypatch, lambda request: HttpResponse(dice.randbytes(2_000).hex()))
    for number in range(200):
        coding = dice.choice(("br", "gzip", ""))
        answers(rf.get(f"/scores/?{number % 40}", headers={"Accept-Encoding": coding}))
        held = sum(len(key) + one.weight for key, one in answers._kept.items())
        assert answers._bytes == held <= kept.MOST_BYTES

    # Those asked for last are there.
    assert next(reversed(answers._kept)).endswith(f"?{199 % 40}")


def test_a_crowd_waits_for_one_rendering(rf: RequestFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[HttpRequest] = []
    crowd, begun = threading.Barrier(4, timeout=30), threading.Event()

    def view(request: HttpRequest) -> HttpResponse:
        made.append(request)
        assert begun.wait(30)
        return HttpResponse("an answer")

    answers = keeper(monkeypatch, view)

    def ask() -> bytes:
        crowd.wait()
        return answers(rf.get("/scores/")).content

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask) for _ in range(4)]
        begun.set()
        assert [one.result() for one in asked] == [b"an answer"] * 4
    assert len(made) == 1
    # One that broke off is in nobody's way.
    assert not answers._being_made


@pytest.mark.parametrize(
    "headers", [{"Content-Encoding": "br"}, {"Set-Cookie": "a=b"}], ids=["coded already", "for one"]
)
def test_what_is_not_for_all_is_made_each_time(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    made = []

    def view(request: HttpRequest) -> HttpResponse:
        made.append(request)
        answer = HttpResponse("an answer")
        if "Set-Cookie" in headers:
            answer.set_cookie("a", "b")
        else:
            answer.headers["Content-Encoding"] = "br"
        return answer

    answers = keeper(monkeypatch, view)
    for _ in range(2):
        assert answers(rf.get("/scores/")).content == b"an answer"

    assert len(made) == 2


def test_how_long_it_holds_is_reckoned_from_when_it_was_made(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Cache-Control": "public, max-age=60", "ETag": 'W/"1"'}
    answers = keeper(monkeypatch, lambda request: HttpResponse("an answer", headers=headers))
    assert "Age" not in answers(rf.get("/api/v1/cluster")).headers
    made_at = next(iter(answers._kept.values())).made_at
    monkeypatch.setattr("staking_project.front.kept.time.monotonic", lambda: made_at + 3)

    for given in ({}, {"If-None-Match": 'W/"1"'}):
        assert answers(rf.get("/api/v1/cluster", headers=given)).headers["Age"] == "3"


def test_head_is_told_the_length_and_nothing_is_kept_less_for_it(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = keeper(monkeypatch, lambda request: HttpResponse("an answer"))

    for _ in range(2):
        head = answers(rf.head("/scores/"))
        assert (head.content, head.headers["Content-Length"]) == (b"", "9")
    assert answers(rf.get("/scores/")).content == b"an answer"


@pytest.mark.parametrize("address", ["/", "/api/v1/validators"])
def test_a_cadence_that_is_broken_keeps_nobody_from_reading(client: Client, address: str) -> None:
    job = JobFactory(schedule__name="fetch-repeatable")
    Job.objects.filter(pk=job.pk).update(every_seconds=0)

    assert client.get(address).status_code == 200


def test_no_answer_is_said_to_hold_while_a_run_is_under_way_that_somebody_asked_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held() -> str:
        return client.get("/api/v1/cluster").headers["Cache-Control"]

    job = JobFactory(schedule=ScheduleFactory(name="fetch-repeatable", next_run=now() + timedelta(hours=6)))
    monkeypatch.setattr(kept, "CLOCK_SECONDS", 0.0)
    assert held().startswith("public, max-age=21")

    Schedule.objects.update(next_run=now() + timedelta(seconds=100))
    assert held() in ("public, max-age=99", "public, max-age=98")

    RunFactory(job=job, state=RunState.RUNNING)
    assert held() == "no-cache"


def test_two_addresses_that_are_read_in_two_ways_are_two(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = keeper(monkeypatch, lambda request: HttpResponse(request.GET["search"]))

    assert answers(rf.get("/", QUERY_STRING="search=\xc3\xa9")).content.decode() == "\xe9"
    assert answers(rf.get("/?search=%C3%83%C2%A9")).content.decode() == "\xc3\xa9"


def test_what_has_no_date_was_not_modified_since_any(client: Client) -> None:
    headers = {"If-Unmodified-Since": "Mon, 23 Nov 2026 12:00:00 GMT"}

    assert client.get("/", headers=headers).status_code == 200


def test_what_comes_late_of_a_picture_that_is_over_takes_nothing_from_the_newer_one(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, made = ["1"], []

    def view(request: HttpRequest) -> HttpResponse:
        made.append(request.path)
        if request.path == "/scores/":
            picture[0] = "2"
            answers(rf.get("/cluster/"))
        return HttpResponse("an answer")

    answers = keeper(monkeypatch, view)
    monkeypatch.setattr(kept.KeptAnswers, "_version", lambda self: picture[0])

    answers(rf.get("/scores/"))
    answers(rf.get("/cluster/"))

    assert made == ["/scores/", "/cluster/"]
