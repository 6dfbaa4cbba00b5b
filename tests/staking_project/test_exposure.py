"""What the checks say of settings that let strangers in, or lead nowhere."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from staking_project.checks import check_exposure, check_host_names, check_names, check_proxy, check_redis


def ids() -> list[str | None]:
    return [message.id for message in check_exposure(None)]


@pytest.fixture(autouse=True)
def safe(settings: Settings) -> None:
    settings.HTTPS = True
    settings.ALLOWED_HOSTS = ["staking.example.org"]
    settings.REDIS_URL = "redis://127.0.0.1:6379/0"
    settings.SOLANA_RPC_URLS = ["https://rpc.example.org/key"]


def test_what_is_safe_is_not_warned_of() -> None:
    assert ids() == []


def test_without_tls_the_setting_that_brings_it_is_named(settings: Settings) -> None:
    settings.HTTPS = False

    [said] = check_exposure(None)

    assert (said.id, "set HTTPS=1" in str(said.hint)) == ("staking.W006", True)


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
        ("redis+unix:///run/r.sock", 1),
        ("redis://h/1s", 1),
        ("redis://h/0 redis://h/1", 1),
        ("redis://h/0?db=x", 1),
        ("unix:///run/r.sock?dbb=1", 1),
        ("rediss://h?ssl_cert_reqs=nope", 1),
        ("redis://", 0),
        ("redis://h:6379/1/ # why", 0),
        ("redis://h:6379//1", 0),
        ("rediss://:a@h:6379/1?socket_timeout=5", 0),
        ("unix:///run/r.sock", 0),
        ("unix:///run/r.sock?db=1", 0),
    ],
)
def test_an_address_of_no_redis_is_an_error(settings: Settings, address: str, found: int) -> None:
    settings.REDIS_URL = address

    assert [one.id for one in check_redis(None)] == ["staking.E001"] * found


def test_a_file_of_redis_that_is_not_there_is_named(settings: Settings, tmp_path: Path) -> None:
    there, missing = tmp_path / "ca.pem", tmp_path / "key.pem"
    there.touch()
    settings.REDIS_URL = f"rediss://:secret@h/0?ssl_ca_certs={there}&ssl_keyfile={missing}"

    assert [(one.id, one.msg) for one in check_redis(None)] == [
        ("staking.E006", f"REDIS_URL: ssl_keyfile names {missing}: No such file or directory.")
    ]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("nonsense value", 1),
        ("http://", 1),
        ("http://proxy:x", 1),
        ("", 0),
        ("proxy.internal:3128", 0),
        ("http://user:secret@proxy.internal:3128", 0),
        ("socks5h://[::1]:1080", 0),
    ],
)
def test_an_address_of_no_proxy_is_an_error(settings: Settings, address: str, found: int) -> None:
    settings.OUTGOING_PROXY = address

    assert [one.id for one in check_proxy(None)] == ["staking.E005"] * found


@pytest.mark.parametrize(
    "name",
    [
        "https://a.example.org",
        "a.example.org:443",
        "a.example.org/",
        "a.example.org.",
        "bücher.ch",
        "a b",
        "",
    ],
)
def test_what_is_no_name_of_a_host_is_an_error(settings: Settings, name: str) -> None:
    settings.ALLOWED_HOSTS = ["a.example.org", name]

    assert [(one.id, one.msg) for one in check_host_names(None)] == [
        ("staking.E003", f"ALLOWED_HOSTS: {name!r} is no name of a host.")
    ]


@pytest.mark.parametrize("name", ["*", ".example.org", "a_b-c.example.org", "10.0.0.5", "[::1]", "web"])
def test_names_that_django_knows_a_host_by_are_none(settings: Settings, name: str) -> None:
    settings.ALLOWED_HOSTS = [name]

    assert check_host_names(None) == []


def test_a_name_of_the_file_that_is_nearly_a_setting_is_told_with_it(settings: Settings) -> None:
    others = ["POSTGRES_PASSWORD", "PGPASSWORD", "COMPOSE_PROJECT_NAME", "PATH"]
    settings.NAMES_IN_ENV_FILE = ["WORKERS", "WORKER", "log_format", "SOLANA_RPC_URLS", *others]

    assert [(one.id, one.msg.split()[5], str(one.hint).split("?")[0]) for one in check_names(None)] == [
        ("staking.W005", "WORKER,", "Did you mean WORKERS"),
        ("staking.W005", "log_format,", "Did you mean LOG_FORMAT"),
        ("staking.W005", "SOLANA_RPC_URLS,", "Did you mean SOLANA_RPC_URL"),
    ]
