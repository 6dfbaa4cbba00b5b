"""What a command does whose output has no room, or is closed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
# So much that it is written while the command runs.
MUCH = ("shell", "-v0", "-c", "print('x' * 100_000)")


def manage(tmp_path: Path, words: tuple[str, ...], *, output: str) -> subprocess.CompletedProcess[str]:
    """With this word of the shell behind the command."""
    return subprocess.run(
        ["sh", "-c", f'exec "$0" manage.py "$@" {output}', sys.executable, *words],
        cwd=PROJECT,
        env=os.environ | {"STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("words", [("scheduler", "help"), ("env_example",), MUCH])
def test_on_a_full_disk_one_line_says_that_not_all_was_written(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    result = manage(tmp_path, words, output="> /dev/full")

    assert (result.returncode, result.stderr) == (1, "Not all could be written: No space left on device.\n")


@pytest.mark.parametrize("words", [("scheduler", "help"), ("env_example",)])
def test_who_closed_the_output_wants_nothing_of_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = manage(tmp_path, words, output=">&-")

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_what_was_done_before_a_disk_was_full_stands_beside_what_the_database_says() -> None:
    asked = (
        "from django.core import management; from django.db import OperationalError\n"
        "from staking_project.command_line import main\n"
        "full = OperationalError('database or disk is full'); full.add_note('Paused before that: a.')\n"
        "def end(_): raise full\n"
        "management.execute_from_command_line = end; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", asked], cwd=PROJECT, capture_output=True, text=True, timeout=60
    )

    why = "its disk is full, or it may not grow any more: database or disk is full"
    assert result.stderr == f"The database does not work ({why}). Paused before that: a.\n"
