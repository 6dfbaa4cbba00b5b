"""One case of `benchmarks.cycle`, in a process and a database of its own: Django knows one database."""

import json
import os
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from unittest.mock import patch

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402

from validators.jobs import BY_SOURCE  # noqa: E402
from validators.solana.rpc import Endpoint  # noqa: E402

REPEATS = 3
TICKS = os.sysconf("SC_CLK_TCK")


def cost(task: Callable[[], Any]) -> dict[str, Any]:
    """Seconds of CPU of this process and of its server's, those of the floor, and statements."""
    bodies: list[bytes] = []
    statements = 0

    def counted(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    original = Endpoint._body

    @wraps(original)
    def kept(*args: Any, **kwargs: Any) -> Any:
        body = original(*args, **kwargs)
        bodies.append(body)
        return body

    server = _server_cpu()
    with patch.object(Endpoint, "_body", kept), connection.execute_wrapper(counted):
        began = time.process_time()
        task()
        seconds = time.process_time() - began
    server = _server_cpu() - server
    began = time.process_time()
    for body in bodies:
        json.loads(body)
    floor = time.process_time() - began
    return {"seconds": seconds, "server": server, "floor": floor, "statements": statements}


def _server_cpu() -> float:
    """Of the process of PostgreSQL that serves this connection."""
    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    with open(f"/proc/{connection.connection.info.backend_pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main(endpoint: str) -> dict[str, Any]:
    settings.SOLANA_RPC_URLS = [endpoint]
    tasks = {source: import_string(job.task) for source, job in BY_SOURCE.items()}
    first = {source: cost(task) for source, task in tasks.items()}
    for task in tasks.values():
        _quietly(task)
    found: dict[str, list[dict[str, Any]]] = {source: [] for source in tasks}
    for _ in range(REPEATS):
        for source, task in tasks.items():
            found[source].append(cost(lambda task=task: _quietly(task)))
    sources = {}
    for source, several in found.items():
        least = min(several, key=lambda one: one["seconds"])
        sources[source] = {
            "first": first[source]["seconds"],
            "next": least["seconds"],
            "server": least["server"],
            "floor": least["floor"] or first[source]["floor"],
            "statements": least["statements"],
        }
    return {"sources": sources}


def _quietly(task: Callable[[], Any]) -> None:
    """Inflation is asked once in an epoch."""
    from scheduling.exceptions import SkipRun

    try:
        task()
    except SkipRun:
        pass


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    print(json.dumps(main(sys.argv[1])))
