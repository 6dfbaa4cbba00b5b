"""What a day of this project's tasks writes to PostgreSQL: bytes of WAL, by task.

    python -m benchmarks.day_of_writes [--mode production] [--validators 1500] [--json]

Every declared task is called when its cadence says, against a simulated cluster, by a clock that is turned:
first until a clean-up finds as much as there comes, then for what is measured, and what that makes in a day.
For that what is over is kept for less long than the mode says, which deletes as much a day. A checkpoint
comes every five minutes of that clock, as by PostgreSQL's defaults: the first change of a page after one
writes the whole page. The rows of runs are not in it, because the tasks are called without a ledger;
`benchmarks.throughput` says what a run writes. PostgreSQL is started for the purpose.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import django

from benchmarks.fetch_and_score import database_url

DAY: Final = timedelta(days=1)
CHECKPOINTS: Final = timedelta(minutes=5)
# How long what is over is kept, how long it goes on before it is measured, and how long that lasts.
KEPT: Final = {"test": timedelta(minutes=2), "production": timedelta(hours=12)}
WARM_UP: Final = {"test": timedelta(minutes=4), "production": DAY}
MEASURED: Final = {"test": CHECKPOINTS, "production": DAY}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mode", choices=KEPT, default="production")
    parser.add_argument("--validators", type=int, default=1_500)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    with database_url("postgresql") as url, tempfile.TemporaryDirectory() as state:
        os.environ |= {
            "DATABASE_URL": url,
            "STATE_DIR": state,
            "DJANGO_SETTINGS_MODULE": "staking_project.settings",
        }
        django.setup()
        found = measured(options.mode, validators=options.validators)
    print(json.dumps(found) if options.json else "\n".join(table(found)))


def measured(mode: str, *, validators: int) -> dict[str, Any]:
    import time_machine
    from django.conf import settings
    from django.core.management import call_command

    from scheduling.models import Job
    from scheduling.operations.setting_up import set_up
    from validators.simulator.running import running_cluster

    call_command("migrate", verbosity=0)
    began = datetime.now(UTC)
    set_up(mode, now=began, by="benchmark")
    Job.objects.update(keep_succeeded=KEPT[mode], keep_failed=KEPT[mode])
    written: Counter[str] = Counter()
    called: Counter[str] = Counter()
    with (
        time_machine.travel(began, tick=False) as clock,
        running_cluster(validators=validators, epoch_seconds=DAY.total_seconds()) as endpoint,
    ):
        settings.SOLANA_RPC_URLS = [endpoint]
        measured_from, ends = began + WARM_UP[mode], began + WARM_UP[mode] + MEASURED[mode]
        checkpoint = began
        for at, name, task in due(mode, began, ends):
            clock.move_to(at)
            if at >= checkpoint:
                _execute("CHECKPOINT")
                checkpoint = at + CHECKPOINTS
            bytes_written = _written_by(task)
            if at >= measured_from:
                written[name] += bytes_written
                called[name] += 1
    days = MEASURED[mode] / DAY
    return {
        "mode": mode,
        "validators": validators,
        "bytes_a_day": {name: count / days for name, count in written.items()},
        "calls_a_day": {name: count / days for name, count in called.items()},
    }


def due(mode: str, began: datetime, ends: datetime) -> Iterator[tuple[datetime, str, str]]:
    """Every occurrence in the order of time, of each job its name and task."""
    from heapq import merge

    from scheduling.modes import declared_jobs, first_starts

    declared = declared_jobs()
    starts = first_starts(declared, mode=mode)

    def of(job: Any) -> Iterator[tuple[datetime, str, str]]:
        at = began + timedelta(seconds=starts[job.name])
        while at < ends:
            yield at, job.name, job.task
            at += timedelta(seconds=job.every_seconds[mode])

    return merge(*map(of, declared))


def _written_by(path: str) -> int:
    from django.utils import timezone
    from django.utils.module_loading import import_string

    from scheduling.exceptions import SkipRun
    from scheduling.ledger.retention import prune
    from scheduling.modes import CLEANUP
    from validators.exceptions import ValidatorsError

    before = _execute("SELECT pg_current_wal_lsn() - '0/0'")
    try:
        if path == CLEANUP.task:
            # By the clock that is turned, not by the database's.
            prune(now=timezone.now(), dry_run=False)
        else:
            import_string(path)()
    except SkipRun:
        pass
    except ValidatorsError as exc:
        # On a machine that is busy an answer may not come in time.
        print(f"{path}: {exc}", file=sys.stderr)
    return int(_execute("SELECT pg_current_wal_lsn() - '0/0'") - before)


def _execute(statement: str) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def table(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['mode']}, {found['validators']:,} validators"
    yield f"{'':<32} {'calls a day':>12} {'KiB a call':>11} {'MiB a day':>10}"
    for name, written in sorted(found["bytes_a_day"].items(), key=lambda one: -one[1]):
        calls = found["calls_a_day"][name]
        yield f"{name:<32} {calls:>12,.0f} {written / calls / 2**10:>11,.1f} {written / 2**20:>10,.1f}"
    yield f"{'all':<32} {'':>12} {'':>11} {sum(found['bytes_a_day'].values()) / 2**20:>10,.1f}"


if __name__ == "__main__":
    main()
