"""`.env.example` tells of every variable what the settings make of it; tests/docs holds the reference."""

import os
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from staking_project.environment import Environment, read_env_file
from staking_project.variables import VARIABLES
from tests.commands import printed

PROJECT = Path(settings.BASE_DIR)


def settings_with(monkeypatch: pytest.MonkeyPatch, state: Path, **environment: str) -> dict[str, Any]:
    """The settings of a process that has this environment alone."""
    told = {"STATE_DIR": str(state), "PATH": os.environ["PATH"]} | environment
    monkeypatch.setattr(os, "environ", told)
    monkeypatch.setattr(Environment, "ENVIRON", told)
    monkeypatch.setattr("staking_project.state.os.umask", lambda mask: 0)
    monkeypatch.setattr("staking_project.home.CODE", state)
    found = runpy.run_path(str(PROJECT / "staking_project" / "settings.py"))
    return {name: value for name, value in found.items() if name.isupper()}


def test_the_variables_are_those_that_the_settings_read() -> None:
    code = "".join(
        (PROJECT / "staking_project" / f"{name}.py").read_text() for name in ("settings", "environment")
    )
    assert set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", code)) == set(VARIABLES)


def test_the_defaults_told_are_what_the_settings_do_without_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    defaults = {one.name: one.default for one in VARIABLES.values() if one.default}

    assert len(defaults) > 15
    assert settings_with(monkeypatch, tmp_path, **defaults) == settings_with(monkeypatch, tmp_path)


def test_what_is_said_to_stand_for_a_variable_does_and_an_empty_one_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = {name: "" for name in VARIABLES if name != "STATE_DIR"}
    found = settings_with(monkeypatch, tmp_path, **empty)

    assert found == settings_with(monkeypatch, tmp_path)
    assert found["DATABASES"]["default"]["NAME"] == str(tmp_path / "db.sqlite3")
    assert found["REDIS_URL"] == "redis://127.0.0.1:6379/0"
    assert settings_with(monkeypatch, tmp_path, HTTPS="1")["TRUSTED_PROXIES"] == 1
    named = settings_with(monkeypatch, tmp_path, ALLOWED_HOSTS="staking.example.org")
    assert named["ALLOWED_HOSTS"] == ["staking.example.org", "localhost", "127.0.0.1", "[::1]"]
    assert settings_with(monkeypatch, tmp_path, API_RATE_LIMIT="7")["RATE_LIMIT"] == 7


def test_the_example_in_the_repository_is_what_the_command_prints() -> None:
    assert (PROJECT / ".env.example").read_text() == printed("env_example")


def test_the_example_changes_nothing_and_what_is_uncommented_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "env file"
    text = (PROJECT / ".env.example").read_text()
    path.write_text(text.replace("#WORKERS=2", "WORKERS=5"))

    found = settings_with(monkeypatch, tmp_path, ENV_FILE=str(path))

    assert found["Q_CLUSTER"]["workers"] == 5
    assert settings_with(monkeypatch, tmp_path, WORKERS="7", ENV_FILE=str(path))["Q_CLUSTER"]["workers"] == 7


def test_a_password_of_the_file_is_taken_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("# a comment\n\nA=x#y z&=\\'$q\nexport B='quoted $x'\n")
    told: dict[str, str] = {}

    class Apart(Environment):
        ENVIRON = told

    read_env_file(Apart(), path)

    assert told == {"A": "x#y z&=\\'$q", "B": "quoted $x"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "the file of settings .*env: No such file or directory; .*ENV_FILE"),
        (b"A=1\nSECRET = a-password\n", "env, line 2 is not written NAME=value"),
        (b"A='1 # 2'\nSECRET=a-password # why\n", "env, line 2: SECRET has a # behind white space"),
        (b'A="1 # 2"\nSECRET="a-password" # why\n', "env, line 2: SECRET has a # behind white space"),
        (b"SECRET= # a-password\n", "env, line 1: SECRET has a # behind white space"),
        (b"\xff\xfe", "no text in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_its_text_is_not(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "env"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ImproperlyConfigured, match=said) as raised:
        read_env_file(Environment(), path)

    assert "a-password" not in str(raised.value)
