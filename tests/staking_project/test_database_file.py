"""Who mistypes the name of SQLite's file is told, and gets no empty one."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from staking_project.database_file import existing_only

PROJECT = Path(__file__).resolve().parent.parent.parent


def manage(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """On the file `typo.sqlite3` of the folder."""
    told = {"DATABASE_URL": f"sqlite:///{folder / 'typo.sqlite3'}", "STATE_DIR": str(folder / "state")}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env=os.environ | told,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("words", ["scheduler list", "check --database default", "health --check"])
def test_a_command_names_the_file_and_makes_none(tmp_path: Path, words: str) -> None:
    result = manage(tmp_path, *words.split())

    said = result.stdout + result.stderr
    assert result.returncode > 0
    assert "its file is not there; `manage.py migrate` makes a new one" in said
    assert not (tmp_path / "typo.sqlite3").exists()


def test_migrate_makes_it_and_what_comes_after_finds_it(tmp_path: Path) -> None:
    assert manage(tmp_path, "migrate", "-v0").stderr == ""

    assert manage(tmp_path, "scheduler", "list").returncode == 0
    assert "The database does not work" not in manage(tmp_path, "health").stdout


def test_other_files_are_made_as_ever_and_one_that_is_lost_may_come_back(tmp_path: Path) -> None:
    """A test's, that of a copy; and a file on a disk that is not mounted is no lost database."""
    path = tmp_path / "db.sqlite3"
    connect = existing_only(str(path))
    connect(str(tmp_path / "other.sqlite3")).close()

    with pytest.raises(sqlite3.OperationalError, match="no such database file") as caught:
        connect(str(path))
    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_CANTOPEN

    path.touch()
    connect(str(path)).close()


def test_what_cannot_be_looked_at_is_not_called_missing(tmp_path: Path) -> None:
    """As in a folder of another user's, which nobody can play who is root: a link that leads to itself."""
    path = tmp_path / "db.sqlite3"
    path.symlink_to(path)

    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        existing_only(str(path))(str(path))
