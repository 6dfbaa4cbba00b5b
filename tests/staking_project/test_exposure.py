"""What `check --deploy` says of settings that let strangers in."""

import pytest
from pytest_django.fixtures import Settings

from staking_project.checks import check_exposure, check_redis


def ids() -> list[str | None]:
    return [message.id for message in check_exposure(None)]


@pytest.fixture(autouse=True)
def safe(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["staking.example.org"]
    settings.REDIS_URL = "redis://127.0.0.1:6379/0"
    settings.SOLANA_RPC_URLS = ["https://rpc.example.org/key"]


def test_what_is_safe_is_not_warned_of() -> None:
    assert ids() == []


def test_any_host(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["a.example.org", "*"]

    assert ids() == ["staking.W001"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://redis.internal/0", "without password and without TLS"),
        ("redis://:secret@10.0.0.5:6379/0", "without TLS"),
        ("rediss://redis.internal/0", None),
        ("redis://localhost:6379/0", None),
        ("redis://[::1]:6379/0", None),
        ("unix:///var/lib/staking/redis.sock?db=0", None),
    ],
)
def test_redis_over_a_network(settings: Settings, url: str, said: str | None) -> None:
    settings.REDIS_URL = url

    told = "".join(message.msg for message in check_exposure(None))

    assert said in told if said else told == ""
    assert "secret" not in told


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("http://rpc.example.org/v2/key", True),
        ("mine=http://rpc.example.org/?api-key=key", True),
        ("http://user:key@rpc.example.org", True),
        ("http://rpc.example.org", False),
        ("http://127.0.0.1:8899/key", False),
        ("https://rpc.example.org/v2/key", False),
    ],
)
def test_keys_over_http(settings: Settings, address: str, warned: bool) -> None:
    settings.SOLANA_RPC_URLS = [address]

    assert ids() == (["staking.W003"] if warned else [])
    assert "key=" not in "".join(message.msg for message in check_exposure(None))


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("foo", 1),
        ("http://127.0.0.1", 1),
        ("unix://", 1),
        ("redis://h:x", 1),
        ("redis://", 0),
        ("unix:///run/r.sock", 0),
    ],
)
def test_an_address_of_no_redis_is_an_error(settings: Settings, address: str, found: int) -> None:
    settings.REDIS_URL = address

    assert [one.id for one in check_redis(None)] == ["staking.E001"] * found
