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
    counted = {name: _count(some) for name, some in rows.items()}
    estimated = tuple(name for name, (_, is_estimate) in counted.items() if is_estimate)
    return Counts({name: number for name, (number, _) in counted.items()}, estimated)


def _count(rows: QuerySet[Any, Any]) -> tuple[int, bool]:
    """How many there are, and whether that is an estimate."""
    if connection.vendor != "postgresql":
        return rows.count(), False
    number = rows.order_by()[: MOST_COUNTED + 1].count()
    if number <= MOST_COUNTED:
        return number, False
    [plan] = json.loads(rows.order_by().values("pk").explain(format="json"))
    expected = plan["Plan"]["Plan Rows"]
    # By its statistics, which it gathers now and then. After a restore it has none yet, and expects too few.
    return (expected, True) if expected > MOST_COUNTED else (rows.count(), False)


def counts_said(numbers: Mapping[str, int], estimated: Collection[str]) -> dict[str, str]:
    return {name: f"about {number}" if name in estimated else str(number) for name, number in numbers.items()}
