"""What a bad first endpoint costs a fetch: the same fetch with it and without it, in one run.

    python -m benchmarks.bad_endpoint [--validators 5000] [--databases sqlite postgresql] [--json]

A good look is stored, then the next one is fetched: from a good endpoint alone, and from a bad one
before it that is behind, of another cluster, frozen, shrunken, or never answers. Each database has
a process of its own, every endpoint another; everything is timed three times, and the best is taken.
The bad one may cost 1.5 s, one that never answers its share of the deadline besides.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from benchmarks.bars import tell
from benchmarks.canned_cluster import serving
from benchmarks.fetch_and_score import DATABASES, PROJECT, database_url, replies

DEADLINE_SECONDS = 10.0
MOST_EXTRA_SECONDS = 1.5
HANGING = "hanging"
GENESIS, OTHER_GENESIS = "4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZAMdL4VZHirAn", "11111111111111111111111111111111"
LAST_LOOK, NEXT_LOOK, BEHIND = 200_000, 210_000, 180_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--validators", type=int, default=5_000)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")
    options = parser.parse_args()
    with ExitStack() as stack:
        served = {
            kind: stack.enter_context(serving(results))
            for kind, results in answers(options.validators).items()
        }
        # Connections wait in its backlog for ever.
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        served[HANGING] = f"http://127.0.0.1:{listener.getsockname()[1]}"
        rows = [row for database in options.databases for row in measured(database, served)]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print("\n".join(table(rows)))
    for row in rows:
        what = f"a first endpoint that is bad: {row['kind']}, {row['database']}"
        tell(what, row["seconds"] - row["alone"], "s more", most=allowed(row))


def answers(size: int) -> dict[str, dict[str, bytes]]:
    """By kind of endpoint the results of its methods; `last` is the look before all others."""
    last, good = replies(size, LAST_LOOK), replies(size, NEXT_LOOK)
    votes = json.loads(good["getVoteAccounts"])
    half = {"current": votes["current"][: size // 3], "delinquent": []}
    other = replies(size, NEXT_LOOK, seed=8)
    kinds = {
        "last": last,
        "good": good,
        "behind": replies(size, BEHIND),
        "other cluster": other,
        "frozen": last,
        "shrunken": good | {"getVoteAccounts": json.dumps(half).encode()},
    }
    genesis = {kind: OTHER_GENESIS if results is other else GENESIS for kind, results in kinds.items()}
    return {
        kind: results | {"getGenesisHash": json.dumps(genesis[kind]).encode()}
        for kind, results in kinds.items()
    }


def measured(database: str, served: dict[str, str]) -> list[dict[str, Any]]:
    with database_url(database) as url, tempfile.TemporaryDirectory() as state:
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.bad_endpoint_case", json.dumps(served)],
            cwd=PROJECT,
            env={
                **os.environ,
                "DATABASE_URL": url,
                "STATE_DIR": state,
                "DEBUG": "0",
                "FETCH_DEADLINE_SECONDS": str(DEADLINE_SECONDS),
            },
            stdout=subprocess.PIPE,
            check=True,
        )
    return [{"database": database, **row} for row in json.loads(answer.stdout)]


def allowed(row: dict[str, Any]) -> float:
    """The seconds that a bad endpoint of this kind may cost."""
    return MOST_EXTRA_SECONDS + (DEADLINE_SECONDS / 2 if row["kind"] == HANGING else 0)


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield "database    first endpoint  seconds   alone  ratio  extra  allowed  outcome"
    for row in rows:
        seconds, alone, most = row["seconds"], row["alone"], allowed(row)
        is_kept = row["outcome"] == "passed over" and seconds - alone <= most
        yield (
            f"{row['database']:<11} {row['kind']:<14} {seconds:>8.3f} {alone:>7.3f} {seconds / alone:>6.2f} "
            f"{seconds - alone:>6.2f} {most:>8.1f}  {row['outcome']}{'' if is_kept else '  <- not so'}"
        )


if __name__ == "__main__":
    main()
