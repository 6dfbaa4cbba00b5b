"""One case of fetch_and_score, in a process and a database of its own: Django knows one database."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
django.setup()

import requests  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402

from benchmarks.budget import budget, cpu_of  # noqa: E402
from validators.models import Fetch, ScoringRun, TrustScore, Validator, ValidatorEpoch  # noqa: E402
from validators.tasks import fetch_validators, score_validators  # noqa: E402

REPEATS = 3
UNIQUE = {
    Validator: ("vote_account",),
    ValidatorEpoch: ("validator_id", "epoch"),
    TrustScore: ("validator_id", "run_id"),
}


def times(first: str, second: str, following: str) -> dict[str, float]:
    """The best seconds of fetches, scores and their floors; the second fetch of all confirms commissions."""
    best: dict[str, float] = {}

    def record(name: str, action: Callable[[], Any]) -> None:
        began = time.perf_counter()
        action()
        seconds = time.perf_counter() - began
        best[name] = min(best.get(name, seconds), seconds)

    votes = requests.post(first, json={"id": 1, "method": "getVoteAccounts"}, timeout=60).content
    for _ in range(REPEATS):
        empty_tables()
        record("fetch_first", partial(fetch, first))
        record("fetch_second", partial(fetch, second))
        record("fetch_next", partial(fetch, following))
        record("score", score_validators)
        validators, epochs, scores = (rows_of(model) for model in UNIQUE)
        epoch = columns_of(ValidatorEpoch).index("epoch")
        running = [row for row in epochs if row[epoch] == epochs[-1][epoch]]
        empty_tables(keep=(Fetch, ScoringRun))
        record("fetch_first_floor", partial(floor, votes, {Validator: validators, ValidatorEpoch: epochs}))
        record("fetch_next_floor", partial(floor, votes, {Validator: validators, ValidatorEpoch: running}))
        record("score_floor", partial(floor, b"0", {TrustScore: scores}))
    return best


def memory(*endpoints: str) -> dict[str, float]:
    """The most MiB that this process held in three fetches and a score."""
    for endpoint in endpoints:
        fetch(endpoint)
    score_validators()
    return {"memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def budgets(*endpoints: str) -> dict[str, Any]:
    """Of a next fetch and of a score, the one of three that took this process the least."""
    for endpoint in endpoints:
        fetch(endpoint)
    score_validators()
    actions: dict[str, Callable[[], Any]] = {
        "next fetch": partial(fetch, endpoints[-1]),
        "score": score_validators,
    }
    found = {name: [budget(action) for _ in range(REPEATS)] for name, action in actions.items()}
    return {"budget": {name: min(several, key=cpu_of) for name, several in found.items()}}


def fetch(endpoint: str) -> None:
    settings.SOLANA_RPC_URLS = [endpoint]
    fetch_validators()


def floor(body: bytes, tables: dict[type[models.Model], list[tuple[Any, ...]]]) -> None:
    """What no program that stores these rows can do without: parse the body, upsert the rows."""
    json.loads(body)
    with transaction.atomic():
        for model, rows in tables.items():
            upsert(model, rows)


def columns_of(model: type[models.Model]) -> list[str]:
    return [str(field.column) for field in model._meta.concrete_fields]


def rows_of(model: type[models.Model]) -> list[tuple[Any, ...]]:
    """The rows as the driver gives them, so that they can be given back without any conversion."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns_of(model))} FROM {model._meta.db_table} ORDER BY id")
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def upsert(model: type[models.Model], rows: list[tuple[Any, ...]]) -> None:
    """The fastest upsert each driver has: executemany in SQLite, COPY and one statement in PostgreSQL."""
    columns = columns_of(model)
    names, target = ", ".join(columns), model._meta.db_table
    changed = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
    conflict = f"ON CONFLICT ({', '.join(UNIQUE[model])}) DO UPDATE SET {changed}"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {target} ({names}) VALUES ({places}) {conflict}", rows)
            return
        cursor.execute(f"CREATE TEMPORARY TABLE floor ON COMMIT DROP AS SELECT * FROM {target} LIMIT 0")
        with cursor.copy(f"COPY floor ({names}) FROM STDIN") as stream:
            for row in rows:
                stream.write_row(row)
        cursor.execute(f"INSERT INTO {target} ({names}) SELECT {names} FROM floor {conflict}")
        cursor.execute("DROP TABLE floor")


def empty_tables(keep: tuple[type[models.Model], ...] = ()) -> None:
    for model in (TrustScore, ValidatorEpoch, ScoringRun, Fetch, Validator):
        if model not in keep:
            model._default_manager.all()._raw_delete(connection.alias)


if __name__ == "__main__":
    # By another process, as a worker's memory holds no migrations.
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], check=True)
    cases: dict[str, Callable[..., dict[str, Any]]] = {"times": times, "memory": memory, "budget": budgets}
    print(json.dumps(cases[sys.argv[1]](*sys.argv[2:])))
