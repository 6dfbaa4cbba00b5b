"""One case of `benchmarks.cycle`, in a process and a database of its own: Django knows one database."""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial, wraps
from operator import itemgetter
from typing import Any
from unittest.mock import patch

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402

from scheduling.exceptions import SkipRun  # noqa: E402
from validators.jobs import BY_SOURCE  # noqa: E402
from validators.models import MevEpoch, Validator  # noqa: E402
from validators.services import bulk  # noqa: E402
from validators.services.attempts import newest_fetch  # noqa: E402
from validators.services.mev import EPOCHS_OPEN  # noqa: E402
from validators.solana import rpc  # noqa: E402

REPEATS = 3
PATIENCE_SECONDS = 600
# After so many the tips of everybody in the running epoch were asked for.
RUNS_FOR_ALL = 4
TICKS = os.sysconf("SC_CLK_TCK")


def cost(task: Callable[[], Any]) -> dict[str, Any]:
    """Seconds of CPU of this process and of its server's, those of the floor, and statements."""
    bodies: list[bytes] = []
    statements = 0

    def counted(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    original = rpc.Endpoint._body

    @wraps(original)
    def kept(*args: Any, **kwargs: Any) -> Any:
        body = original(*args, **kwargs)
        bodies.append(body)
        return body

    server = _server_cpu()
    with patch.object(rpc.Endpoint, "_body", kept), connection.execute_wrapper(counted):
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
    # The simulated cluster draws all its accounts at a first question, which on a busy machine takes minutes.
    settings.FETCH_DEADLINE_SECONDS = rpc.READ_SECONDS = PATIENCE_SECONDS  # type: ignore[misc]
    tasks = {source: partial(_unless_skipped, import_string(job.task)) for source, job in BY_SOURCE.items()}
    first = {source: cost(task) for source, task in tasks.items()}
    _settle_tips()
    for task in (*tasks.values(), *[tasks["mev"]] * RUNS_FOR_ALL):
        task()
    found: dict[str, list[dict[str, Any]]] = {source: [] for source in tasks}
    for _ in range(REPEATS):
        for source, task in tasks.items():
            found[source].append(cost(task))
    return {"sources": {source: _best(first[source], several) for source, several in found.items()}}


def _best(first: dict[str, Any], several: list[dict[str, Any]]) -> dict[str, Any]:
    least = min(several, key=itemgetter("seconds"))
    return least | {
        "first": first["seconds"],
        "next": least["seconds"],
        "floor": least["floor"] or first["floor"],
    }


def _unless_skipped(task: Callable[[], Any]) -> None:
    """Inflation is asked for once in an epoch."""
    with suppress(SkipRun):
        task()


def _settle_tips() -> None:
    """Of all ended epochs, as if they had been asked for while they ran, and once more."""
    epoch = newest_fetch().epoch
    MevEpoch.objects.filter(epoch__lt=epoch).delete()
    told = {"runs_jito": True, "commission_bps": 800, "tips": 10**9, "tips_final": True, "settled": True}
    untold = {"priority_final": False, "slot": 1, "source": MevEpoch.Source.ACCOUNTS.value}
    rows = [
        (key, ended)
        for key in Validator.objects.values_list("pk", flat=True)
        for ended in range(epoch - EPOCHS_OPEN, epoch)
    ]
    with transaction.atomic():
        constants = told | untold | {"looked_at": timezone.now()}
        bulk.insert_rows(MevEpoch, fields=("validator_id", "epoch"), rows=rows, constants=constants)


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    print(json.dumps(main(sys.argv[1])))
