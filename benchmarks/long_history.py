"""How long a fetch of votes takes where every validator has a long history.

    python -m benchmarks.long_history [--validators 5000] [--epochs 60] [--databases NAME …] [--json]

The same epoch is fetched seven times, and then the next one, which closes the epoch before it and
works out its returns; that is done once, in a database as the seven left it. The endpoint is another
process on loopback that answers with prepared bytes. "cpu" is that of the fetching process alone.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from benchmarks.canned_cluster import EPOCH, serving
from benchmarks.fetch_and_score import DATABASES, PROJECT, database_url, replies

# The median is of so many fetches.
REPEATS = 7
# Epoch and slots of it that have passed, of each fetch in turn; the last is of the next epoch.
LOOKS = (*((EPOCH, 200_000 + 10_000 * place) for place in range(2 + REPEATS)), (EPOCH + 1, 100))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--validators", type=int, default=5_000)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")
    options = parser.parse_args()
    with ExitStack() as servers:
        endpoints = [
            servers.enter_context(serving(replies(options.validators, slot_index, epoch=epoch)))
            for epoch, slot_index in LOOKS
        ]
        rows = [
            {"database": database} | measured(database, options.epochs, endpoints)
            for database in options.databases
        ]
    print(json.dumps(rows, indent=1) if options.json else "\n".join(table(rows)))


def measured(database: str, epochs: int, endpoints: list[str]) -> dict[str, Any]:
    with database_url(database) as url, tempfile.TemporaryDirectory() as state:
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.long_history_case", str(epochs), *endpoints],
            cwd=PROJECT,
            env={**os.environ, "DATABASE_URL": url, "STATE_DIR": state, "DEBUG": "0"},
            stdout=subprocess.PIPE,
            check=True,
        )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield "database    epoch rows  what              seconds  slowest     cpu  statements"
    for row in rows:
        for what in ("same epoch", "next epoch"):
            one = row[what]
            yield (
                f"{row['database']:<11} {row['rows']:>10}  {what:<16} {one['seconds']:>8.3f} "
                f"{one['slowest']:>8.3f} {one['cpu']:>7.3f} {one['statements']:>11}"
            )


if __name__ == "__main__":
    main()
