"""Telling chats and pagers, by apprise, which talks HTTP by itself and with bounds of its own.

So it does in a process of its own, started anew for each piece of news and killed when its time is up:
whatever a library does with a reply that drips, it ends there. Who is told is the operator's own setting, and
may be any host, this network's too. The address, which holds keys, goes in by standard input; nothing comes
out but a code, or the places of those that nobody understands.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.conf import settings

from scheduling.exceptions import DeliveryError
from scheduling.wording import pip_install

INSTALL = pip_install("-r requirements-alerts.txt")
# Of the whole process, its start too; less than a delivery has, so that the reason is recorded.
PATIENCE = 13.0
_NOT_TAKEN, _NOT_UNDERSTOOD, _NOT_INSTALLED = 10, 11, 12
_REASONS = {
    _NOT_TAKEN: "it could not be reached, or did not take it",
    _NOT_UNDERSTOOD: "apprise does not understand this address",
    _NOT_INSTALLED: f"apprise is not installed: {INSTALL}",
}
_SCHEMA = re.compile(r"([a-z][a-z0-9+.-]*)://\S", re.IGNORECASE)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def is_installed() -> bool:
    return find_spec("apprise") is not None


def schema_of(address: str) -> str:
    """What kind of chat it is, which is all of it that may be shown; empty for what is no address."""
    found = _SCHEMA.match(address)
    return found[1].lower() if found else ""


def tell(address: str, *, title: str, body: str, is_over: bool) -> None:
    """Raises `DeliveryError`, which names the kind of chat and why, unless it was taken."""
    asked = {"address": address, "title": title, "body": body, "is_over": is_over}
    kind = schema_of(address) or "the address"
    try:
        code = _asked_of_apprise(asked).returncode
    except subprocess.TimeoutExpired:
        raise DeliveryError(f"{kind}: no whole answer in {PATIENCE:g} s.") from None
    if code:
        raise DeliveryError(f"{kind}: {_REASONS.get(code, 'apprise broke off')}.")


def not_understood(addresses: Sequence[str]) -> list[int]:
    """The places, from 0, of those that apprise makes nothing of; what cannot be asked now is none of them.

    One process for all of them, which takes half a second to start.
    """
    if not addresses:
        return []
    try:
        answer = _asked_of_apprise({"addresses": list(addresses)})
    except subprocess.TimeoutExpired:
        return []
    return list(json.loads(answer.stdout)) if answer.returncode == 0 else []


def _asked_of_apprise(asked: dict[str, Any]) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(asked).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # apprise says in its log what it was given
        env=_environment(),
        timeout=PATIENCE,
        check=False,
    )


def _environment() -> dict[str, str]:
    """As for all that goes out: the proxy of the settings or none, and no keys from ~/.netrc."""
    kept = {name: value for name, value in os.environ.items() if name.lower() not in _PROXIES}
    proxy = dict.fromkeys(("http_proxy", "https_proxy"), settings.OUTGOING_PROXY)
    found_here = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "NETRC": os.devnull}
    return kept | found_here | (proxy if settings.OUTGOING_PROXY else {})


def _main() -> int:
    """The process: one notification, whose outcome is the exit code, or a look at some addresses."""
    signal.alarm(round(PATIENCE))  # should nobody be left to kill us
    asked, answers = json.load(sys.stdin), sys.stdout
    sys.stdout = sys.stderr  # whatever a library says
    try:
        import apprise
    except ImportError:
        return _NOT_INSTALLED
    if "addresses" in asked:
        made = [apprise.Apprise.instantiate(one, suppress_exceptions=True) for one in asked["addresses"]]
        json.dump([place for place, one in enumerate(made) if one is None], answers)
        return 0
    chat = apprise.Apprise()
    one = apprise.Apprise.instantiate(asked["address"], suppress_exceptions=True)
    if one is None or not chat.add(one):
        return _NOT_UNDERSTOOD
    # A chat refuses all of what is too long for it: the beginning goes out, and the title counts the rest.
    if one.overflow_mode == apprise.OverflowMode.UPSTREAM:
        one.overflow_mode = apprise.OverflowMode.TRUNCATE
    kind = apprise.NotifyType.SUCCESS if asked["is_over"] else apprise.NotifyType.WARNING
    return 0 if chat.notify(title=asked["title"], body=asked["body"], notify_type=kind) else _NOT_TAKEN


if __name__ == "__main__":
    sys.exit(_main())
