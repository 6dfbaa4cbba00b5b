"""Dotted paths of this app's tasks as rows and messages store them, and as older versions did."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from django.conf import settings

from scheduling.exceptions import UnknownNameError

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


def task_at(path: str) -> Callable[..., Any]:
    """The task that a row or a message stores under this path, or a former one.

    A task is a function of a module that `settings.TASK_MODULES` names. Raises `UnknownNameError` for
    anything else, of which nothing is imported: who may write a row may not thereby call what he likes.
    """
    module_path, _, name = path_today(path).rpartition(".")
    if module_path not in settings.TASK_MODULES:
        raise UnknownNameError(
            f"{path!r} is no task of this project; tasks are in {', '.join(settings.TASK_MODULES)}."
        )
    module = import_module(module_path)
    found = getattr(module, name, None)
    its_own = getattr(found, "__module__", "") == module_path
    if not callable(found) or not (name in module.__all__ if hasattr(module, "__all__") else its_own):
        raise UnknownNameError(f"{path!r} is no task of this project; {module_path} has none of that name.")
    return found  # type: ignore[no-any-return]
