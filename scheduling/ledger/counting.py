"""How many rows there are: to the last while they are few, else about as many as PostgreSQL expects."""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import QuerySet

# Counting reads each of them: some milliseconds.
MOST_COUNTED: Final = 20_000


class Counts(NamedTuple):
    """Numbers by name, and the names of those that are estimates."""

    numbers: dict[str, int]
    estimated: tuple[str, ...]


def counts_of(rows: Mapping[str, QuerySet[Any, Any]]) -> Counts:
    """SQLite knows nothing that it has not counted: there all are exact."""
    numbers: dict[str, int] = {}
    estimated = []
    for name, some in rows.items():
        if connection.vendor != "postgresql":
            numbers[name] = some.count()
            continue
        numbers[name] = some.order_by()[: MOST_COUNTED + 1].count()
        if numbers[name] > MOST_COUNTED:
            [plan] = json.loads(some.order_by().values("pk").explain(format="json"))
            # By its statistics, which it gathers now and then.
            expected = plan["Plan"]["Plan Rows"]
            if expected <= MOST_COUNTED:
                # It has none yet, as after a restore: more than that were counted.
                numbers[name] = some.count()
                continue
            numbers[name] = expected
            estimated.append(name)
    return Counts(numbers, tuple(estimated))


def counts_said(numbers: Mapping[str, int], estimated: Collection[str]) -> dict[str, str]:
    return {name: f"about {number}" if name in estimated else str(number) for name, number in numbers.items()}
