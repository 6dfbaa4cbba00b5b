"""Counts in sentences, and a command to copy."""

import shlex
import sys

import pytest

from scheduling.wording import counted, pip_install, were


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 runs were left"),
        (1, "1 run was left"),
        (2, "2 runs were left"),
        (1_200, "1,200 runs were left"),
    ],
)
def test_a_noun_and_its_verb_go_with_their_number(number: int, said: str) -> None:
    assert f"{counted(number, 'run')} {were(number)} left" == said


def test_what_is_missing_is_installed_where_we_run_also_without_a_pip_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/srv/my site/.venv/bin/python")

    words = shlex.split(pip_install("-r requirements-mcp.txt"))

    assert words[:2] == ["python3", "-m"]
    assert words[2:] == ["pip", "--python", sys.executable, "install", "-r", "requirements-mcp.txt"]
