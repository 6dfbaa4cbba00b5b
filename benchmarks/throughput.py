"""Where the time of a run goes, and how many runs a second come of it.

    python -m benchmarks.throughput [--many 1000] [--database sqlite] [--clusters 1] [--before COMMIT]

A thousand jobs, whose task does nothing, are due in one second. Of each kind of process it prints the CPU and
the statements of one run: on a busy machine these stay what they are, while runs a second do not. With
--before the same is measured, in turn, of an older commit, and the last line is the ratio.

One cluster keeps both cores of such a machine busy, and a second brings none. So they are measured once more
as hosts of one core each, the database and Redis anywhere.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.bars import tell
from benchmarks.loads import PATIENCE, make_many, until_ended
from benchmarks.rows import instant
from tests.faults.site import Site, site
from tests.installation import children
from tests.redis_for_tests import free_port

PROJECT = Path(__file__).resolve().parent.parent
# Runs a second; and the seconds within which a thousand that are due at once have all started.
RATE_BAR, STARTED_BAR = 1_000, 1.5
# Seconds until the jobs are due: clusters have started, and have nothing else to do.
DUE_IN = 20
READY_AFTER = 10
HISTORY_TAKES = 1.0
# Seconds more until the jobs are due, for each cluster after the first: a busy machine starts them no faster.
MORE_FOR_EACH = 12
# How long it is looked, at least, what clusters cost that have nothing to do.
LEAST_IDLE = 2.0
# Sessions of PostgreSQL that a pooler takes.
POOL = 8
# In the order they were started.
ROLES = {"child 0": "worker", "child 1": "worker", "child 2": "monitor", "child 3": "pusher"}
# A command that keeps to one core, without a program that may be missing.
ON_ONE_CORE = (
    "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.execvp(sys.argv[2], sys.argv[2:])"
)
COPIED = ("benchmarks/throughput.py", "benchmarks/throughput_settings.py", "benchmarks/bars.py")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--many", type=int, default=1_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--clusters", type=int, action="append")
    parser.add_argument("--before", metavar="COMMIT", help="measure this commit as well, and the ratio")
    parser.add_argument("--pooled", action="store_true", help="with --json: with pgbouncer between")
    parser.add_argument(
        "--core-each", action="store_true", help="with --json: each cluster on a core of its own"
    )
    parser.add_argument("--json", action="store_true", help="one case, for another program")
    options = parser.parse_args()
    databases, clusters = options.database or ["sqlite", "postgresql"], options.clusters or [1, 2]
    if options.json:
        how = {"many": options.many, "pooled": options.pooled, "core_each": options.core_each}
        print(json.dumps(measured(databases[0], clusters=clusters[0], **how)))
        return 0
    with ExitStack() as stack:
        older = stack.enter_context(checkout(options.before)) if options.before else None
        for database in databases:
            rates: dict[int, float] = {}
            for number in clusters:
                print(f"\n{database}, {number} x 2 workers, {options.many} runs due at once")
                rates[number] = compare(older, database, clusters=number, many=options.many)
            if 1 in rates and 2 in rates:
                tell(f"two clusters beside one, {database}", rates[2] / rates[1], "x runs/s", least=1.0)
                compare_hosts(database, many=options.many)
    return 0


def compare_hosts(database: str, *, many: int) -> None:
    """Print what a second cluster brings that brings a core."""
    if len(os.sched_getaffinity(0)) < 2:
        print("  hosts of a core each: this machine has one")
        return
    one, two = (
        case(PROJECT, database, clusters=number, many=many, more=["--core-each"])["rate"] for number in (1, 2)
    )
    print(f"  hosts of a core each: one {one:.0f} runs/s, two {two:.0f}")
    tell(f"two hosts of a core each beside one, {database}", two / one, "x runs/s", least=1.0)


def compare(older: "Path | None", database: str, *, clusters: int, many: int) -> float:
    """Print the budget as it is, and beside that of another checkout; returns the runs/s as they are."""
    before = case(older, database, clusters=clusters, many=many) if older else None
    after = case(PROJECT, database, clusters=clusters, many=many)
    for name, found in (("before", before), ("now", after)):
        if found:
            print(
                f"  {name}: {found['rate']:.0f} runs/s, all started within {found['within']:.2f} s",
                flush=True,
            )
            for what in ("CPU, ms", "statements"):
                parts = ", ".join(f"{role} {value:.2f}" for role, value in found[what].items())
                print(f"    {what} of a run: {sum(found[what].values()):.2f} ({parts})")
            print(
                f"    beside: {', '.join(f'{name} {value:.2f}' for name, value in found['beside'].items())}"
            )
    if before:
        cpu, statements = (
            sum(before[what].values()) / sum(after[what].values()) for what in ("CPU, ms", "statements")
        )
        rates = after["rate"] / before["rate"]
        print(f"  ratio: {rates:.1f} x the runs/s, {cpu:.1f} x less CPU, {statements:.1f} x fewer statements")
    what = f"{many:,} runs due at once, {database}, {clusters} x 2 workers"
    tell(what, after["rate"], "runs/s", least=RATE_BAR)
    tell(f"all started, {what}", after["within"], "s", most=STARTED_BAR)
    return float(after["rate"])


def case(tree: Path, database: str, *, clusters: int, many: int, more: Sequence[str] = ()) -> dict[str, Any]:
    """In a process of that checkout, so that it measures its own code."""
    words = ["--json", "--database", database, "--clusters", str(clusters), "--many", str(many), *more]
    command = [sys.executable, "-m", "benchmarks.throughput", *words]
    told = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


class checkout:
    """A commit in a folder of its own, with this benchmark, or another one."""

    def __init__(self, commit: str, *, copied: Sequence[str] = COPIED) -> None:
        self._commit, self._copied = commit, copied
        self._folder = tempfile.TemporaryDirectory(prefix="before-")

    def __enter__(self) -> Path:
        folder = Path(self._folder.name)
        packed = subprocess.run(
            ["git", "archive", self._commit], cwd=PROJECT, capture_output=True, check=True
        )
        subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
        for name in self._copied:
            (folder / name).write_bytes((PROJECT / name).read_bytes())
        return folder

    def __exit__(self, *exc: object) -> None:
        self._folder.cleanup()


def measured(
    database: str, *, clusters: int, many: int, pooled: bool = False, core_each: bool = False
) -> dict[str, Any]:
    """One case: rates in runs a second, the rest for each run, and what a second without any costs."""
    cores = sorted(os.sched_getaffinity(0))
    due_in = DUE_IN + MORE_FOR_EACH * (clusters - 1)
    with site(database) as here, tempfile.TemporaryDirectory() as counts, ExitStack() as stack:
        # The jobs are made after this, so they are due after it.
        due_after = time.monotonic() + due_in
        make_many(here, due_in=due_in, many=many)
        here.environment |= {"DJANGO_SETTINGS_MODULE": "benchmarks.throughput_settings", "COUNTS": counts}
        if pooled:
            here.environment["DATABASE_URL"] = stack.enter_context(pooler(here))
        for number, name in enumerate("abcdefgh"[:clusters]):
            core = str(cores[number % len(cores)])
            prefix = (sys.executable, "-c", ON_ONE_CORE, core) if core_each else ()
            here.start_cluster(name, command_prefix=prefix)
        here.pause(READY_AFTER)
        roles = here.wait_until(
            lambda: all_there(here),
            seconds=due_after - LEAST_IDLE - time.monotonic(),
            saying="the start of all processes",
        )
        asleep, idle_since = [spent(roles), asked(roles, Path(counts)), beside(here)], time.monotonic()
        # What waiting costs is no run's.
        here.pause(due_after - time.monotonic())
        idle_seconds = time.monotonic() - idle_since
        before = [spent(roles), asked(roles, Path(counts)), beside(here)]
        until_ended(here, many, seconds=due_in + PATIENCE)
        time.sleep(HISTORY_TAKES)
        sessions = sessions_of(here)
        roles |= roles_of(here)
        after = [spent(roles), asked(roles, Path(counts)), beside(here)]
        first, started, ended, due = here.rows(
            "SELECT min(started_at), max(started_at), max(finished_at), max(occurrence) FROM scheduling_run"
        )[0]
    each, idle = _between(before, after, many), _between(asleep, before, idle_seconds)
    return {
        "rate": many / (instant(ended) - instant(first)).total_seconds(),
        "within": (instant(started) - instant(due)).total_seconds(),
        "CPU, ms": {key: value * 1_000 for key, value in each[0].items()},
        "statements": each[1],
        "beside": each[2],
        "sessions": sessions,
        "idle CPU, ms": {key: value * 1_000 for key, value in idle[0].items()},
        "idle statements": idle[1],
    }


def _between(old: list[dict[str, float]], new: list[dict[str, float]], by: float) -> list[dict[str, float]]:
    return [
        {key: (value - before.get(key, 0)) / by for key, value in after.items()}
        for before, after in zip(old, new, strict=True)
    ]


@contextmanager
def pooler(here: Site) -> Iterator[str]:
    """pgbouncer before its PostgreSQL, a transaction at a time; the address for the clusters."""
    assert here.postgres is not None, "there is something to pool"
    port, folder = free_port(), here.folder
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host={here.postgres.host} port={here.postgres.port} user=postgres\n[pgbouncer]\n"
        f"listen_addr = {here.postgres.host}\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\nmax_client_conn = 2000\ndefault_pool_size = {POOL}\n"
    )
    with (folder / "pgbouncer.log").open("a") as log:
        user = "nobody" if os.geteuid() == 0 else None
        process = subprocess.Popen(["pgbouncer", settings], stdout=log, stderr=log, user=user)
    try:
        yield f"postgresql://postgres@{here.postgres.host}:{port}/postgres?disable_server_side_cursors=true"
    finally:
        process.terminate()
        process.wait()


def sessions_of(here: Site) -> int:
    """Of PostgreSQL, those that are not ours and not its own."""
    if here.postgres is None:
        return 0
    return int(
        here.rows("SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'")[0][0]
    )


def all_there(here: Site) -> dict[int, str] | None:
    """Every process, once a cluster's parent and sentinel have the four below them."""
    roles = roles_of(here)
    ours = [role for role in roles.values() if role not in ("redis", "postgres")]
    return roles if len(ours) >= 6 * len(here.clusters) else None


