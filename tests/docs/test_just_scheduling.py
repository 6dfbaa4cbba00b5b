"""The example of another project that uses `scheduling` alone: as it is, one occurrence really runs."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.installation import wait_until

EXAMPLE = Path(settings.BASE_DIR) / "examples" / "just_scheduling"
# The three commands of its page, one after the other in a process: most of each is starting Python.
COMMANDS = """
from django.core.management import execute_from_command_line as run
for words in (["migrate", "-v0"], ["scheduler", "setup", "test"], ["qcluster"]):
    run(["django", *words])
"""
ASKED = (
    "SELECT state, result FROM scheduling_run run JOIN scheduling_job job ON job.id = run.job_id "
    "WHERE job.name = 'greet' AND run.state = 'succeeded'"
)


def ended_run(database: Path) -> Any:
    with contextlib.suppress(sqlite3.OperationalError):  # not there yet, or without its tables
        uri = f"{database.as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=20)) as connection:
            return connection.execute(ASKED).fetchone()
    return None


@pytest.mark.processes
def test_another_project_runs_its_own_job_with_this_app_alone(tmp_path: Path) -> None:
    database, log = tmp_path / "db.sqlite3", tmp_path / "log"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(settings.BASE_DIR),
        "DJANGO_SETTINGS_MODULE": "settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE": str(database),
        "REDIS_URL": settings.REDIS_URL,
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMANDS], cwd=EXAMPLE, env=environment, stdout=output, stderr=output
        )
    try:
        state, result = wait_until(lambda: ended_run(database), saying=f"a run; {log}")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()

    assert (state, json.loads(result)) == ("succeeded", "Good morning")
    assert "Traceback" not in log.read_text()


def test_it_takes_some_twenty_lines_and_names_nothing_of_solana() -> None:
    texts = {path.name: path.read_text() for path in EXAMPLE.glob("*.py")}
    lines = [
        line for line in texts["settings.py"].splitlines() if line and not line.startswith(("#", '"', " "))
    ]

    assert set(texts) == {"settings.py", "jobs.py"}
    assert len(lines) <= 20
    assert not any(
        word in text.lower() for text in texts.values() for word in ("solana", "validators", "staking")
    )
