"""The fetches of bad_endpoint on one database, in a process of its own: Django knows one database."""

import json
import logging
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import django
import time_machine

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
django.setup()
logging.disable(logging.WARNING)

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from validators.exceptions import ValidatorsError  # noqa: E402
from validators.tasks import fetch_validators  # noqa: E402

REPEATS = 3
# So long do the slots from the last look to the next one last.
BETWEEN_LOOKS = timedelta(seconds=4_000)


def fetched(*urls: str) -> tuple[float, str]:
    """Seconds, and whose answer was stored, or why none was."""
    settings.SOLANA_RPC_URLS = list(urls)
    began = time.perf_counter()
    try:
        outcome = fetch_validators()["endpoint"]
    except ValidatorsError as exc:
        outcome = f"failed: {str(exc)[:80]}"
    return time.perf_counter() - began, outcome


def best(served: dict[str, str], *urls: str) -> tuple[float, str]:
    """The fastest of some fetches after the last look; nothing else is stored before each."""
    found = []
    for _ in range(REPEATS):
        call_command("flush", verbosity=0, interactive=False)
        fetched(served["last"])
        with time_machine.travel(datetime.now(UTC) + BETWEEN_LOOKS):
            found.append(fetched(*urls))
    return min(found)


def rows(served: dict[str, str]) -> list[dict[str, Any]]:
    alone, stored = best(served, served["good"])
    assert stored == served["good"], stored
    found = []
    for kind in served.keys() - {"last", "good"}:
        seconds, outcome = best(served, served[kind], served["good"])
        if outcome == served["good"]:
            outcome = "passed over"
        elif outcome == served[kind]:
            outcome = "believed"
        found.append({"kind": kind, "seconds": seconds, "alone": alone, "outcome": outcome})
    return sorted(found, key=lambda row: row["kind"])


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    print(json.dumps(rows(json.loads(sys.argv[1]))))