def roles_of(here: Site) -> dict[int, str]:
    """Every process, and what it is."""
    found = {
        pid: ROLES.get(name, "dispatcher" if name == "parent" else name)
        for cluster in here.clusters
        for name, pid in cluster.pids().items()
    }
    assert here.redis.process is not None, "it runs"
    found[here.redis.process.pid] = "redis"
    if here.postgres is not None and here.postgres.process is not None:
        server = here.postgres.process.pid
        found |= dict.fromkeys([server, *children(server)], "postgres")
    return found


def spent(roles: dict[int, str]) -> dict[str, float]:
    """Seconds of CPU up to now, by kind of process."""
    found: defaultdict[str, float] = defaultdict(float)
    for pid, role in roles.items():
        try:
            # In nanoseconds; /proc/PID/stat counts hundredths of a second.
            threads = list(Path(f"/proc/{pid}/task").glob("*/schedstat"))
            found[role] += sum(int(one.read_text().split()[0]) for one in threads) / 1e9
        except (FileNotFoundError, ProcessLookupError):
            continue
    return dict(found)


def asked(roles: dict[int, str], counts: Path) -> dict[str, float]:
    """Statements up to now, by kind of process."""
    found: defaultdict[str, float] = defaultdict(float)
    for file in counts.iterdir():
        if int(file.name) in roles:
            found[roles[int(file.name)]] += file.stat().st_size
    return dict(found)


def beside(here: Site) -> dict[str, float]:
    """What else is counted up to now: calls of Redis, and commits where the database counts them."""
    commands = here.redis.client().info("commandstats")
    calls = sum(commands.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("rpush", "blpop", "lpop"))
    found = {"calls of Redis": float(calls)}
    if here.postgres is not None:
        commits, wal = here.rows(
            "SELECT xact_commit, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') FROM pg_stat_database "
            "WHERE datname = 'postgres'"
        )[0]
        found |= {"commits": float(commits), "bytes of WAL": float(wal)}
    return found


if __name__ == "__main__":
    sys.exit(main())
