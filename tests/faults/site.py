"""An installation that faults are made in: its database, its Redis, and clusters that are started again.

Unlike `tests.installation` it owns its PostgreSQL, so that this may be stopped, and it plays
systemd: a cluster whose parent ended is started again.
"""

import contextlib
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scheduling.engine.processes import die_with_parent
from tests.faults.servers import LOOPBACK, Postgres, Redis
from tests.faults.traces import EFFECT_TABLE
from tests.faults.transitions import ddl
from tests.installation import children

PROJECT = Path(__file__).resolve().parent.parent.parent
# Seconds. As systemd's RestartSec.
RESTART_AFTER = 0.2
LOOK_EVERY = 0.05


@dataclass(slots=True)
class Cluster:
    """One `qcluster`, on a host of its own as far as it knows."""

    name: str
    environment: dict[str, str]
    clock_file: Path
    log: Path
    command_prefix: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    ended_at: float | None = None

    def start(self) -> None:
        parent = os.getpid()
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*self.command_prefix, sys.executable, "manage.py", "qcluster"],
                env=self.environment,
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: die_with_parent(parent),
            )
        self.ended_at = None

    def pids(self) -> dict[str, int]:
        """Its processes by what they are; those that are just being started anew are missing."""
        assert self.process is not None, "it was started"
        found = {"parent": self.process.pid}
        for child in children(self.process.pid):
            if not children(child):
                found["courier"] = child
                continue
            found["sentinel"] = sentinel = child
            # In the order they were first started: workers, monitor, pusher. Later ones come last.
            found |= {f"child {number}": pid for number, pid in enumerate(children(sentinel))}
        return found

    def set_clock_wrong_by(self, seconds: float) -> None:
        with self.clock_file.open("r+b") as file:
            file.write(struct.pack("d", seconds))

    def restart_if_dead(self) -> None:
        if self.process is None or self.process.poll() is None:
            return
        if self.ended_at is None:
            self.ended_at = time.monotonic()
        elif time.monotonic() - self.ended_at > RESTART_AFTER:
            self.start()

    def stop(self, patience: float) -> bool:
        """Ask it to stop; say whether it did so in time."""
        if self.process is None or self.process.poll() is not None:
            return True
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        return True


@dataclass(slots=True)
class Site:
    """A database, a Redis and the clusters that use them. With `postgres` None the database is SQLite."""

    folder: Path
    redis: Redis
    postgres: Postgres | None
    environment: dict[str, str]
    clusters: list[Cluster] = field(default_factory=list)

    @property
    def effect_log(self) -> Path:
        return Path(self.environment["EFFECT_LOG"])

    def manage(self, *words: str) -> str:
        """Run one management command to its end; returns what it printed."""
        result = subprocess.run(
            [sys.executable, "manage.py", *words],
            env=self.environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert result.returncode == 0, f"{words}: {result.stdout}\n{result.stderr}"
        return result.stdout

    def start_command(self, *words: str) -> subprocess.Popen[bytes]:
        """Start one management command; the caller waits for it."""
        with (self.folder / "commands.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", *words],
                env=self.environment,
                cwd=PROJECT,
                stdout=log,
                stderr=log,
            )

    def start_cluster(
        self, name: str, *, command_prefix: tuple[str, ...] = (), **environment: str
    ) -> Cluster:
        clock_file = self.folder / f"clock-{name}"
        clock_file.write_bytes(struct.pack("d", 0.0))
        own = {"HOST_NAME": name, "CLOCK_OFFSET_FILE": str(clock_file)} | environment
        cluster = Cluster(
            name, self.environment | own, clock_file, self.folder / f"qcluster-{name}.log", command_prefix
        )
        cluster.start()
        self.clusters.append(cluster)
        return cluster

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask, or tell, the database something."""
        with self.session() as database:
            cursor = database.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    @contextlib.contextmanager
    def session(self) -> Iterator[Any]:
        """A connection to the database that commits each statement."""
        database: Any
        if self.postgres is None:
            database = sqlite3.connect(self.folder / "db.sqlite3", timeout=30, isolation_level=None)
        else:
            database = self.postgres.connect()
        with contextlib.closing(database):
            yield database

    def pause(self, seconds: float) -> None:
        """Let time pass, and start again what has died."""
        ends_at = time.monotonic() + seconds
        while (left := ends_at - time.monotonic()) > 0:
            for cluster in self.clusters:
                cluster.restart_if_dead()
            time.sleep(min(LOOK_EVERY, left))

    def wait_until(self, condition: Any, *, seconds: float, saying: str) -> Any:
        """The first true value of the condition; fails, with the logs, when there is none in time."""
        ends_at = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > ends_at:
                raise AssertionError(f"{saying} did not happen within {seconds:g} s\n{self.logs()}")
            self.pause(LOOK_EVERY)
        return value

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text()[-4000:]}" for path in sorted(self.folder.glob("*.log"))
        )

    def close(self) -> None:
        for cluster in self.clusters:
            if cluster.process is not None and cluster.process.poll() is None:
                cluster.process.kill()
                cluster.process.wait()
        self.redis.kill()
        if self.postgres is not None:
            self.postgres.stop_immediately()


@contextlib.contextmanager
def site(database: str, *, host: str = LOOPBACK) -> Iterator[Site]:
    """A migrated installation in a folder of its own, on `sqlite` or `postgresql`, without clusters.

    `host` is the address that its servers listen on.
    """
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
        postgres = Postgres(folder, host=host) if database == "postgresql" else None
        redis = Redis(folder, host=host)
        made = Site(folder, redis, postgres, _environment(folder, redis, postgres))
        try:
            redis.start()
            if postgres is not None:
                postgres.start()
                postgres.wait_until_ready()
            made.manage("migrate", "-v0")
            for statement in (EFFECT_TABLE, *ddl(database)):
                made.rows(statement)
            redis.wait_until_ready()
            yield made
        finally:
            with suppress(ProcessLookupError):
                made.close()


def _environment(folder: Path, redis: Redis, postgres: Postgres | None) -> dict[str, str]:
    environment = os.environ | {
        "STATE_DIR": str(folder / "state"),
        "DATABASE_URL": postgres.url if postgres else f"sqlite:///{folder / 'db.sqlite3'}",
        "REDIS_URL": redis.url,
        "EFFECT_LOG": str(folder / "effects"),
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "STOP_GRACE_SECONDS": "5",
        "PYTHONPATH": str(PROJECT),
    }
    environment.pop("PYTEST_XDIST_WORKER", None)
    return environment
