"""The settings of the storms' clusters, with every statement counted: a byte in a file of its process."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.backends.signals import connection_created

from tests.faults.settings import *  # noqa: F403


@cache
def _file_of(pid: int) -> int:
    return os.open(f"{os.environ['COUNTS']}/{pid}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _note(execute: Callable[..., Any], *arguments: Any) -> Any:
    os.write(_file_of(os.getpid()), b".")
    return execute(*arguments)


def _count(*, connection: Any, **_: Any) -> None:
    if _note not in connection.execute_wrappers:
        connection.execute_wrappers.append(_note)


if "COUNTS" in os.environ:
    connection_created.connect(_count)
