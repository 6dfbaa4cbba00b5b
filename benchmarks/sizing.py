"""What an installation needs: the table of docs/operations.md.

    python -m benchmarks.sizing [--sizes 1500x100 1500x500 5000x100] [--databases NAME …] [--json]

`1500x100` is 1,500 validators with a history of 100 epochs and what is kept of each: one scoring run
of every method, and what it was given. "disk" is the whole database with its indexes, "an epoch" how
much one more makes of it; "fetch" and "score" are seconds of a processor, the best of three; "memory" is
the most that the process held which did both. The endpoint is another process that answers with prepared
bytes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from benchmarks.canned_cluster import serving
from benchmarks.fetch_and_score import DATABASES, PROJECT, database_url, replies

SIZES = ("1500x100", "1500x500", "5000x100")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")
    options = parser.parse_args()
    rows = [
        measured(database, *map(int, size.split("x")))
        for size in options.sizes
        for database in options.databases
    ]
    print(json.dumps(rows, indent=1) if options.json else "\n".join(table(rows)))


def measured(database: str, validators: int, epochs: int) -> dict[str, Any]:
    with (
        serving(replies(validators, 200_000)) as first,
        serving(replies(validators, 210_000)) as following,
        database_url(database) as url,
        tempfile.TemporaryDirectory() as state,
    ):
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.sizing_case", str(epochs), first, following],
            cwd=PROJECT,
            env={**os.environ, "DATABASE_URL": url, "STATE_DIR": state, "DEBUG": "0"},
            stdout=subprocess.PIPE,
            check=True,
        )
    measured: dict[str, Any] = json.loads(answer.stdout)
    return {"database": database, "validators": validators, "epochs": epochs} | measured


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield "| validators | epochs | database | disk | an epoch | fetch | score | memory |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        cells = (
            f"{row['validators']:,}",
            f"{row['epochs']:,}",
            row["database"],
            f"{row['bytes'] / 2**20:,.0f} MB",
            f"{row['bytes_an_epoch'] / 2**20:.1f} MB",
            f"{row['fetch']:.1f} s",
            f"{row['score']:.1f} s",
            f"{row['memory'] / 1024:.0f} MB",
        )
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
