"""How much one address may ask for, and which address it is that asks."""

import itertools
import logging
import time
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from staking_project.front import counting
from staking_project.front.addresses import client_address
from staking_project.front.throttle import LOGINS, Throttle
from tests.redis_for_tests import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NAMES = itertools.count(1)


@pytest.fixture
def stranger() -> str:
    """An address that no other test asks from."""
    return f"2001:db8:{next(NAMES):x}::1"


@pytest.fixture(params=["redis", "without redis"])
def counted_in(request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    # A machine that others use too takes its time.
    monkeypatch.setattr(counting, "REDIS_PATIENCE", 10.0)
    if request.param == "redis":
        redis.Redis.from_url(settings.REDIS_URL).flushdb()
    else:
        settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    return str(request.param)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The wall clock, at the beginning of a minute."""
    now = [60_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


@pytest.mark.parametrize("address", ["/api/v1/runs", "/", "/admin/", "/there/is/nothing"])
def test_an_address_may_ask_only_so_much_a_minute_whatever_it_asks_for(
    client: Client, settings: Settings, stranger: str, counted_in: str, seconds: list[float], address: str
) -> None:
    settings.RATE_LIMIT = 1_000
    throttled = [client.get(address, REMOTE_ADDR=stranger) for _ in range(2)]
    assert 429 not in {one.status_code for one in throttled}

    settings.RATE_LIMIT = 2
    refused = client.get(address, REMOTE_ADDR=stranger)
    other = client.get(address, REMOTE_ADDR="203.0.113.1")

    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert other.status_code != 429
    if address.startswith("/api/"):
        assert refused.json()["code"] == "too_many_requests"


def test_an_answer_of_the_api_says_what_is_left(
    client: Client, settings: Settings, stranger: str, counted_in: str, seconds: list[float]
) -> None:
    settings.RATE_LIMIT = 50
    answers = [client.get("/api/v1/nothing", REMOTE_ADDR=stranger) for _ in range(60)]
    left = [int(answer.headers["RateLimit"].removeprefix('"address";r=')) for answer in answers]

    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"address";q=50;w=60'}
    assert left == sorted(left, reverse=True)
    assert (left[0] <= 49, left[-1], answers[-1].status_code) == (True, 0, 429)
    assert "RateLimit" not in client.get("/nothing").headers


def test_the_window_slides(
    client: Client, settings: Settings, stranger: str, counted_in: str, seconds: list[float]
) -> None:
    settings.RATE_LIMIT = 100
    count = Throttle(lambda request: HttpResponse())._count

    assert count.add("a", 80) == 80
    seconds[0] += 60 + 30
    assert count.add("a", 10) == 10 + 80 / 2
    seconds[0] += 30
    assert count.add("a", 0) == 10
    seconds[0] += 60
    assert count.add("a", 0) == 0


def test_what_took_long_to_answer_counts_for_more(
    settings: Settings, stranger: str, counted_in: str, monkeypatch: pytest.MonkeyPatch, seconds: list[float]
) -> None:
    settings.RATE_LIMIT = 20
    processor = itertools.count(0, 0.2)
    monkeypatch.setattr(time, "thread_time", lambda: next(processor))
    throttled = Throttle(lambda request: HttpResponse())
    request = RequestFactory().get("/scores/compare/", REMOTE_ADDR=stranger)

    assert [throttled(request).status_code for _ in range(4)] == [200, 200, 429, 429]


def test_wrong_tokens_are_soon_too_many(
    client: Client, settings: Settings, stranger: str, counted_in: str, seconds: list[float]
) -> None:
    settings.RATE_LIMIT = 300
    wrong = {"Authorization": "Bearer staking_guess"}

    def triggered() -> int:
        address = "/api/v1/schedules/fetch-repeatable/trigger"
        return client.post(address, headers=wrong, REMOTE_ADDR=stranger).status_code

    statuses = [triggered() for _ in range(40)]

    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert statuses.count(401) <= 28


def test_who_looks_after_the_site_is_counted_apart(
    client: Client, settings: Settings, stranger: str, counted_in: str, seconds: list[float]
) -> None:
    settings.RATE_LIMIT = 2

    def asked(address: str) -> list[int]:
        return [client.get(address, REMOTE_ADDR=stranger).status_code for _ in range(4)]

    assert 429 in asked("/scores/")
    assert asked("/healthz") == [200] * 4
    probed = asked("/metrics")
    assert (probed[0], probed[-1]) == (200, 429)


RIGHT = "a long good password"


def log_in(client: Client, *, name: str, address: str, word: str = "") -> int:
    form = {"username": name, "password": word or "wrong"}
    return client.post("/admin/login/", form, REMOTE_ADDR=address).status_code


def test_few_passwords_may_be_tried_from_one_address(
    client: Client, stranger: str, counted_in: str, seconds: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    User.objects.create_superuser("ada", password=RIGHT)

    with caplog.at_level(logging.WARNING):
        tried = [log_in(client, name=f"user {n}\x1b[31m", address=stranger) for n in range(LOGINS + 3)]
    in_vain = log_in(client, name="ada", address=stranger, word=RIGHT)
    seconds[0] += 120
    later = log_in(client, name="ada", address=stranger, word=RIGHT)

    assert tried == [200] * LOGINS + [429] * 3
    assert in_vain == 429
    assert later == 302
    network = client_address(RequestFactory().get("/", REMOTE_ADDR=stranger))
    assert f"Nobody logged in as 'user 0\\x1b[31m' from {network}." in caplog.messages


def test_few_passwords_may_be_tried_for_one_account_from_many_addresses(
    client: Client, counted_in: str, seconds: list[float]
) -> None:
    account = f"ada {next(NAMES)}"

    tried = [
        log_in(client, name=account if n % 2 else account.upper(), address=f"198.51.100.{n}")
        for n in range(LOGINS + 2)
    ]

    assert tried == [200] * LOGINS + [429] * 2


def test_two_installations_on_one_redis_count_what_each_is_asked_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, seconds: list[float]
) -> None:
    """Passwords tried at the one kept people out of the other."""
    monkeypatch.setattr(counting, "REDIS_PATIENCE", 10.0)
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    count = counting.SlidingCount()

    def counted(queue: str) -> float:
        settings.Q_CLUSTER = settings.Q_CLUSTER | {"name": queue}
        return count.add("logins:as:ada", 1)

    assert [counted(queue) for queue in ("one", "other", "one")] == [1, 1, 2]


def test_a_process_without_redis_remembers_so_much_and_no_more(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    monkeypatch.setattr(counting, "MOST_REMEMBERED", 5)
    count = counting.SlidingCount()

    for number in range(20):
        count.add(str(number), 1)

    assert len(count._own) == 5
    assert count.add("19", 1) >= 2


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "address"),
    [
        (0, "203.0.113.9", "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.1, 203.0.113.9", "127.0.0.1", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9:4711", "127.0.0.1", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.2", "127.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "198.51.100.1", "198.51.100.1"),
        (1, "", "198.51.100.1", "198.51.100.1"),
        (1, "[2001:db8:1:2::9]:443", "127.0.0.1", "2001:db8:1:2::/64"),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (0, "", "::ffff:198.51.100.1", "198.51.100.1"),
        (0, "", "", "unknown"),
        (1, "nonsense\r\n", "127.0.0.1", "unknown"),
    ],
)
def test_who_asks_is_who_connects_or_what_the_outermost_of_our_own_proxies_says(
    rf: Any, settings: Settings, proxies: int, forwarded: str, remote: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request: HttpRequest = rf.get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)

    assert client_address(request) == address
