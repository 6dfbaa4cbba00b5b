"""One case of `benchmarks.long_history`, in a process of its own: Django knows one database."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.canned_cluster import EPOCH
from benchmarks.one_case import columns_of, fetch  # sets Django up

from django.core.management import call_command  # isort: skip
from django.db import connection  # isort: skip

from validators.models import ClusterEpoch, ValidatorEpoch  # isort: skip


@dataclass(slots=True)
class Cost:
    """What fetches cost: the median and slowest seconds, the median of our own process, statements of one."""

    seconds: float
    slowest: float
    cpu: float
    statements: int


def cost(endpoints: Sequence[str]) -> Cost:
    """Of a fetch from each; what they cost does not depend on what came before."""
    seconds, cpu, statements = [], [], 0
    for endpoint in endpoints:
        counted = _Counter()
        wall_began, cpu_began = time.perf_counter(), time.process_time()
        with connection.execute_wrapper(counted):
            fetch(endpoint)
        seconds.append(time.perf_counter() - wall_began)
        cpu.append(time.process_time() - cpu_began)
        statements = counted.statements
    return Cost(median(seconds), max(seconds), median(cpu), statements)


class _Counter:
    """Counts statements; those that COPY rows to PostgreSQL are not among them."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, execute: Any, *arguments: Any) -> Any:
        self.statements += 1
        return execute(*arguments)


def lengthen(epochs: int) -> None:
    """Copy the oldest epoch that the first fetch stored to those before it, until there are that many."""
    # Of the epochs before it a fetch knows the credits alone; a commission makes their returns known too.
    ValidatorEpoch.objects.update(commission_last_bps=500)
    names = [name for name in columns_of(ValidatorEpoch) if name not in ("id", "epoch")]
    listed = ", ".join(names)
    with connection.cursor() as cursor:
        for epoch in range(EPOCH - epochs, EPOCH - 4):
            cursor.execute(
                f"INSERT INTO {ValidatorEpoch._meta.db_table} (epoch, {listed}) "
                f"SELECT {epoch}, {listed} FROM {ValidatorEpoch._meta.db_table} WHERE epoch = {EPOCH - 4}"
            )
        cursor.execute("ANALYZE")
    ClusterEpoch.objects.update(
        inflation_validator=0.04, total_supply=600 * 10**15, slots=432_000, slot_ms=400
    )


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    first, second, *later, following = sys.argv[2:]
    fetch(first)
    lengthen(int(sys.argv[1]))
    fetch(second)
    same = cost(later)
    print(
        json.dumps(
            {
                "rows": ValidatorEpoch.objects.count(),
                "same epoch": asdict(same),
                "next epoch": asdict(cost([following])),
            }
        )
    )
