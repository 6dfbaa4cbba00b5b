"""Settings that lead nowhere or let strangers in, found before anybody comes."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from scheduling.checks import INSTALLATION, bounded
from scheduling.outgoing import is_this_machine
from staking_project import accounts
from staking_project.variables import VARIABLES
from validators.solana.endpoint_names import parsed_address

_SECURE_REDIS: Final = ("rediss", "unix")
_FILES_OF_REDIS: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_ORIGINS: Final = "Write it as a browser does, https://wallet.example.org, without anything behind the host"
# From 0 to 1, as difflib measures: WORKER is near WORKERS, POSTGRES_PASSWORD of compose.yaml near none.
_MISSPELT: Final = 0.8


@register(INSTALLATION)
def check_redis(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """REDIS_URL is an address; it may hold a password, so it is not repeated."""
    if _is_redis(settings.REDIS_URL):
        return list(_unreadable_files(settings.REDIS_URL))
    return [
        Error(
            "REDIS_URL is no address of a Redis.",
            hint="Write it as redis://127.0.0.1:6379/0, rediss://:password@host:6379/0 or unix:///path/to/socket.",
            id="staking.E001",
        )
    ]


def _unreadable_files(address: str) -> Iterator[CheckMessage]:
    """Of those that redis-py reads once Redis answers; it would say that there is no connection."""
    for option, name in parse_qsl(urlsplit(address).query):
        if option not in _FILES_OF_REDIS:
            continue
        try:
            Path(name).open("rb").close()
        except OSError as exc:
            yield Error(
                f"REDIS_URL: {option} names {name}: {exc.strerror}.",
                hint="Mend the name, or let this user read it.",
                id="staking.E006",
            )


@register(INSTALLATION)
def check_origins(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """CORS_ORIGINS are origins; with anything else in it, a site that was meant could not read.

    So is what CSRF_TRUSTED_ORIGINS has, which may begin with *. What is none trusts nobody; it is only warned
    of, as all works where the proxy passes the host's name on.
    """
    every = "; * is every site, and a comma alone is none."
    read = [origin for origin in settings.CORS_ALLOWED_ORIGINS if not _is_origin(origin)]
    trusted = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if not _is_origin(origin)]
    return [
        *bounded(
            Error(_no_origin("CORS_ORIGINS", one), hint=_ORIGINS + every, id="staking.E002") for one in read
        ),
        *bounded(
            Warning(_no_origin("CSRF_TRUSTED_ORIGINS", one), hint=f"{_ORIGINS}.", id="staking.W007")
            for one in trusted
        ),
    ]


def _no_origin(name: str, origin: str) -> str:
    return f"{name}: {origin!r} is no origin of a site."


@register(INSTALLATION)
def check_host_names(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """ALLOWED_HOSTS are names; with an address among them, who came by it would be refused."""
    return bounded(
        Error(
            f"ALLOWED_HOSTS: {name!r} is no name of a host.",
            hint="Write it without https://, port and path, as in staking.example.org.",
            id="staking.E003",
        )
        for name in settings.ALLOWED_HOSTS
        if not _is_host_name(name)
    )


@register(INSTALLATION)
def check_proxy(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """OUTGOING_PROXY leads somewhere; it may hold a password, so it is not repeated."""
    proxy = settings.OUTGOING_PROXY
    url = _split(proxy if "://" in proxy else f"http://{proxy}")
    host = (url and url.hostname) or ""
    if not proxy or ":" in host or _is_host_name(host):
        return []
    return [
        Error(
            "OUTGOING_PROXY is no address of a proxy; whatever is asked of others would fail.",
            hint="Write it as http://proxy.internal:3128, with user:password@ before the name where it asks.",
            id="staking.E005",
        )
    ]


@register(INSTALLATION)
def check_names(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A name in the file of settings that is nearly one of ours is one misspelt: nobody reads it."""
    return bounded(
        Warning(
            f"The file of settings has {name}, which this program does not read.",
            hint=f"Did you mean {near[0]}? .env.example has all names.",
            id="staking.W005",
        )
        for name in settings.NAMES_IN_ENV_FILE
        if name not in VARIABLES and (near := get_close_matches(name.upper(), VARIABLES, 1, _MISSPELT))
    )


