"""Wrong settings, found before anything runs."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from validators.scoring.registry import METHODS
from validators.solana.rpc import masked


@register()
def check_endpoints(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each address in SOLANA_RPC_URL can be asked."""
    return [
        Error(
            f"SOLANA_RPC_URL: address {position} ({_shown(url)}) is not an http or https URL with a host.",
            hint="Give one or several comma-separated addresses, such as https://api.mainnet-beta.solana.com.",
            id="validators.E001",
        )
        for position, url in enumerate(settings.SOLANA_RPC_URLS, start=1)
        if not _can_be_asked(url.strip())
    ]


@register()
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


@register()
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


def _shown(url: str) -> str:
    """Masked, and no more than the scheme of what cannot even be read: it may hold a key."""
    try:
        return masked(url)
    except ValueError:
        return "unreadable"
