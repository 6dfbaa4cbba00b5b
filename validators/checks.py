"""Wrong settings, found before anything runs."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from scheduling.checks import FILES, INSTALLATION, bounded
from scheduling.public_addresses import networks
from validators.networks.database import describe
from validators.networks.exceptions import NetworksError
from validators.scoring.registry import METHODS
from validators.solana.endpoint_names import masked, parsed_address
from validators.solana.pubkey import is_pubkey

# Characters of a wrong key, which are enough to find it.
LONGEST_SHOWN: Final = 60


@register(INSTALLATION)
def check_endpoints(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each address in SOLANA_RPC_URL can be asked, and no name is given twice."""
    return [*bounded(_names_given_twice()), *bounded(_no_addresses())]


def _names_given_twice() -> Iterator[CheckMessage]:
    names = [parsed_address(address).name for address in settings.SOLANA_RPC_URLS]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        yield Error(
            f"SOLANA_RPC_URL: {names.count(name)} endpoints are called {name!r}.",
            hint="Give each its own name, as in one=https://rpc.example.org,two=https://rpc2.example.org.",
            id="validators.E004",
        )


def _no_addresses() -> list[CheckMessage]:
    return [
        Error(
            f"SOLANA_RPC_URL: address {position} ({_shown(url)}) is not an http or https URL with a host.",
            hint="Give one or several comma-separated addresses, such as "
            "https://api.mainnet-beta.solana.com, or with a name: mine=https://rpc.example.org.",
            id="validators.E001",
        )
        for position, url in enumerate(settings.SOLANA_RPC_URLS, start=1)
        if not _can_be_asked(parsed_address(url).url)
    ]


@register(INSTALLATION)
def check_deadline(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A fetch has some time, and not for ever."""
    if 0 < settings.FETCH_DEADLINE_SECONDS < float("inf"):
        return []
    return [
        Error(
            f"FETCH_DEADLINE_SECONDS is {settings.FETCH_DEADLINE_SECONDS}, and no fetch can keep that.",
            hint="Give the seconds that a whole fetch may take; 60 unless set.",
            id="validators.E002",
        )
    ]


@register(INSTALLATION)
def check_score_methods(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """SCORE_METHODS names methods that exist, each once, and at least one."""
    names = list(settings.SCORE_METHODS)
    unknown = [name for name in names if name not in METHODS]
    problem = ""
    if unknown:
        problem = f"{', '.join(map(repr, unknown))} is no scoring method"
    elif not names or len(set(names)) < len(names):
        problem = "every run needs at least one method, and no method twice"
    if not problem:
        return []
    hint = f"Choose from: {', '.join(METHODS)}. The first is the headline method."
    return [Error(f"SCORE_METHODS: {problem}.", hint=hint, id="validators.E003")]


def _can_be_asked(url: str) -> bool:
    try:
        parts = urlsplit(url)
        usable_port = parts.port != 0
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and usable_port and not _has_space(url)


def _has_space(url: str) -> bool:
    return any(character.isspace() for character in url)


@register(INSTALLATION)
def check_watched(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each of WATCHED_VALIDATORS is a key; whether a validator has it shows with the first fetch."""
    return bounded(
        Error(
            f"WATCHED_VALIDATORS: {key[:LONGEST_SHOWN]!r} is no vote account.",
            hint="Give vote accounts, 32 bytes in base58 each, with commas between them.",
            id="validators.E005",
        )
        for key in settings.WATCHED_VALIDATORS
        if not is_pubkey(key)
    )


@register(INSTALLATION)
def check_subscription_networks(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each of SUBSCRIPTION_NETWORKS is a network."""
    problems: list[CheckMessage] = []
    for text in settings.SUBSCRIPTION_NETWORKS:
        try:
            networks([text])
        except ValueError as exc:
            hint = "Write networks as 127.0.0.0/8 or 10.1.2.0/24, with commas between them."
            problems.append(Error(f"SUBSCRIPTION_NETWORKS: {exc}.", hint=hint, id="validators.E006"))
    return bounded(problems)


@register(FILES)
def check_rules(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each file of RULES_DIR is a rule set."""
    if not settings.RULES_DIR:
        return []
    # Here, because it brings pydantic along, which most commands have no use for.
    from validators.rules.files import read_rule_sets

    found = read_rule_sets(Path(settings.RULES_DIR))
    hint = "docs/verdicts.md has a file that works; manage.py verdicts tries yours."
    return bounded(Error(problem, hint=hint, id="validators.E007") for problem in found.refused)


@register(FILES)
def check_networks(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each file of ASN_DATABASE can be read, and is of a known kind."""
    problems: list[CheckMessage] = []
    for name in settings.ASN_DATABASE:
        try:
            describe(Path(name))
        except NetworksError as exc:
            hint = "docs/operations.md says which files do, and how to bring one; unset it to go without."
            problems.append(Error(f"ASN_DATABASE: {exc}", hint=hint, id="validators.E008"))
    return bounded(problems)


def _shown(url: str) -> str:
    """Masked, and no more than the scheme of what cannot even be read: it may hold a key."""
    try:
        return masked(url)
    except ValueError:
        return "unreadable"
