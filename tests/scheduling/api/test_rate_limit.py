"""The API: how often one address may ask, and which address it is that asks."""

from typing import Any

import pytest
import redis
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from scheduling.api.rate_limit import AddressThrottle
from tests.redis_for_tests import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_an_address_may_ask_only_so_often_a_minute(client: Client, settings: Settings) -> None:
    settings.API_RATE_LIMIT = 3
    stranger = f"198.51.100.{timezone.now().microsecond % 250}"
    redis.Redis.from_url(settings.REDIS_URL).flushdb()

    statuses = [client.get("/api/v1/runs", REMOTE_ADDR=stranger).status_code for _ in range(5)]
    refused = client.get("/api/v1/cluster", REMOTE_ADDR=stranger)
    other = client.get("/api/v1/runs", REMOTE_ADDR="203.0.113.1")

    # The minute may turn meanwhile, which lets one or two more through.
    assert statuses[:3] == [200] * 3
    assert refused.status_code == 429
    assert refused.json()["code"] == "too_many_requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("https", "forwarded", "remote", "address"),
    [
        (False, "203.0.113.9", "198.51.100.1", "198.51.100.1"),
        (True, "10.0.0.1, 203.0.113.9", "127.0.0.1", "203.0.113.9"),
        (True, "", "198.51.100.1", "198.51.100.1"),
        (False, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (False, "", "", "unknown"),
        (True, "nonsense\r\n", "127.0.0.1", "unknown"),
    ],
)
def test_who_asks_is_who_connects_or_what_our_own_proxy_says(
    rf: Any, settings: Settings, https: bool, forwarded: str, remote: str, address: str
) -> None:
    settings.HTTPS, settings.API_RATE_LIMIT = https, 1
    database = redis.Redis.from_url(settings.REDIS_URL)
    database.flushdb()

    request = rf.get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert AddressThrottle().allow_request(request)

    [key] = database.keys("api:requests:*")
    assert key.decode().removeprefix("api:requests:").rpartition(":")[0] == address


def test_without_redis_nobody_is_refused_and_nobody_waits(client: Client, settings: Settings) -> None:
    settings.API_RATE_LIMIT = 1
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"

    assert [client.get("/api/v1/runs").status_code for _ in range(4)] == [200] * 4
