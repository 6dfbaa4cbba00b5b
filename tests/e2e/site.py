"""The whole stack as a newcomer starts it, for browsers to visit."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from django.conf import settings

from staking_project.stack import HOST, free_port
from tests.installation import wait_until

# A loaded machine takes its time; whoever waits in vain fails anyway.
PATIENCE_SECONDS = 120
STOP_SECONDS = 60
# More than a page of the list shows; the fifteen hundred of a newcomer keep a processor busy.
VALIDATORS = 150
# What a shell has that knows nothing of Redis, Solana or a database.
_OURS = {"REDIS_URL", "DATABASE_URL", "SOLANA_RPC_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE"}


@dataclass(frozen=True, slots=True)
class Site:
    """A running stack: its address, its administrator's password, and the folder it keeps its state in."""

    url: str
    password: str
    folder: Path
    environment: dict[str, str]

    def manage(self, *words: str) -> str:
        """Run one management command to its end; returns its standard output."""
        argv = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            argv, env=self.environment, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the stack's own database, or write to it."""
        with closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=60)) as database:
            rows = database.execute(sql).fetchall()
            database.commit()
            return rows

    def one(self, sql: str) -> Any:
        """The first column of the first row."""
        return self.rows(sql)[0][0]


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """`manage.py run` in test mode over the simulated cluster, with the first scores there."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name not in _OURS}
    # Browsers of many tests ask from one address.
    environment = kept | {
        "STATE_DIR": str(folder),
        "PORT": str(port),
        "RATE_LIMIT": "0",
        "SIMULATED_VALIDATORS": str(VALIDATORS),
    }
    log = folder / "run.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.staking_project.small_run", "run"],
            env=environment,
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://{HOST}:{port}"

        def has_scores() -> bool:
            assert process.poll() is None, log.read_text()
            return _has_scores(url)

        wait_until(has_scores, seconds=PATIENCE_SECONDS, saying="the first scores")
        password = re.search(r"password (\S+) \(shown this once\)", log.read_text())
        assert password is not None, log.read_text()
        yield Site(url, password[1], folder, environment)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # What it started ends with it.
            process.kill()
            process.wait()


def _has_scores(url: str) -> bool:
    try:
        reply = requests.get(f"{url}/api/v1/validators?limit=1", timeout=10)
    except (requests.ConnectionError, requests.ReadTimeout):
        return False
    found = reply.json().get("items") if reply.ok else None
    return bool(found and found[0]["score"] is not None)