@register(Tags.security, deploy=True)
def check_exposure(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What stands open, or goes over a network that others listen to."""
    return [*_plain_http(), *_any_host(), *_open_redis(), *bounded(_keys_in_the_clear())]


def _plain_http() -> Iterator[CheckMessage]:
    if not settings.HTTPS:
        yield Warning(
            "HTTPS is not 1: passwords and sessions are sent to whoever asks without TLS.",
            hint="Put a proxy with TLS in front (docs/operations.md), and set HTTPS=1.",
            id="staking.W006",
        )


def _any_host() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        yield Warning(
            "ALLOWED_HOSTS is *: whoever asks says himself what this site is called.",
            hint="Name the hosts that it is reached by, as in staking.example.org.",
            id="staking.W001",
        )


def _open_redis() -> Iterator[CheckMessage]:
    url = _split(settings.REDIS_URL)
    if url is None or url.scheme in _SECURE_REDIS or _is_here(url):
        return
    missing = [word for word, given in (("password", url.password), ("TLS", "")) if not given]
    yield Warning(
        f"REDIS_URL: {url.hostname} is asked without {' and without '.join(missing)}; who reaches it can "
        "stop every schedule, and reads what passes.",
        hint="Write it as rediss://:password@host:6379/0, or keep it to a network of these hosts alone and "
        "silence this with SILENCED_SYSTEM_CHECKS.",
        id="staking.W002",
    )


@register(Tags.database)
def nobody_keeps_the_first_password(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """What `run` made for a trial on one machine opens nothing that others reach.

    A warning, since `migrate` asks this as well.
    """
    if "default" not in (databases or ()) or not accounts.is_published():
        return []
    if "auth_user" not in connections["default"].introspection.table_names():
        return []
    if not accounts.has_first_password():
        return []
    return [Warning(accounts.STILL_FIRST, hint="Choose one of 12 characters or more.", id="staking.W004")]


def _keys_in_the_clear() -> Iterator[CheckMessage]:
    for place, address in enumerate(settings.SOLANA_RPC_URLS, start=1):
        url = _split(parsed_address(address).url)
        if url is None or url.scheme != "http" or _is_here(url):
            continue
        if url.path.strip("/") or url.query or url.username:
            yield Warning(
                f"SOLANA_RPC_URL: address {place} sends its key over http, where others can read it.",
                hint="Write it as https://…",
                id="staking.W003",
            )


def _split(address: str) -> SplitResult | None:
    try:
        url = urlsplit(address)
        _ = url.port
    except ValueError:
        return None
    return url


def _is_redis(address: str) -> bool:
    url = _split(address)
    if url is None or url.scheme not in ("redis", *_SECURE_REDIS):
        return False
    # Of a database that is no number redis-py would take the first.
    form = r".+" if url.scheme == "unix" else r"/*\d*/*\s*"
    return bool(re.fullmatch(form, url.path)) and (not url.query or _takes(address))


def _takes(address: str) -> bool:
    """Whether redis-py, which few commands need, knows the options behind an address. Connects to nobody."""
    from redis import ConnectionPool, RedisError

    try:
        ConnectionPool.from_url(address).make_connection()
    except (ValueError, TypeError, RedisError):
        return False
    return True


def _is_origin(text: str) -> bool:
    url = _split(text)
    return url is not None and bool(url.scheme and url.hostname) and text == f"{url.scheme}://{url.netloc}"


def _is_host_name(name: str) -> bool:
    """Also *, .example.org for all below it, and [::1]."""
    return bool(re.fullmatch(r"\*|\.?[\w-]+(\.[\w-]+)*|\[[0-9A-Fa-f:.]+\]", name, re.ASCII))


def _is_here(url: SplitResult) -> bool:
    """An address without a host is of a socket."""
    return url.hostname is None or is_this_machine(url.hostname)
