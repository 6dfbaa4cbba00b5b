"""Dotted paths of this app's tasks as rows and messages store them, and as older versions did."""

from collections.abc import Mapping
from typing import Final

EXECUTE_RUN: Final = "scheduling.tasks.execute_run"
CLEAN_UP: Final = "scheduling.tasks.clean_up"
SEND_EMAIL: Final = "scheduling.tasks.send_email"
SEND_WEBHOOK: Final = "scheduling.tasks.send_webhook"
SEND_CHAT: Final = "scheduling.tasks.send_chat"

# What stood in databases and in Redis before there was `scheduling.tasks`. A migration rewrites the
# rows; messages in flight, and rows that an older process writes during a rolling deploy, come in late.
FORMER: Final[Mapping[str, str]] = {
    "scheduling.execution.execute_run": EXECUTE_RUN,
    "scheduling.retention.clean_up": CLEAN_UP,
    "scheduling.alert_delivery.send_email": SEND_EMAIL,
    "scheduling.alert_delivery.send_webhook": SEND_WEBHOOK,
}


def path_today(path: str) -> str:
    """Where the task that was stored under this path is now."""
    return FORMER.get(path, path)


def paths_ever(path: str) -> list[str]:
    """The path and every former one of the same task."""
    return [path, *(former for former, today in FORMER.items() if today == path)]
