"""Counts in sentences, and a command to copy."""

import os
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from django.conf import settings

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

    assert words[1:3] == ["-m", "pip"]
    assert words[3:] == ["--python", sys.executable, "install", "-r", "requirements-mcp.txt"]


def test_what_is_told_to_install_has_a_pip_also_where_an_environment_without_one_is_activated(
    tmp_path: Path,
) -> None:
    venv.create(tmp_path, with_pip=False, symlinks=True)
    activated = {"PATH": f"{tmp_path / 'bin'}:{os.defpath}", "PYTHONPATH": str(settings.BASE_DIR)}

    def said(*words: str) -> str:
        return subprocess.run(words, env=activated, check=True, capture_output=True, text=True).stdout

    told = said("python3", "-c", "from scheduling.wording import pip_install as told; print(told('x'))")
    *pip, option, python, install, what = shlex.split(told)

    assert (option, python, install, what) == ("--python", str(tmp_path / "bin" / "python3"), "install", "x")
    assert said(*pip, "--version").startswith("pip ")
