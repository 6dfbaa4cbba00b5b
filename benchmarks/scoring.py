"""How long a scoring by all methods takes, with reading the history and storing scores and inputs.

    python -m benchmarks.scoring [--validators 5000] [--epochs 60] [--databases sqlite postgresql] [--json]

Each case has a database and a process of its own; the best of three is taken.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from benchmarks.fetch_and_score import DATABASES, PROJECT, database_url


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--validators", type=int, default=5_000)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")
    options = parser.parse_args()
    rows = [measured(database, options.validators, options.epochs) for database in options.databases]
    print(json.dumps(rows, indent=1) if options.json else "\n".join(table(rows)))


def measured(database: str, validators: int, epochs: int) -> dict[str, Any]:
    with database_url(database) as url, tempfile.TemporaryDirectory() as state:
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.scoring_case", str(validators), str(epochs)],
            cwd=PROJECT,
            env={**os.environ, "DATABASE_URL": url, "STATE_DIR": state, "DEBUG": "0"},
            stdout=subprocess.PIPE,
            check=True,
        )
    return {"database": database, "validators": validators, "epochs": epochs, **json.loads(answer.stdout)}


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield "database  validators  epochs  all methods  trust-v3  trust-v2  baseline-v1  rescore  inputs memory"
    for row in rows:
        yield (
            f"{row['database']:<10} {row['validators']:>10} {row['epochs']:>7} {row['all']:>10.2f} s "
            f"{row['trust-v3']:>7.2f} s {row['trust-v2']:>7.2f} s {row['baseline-v1']:>10.2f} s "
            f"{row['rescore']:>6.2f} s "
            f"{row['inputs_mib']:>3.1f} MiB {row['memory_mib']:>4.0f} MiB"
        )


if __name__ == "__main__":
    main()
