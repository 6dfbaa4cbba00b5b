"""What one cycle of all sources costs a worker, source by source, against the simulated cluster.

    python -m benchmarks.cycle [--validators 5000] [--databases sqlite postgresql] [--before COMMIT] [--json]

The cluster is a process of its own. "first" is a cycle into empty tables, "next" the one of three that took
least, in the same epoch and as it is on most days: the tips of ended epochs are settled, and those of the
running one were asked for by this worker before. Counted is CPU of the asking process, which on a busy
machine stays what it is, and beside it that of its PostgreSQL server process. "floor" is `json.loads` of the
same bytes. With --before the same is measured, in turn, of an older commit.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.bars import tell
from benchmarks.fetch_and_score import DATABASES, PROJECT, database_url
from benchmarks.throughput import checkout

COPIED = ("benchmarks/cycle.py", "benchmarks/cycle_case.py", "benchmarks/bars.py")
# Seconds of a worker for a cycle of 5,000 validators.
BAR = 1.2


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--validators", type=int, default=5_000)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--before", metavar="COMMIT", help="measure this commit as well")
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")
    options = parser.parse_args()
    with ExitStack() as stack:
        trees = {"now": PROJECT}
        if options.before:
            trees = {"before": stack.enter_context(checkout(options.before, copied=COPIED))} | trees
        url = stack.enter_context(simulated(options.validators))
        rows = [
            {"database": database, "tree": name} | measured(tree, database, url)
            for database in options.databases
            for name, tree in trees.items()
        ]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print("\n".join(table(rows)))
    for row in rows:
        seconds = sum(one["next"] for one in row["sources"].values())
        what = f"cycle of all sources, {options.validators:,} validators, {row['database']}, {row['tree']}"
        tell(what, seconds, "s of CPU", most=BAR)


@contextmanager
def simulated(validators: int) -> Iterator[str]:
    """The address of a simulated cluster of so many."""
    words = ["simulate_cluster", "--validators", str(validators), "--port", "0"]
    command = [sys.executable, "manage.py", *words]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[-1]
        finally:
            server.terminate()


def measured(tree: Path, database: str, endpoint: str) -> dict[str, Any]:
    """In a process of that checkout, so that it measures its own code."""
    with database_url(database) as url, tempfile.TemporaryDirectory() as state:
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.cycle_case", endpoint],
            cwd=tree,
            env={**os.environ, "DATABASE_URL": url, "STATE_DIR": state, "DEBUG": "0", "LOG_LEVEL": "ERROR"},
            stdout=subprocess.PIPE,
            check=True,
        )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield (
        "database    code    source        first, ms   next, ms  server, ms  floor, ms  "
        "next / floor  statements"
    )
    for row in rows:
        for source, one in row["sources"].items():
            yield (
                f"{row['database']:<11} {row['tree']:<7} {source:<12} {one['first'] * 1e3:>10.0f} "
                f"{one['next'] * 1e3:>10.0f} {one['server'] * 1e3:>11.0f} {one['floor'] * 1e3:>10.0f} "
                f"{one['next'] / one['floor']:>13.1f} {one['statements']:>11}"
            )
        first, following, floor = (
            sum(one[name] for one in row["sources"].values()) for name in ("first", "next", "floor")
        )
        yield (
            f"{row['database']:<11} {row['tree']:<7} {'all of them':<12} {first * 1e3:>10.0f} "
            f"{following * 1e3:>10.0f} {'':>11} {floor * 1e3:>10.0f} {following / floor:>13.1f}"
        )


if __name__ == "__main__":
    main()
