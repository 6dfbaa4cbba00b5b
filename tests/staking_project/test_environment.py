"""Numbers and switches of the environment: one place refuses what cannot be, by the variable's name."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from staking_project.environment import BOUNDS, Environment, given_database, given_email
from staking_project.home import default_env_file
from staking_project.stack import free_port

IMPOSSIBLE = ("-2", "many", "nan", "inf", "-inf", "1e999", "9" * 25, "9" * 5_000, "²", "0x10", "1 000")


@pytest.mark.parametrize("name", BOUNDS)
def test_every_number_has_bounds_and_the_error_says_them(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for text in IMPOSSIBLE:
        monkeypatch.setenv(name, text)
        for read in (Environment().int, Environment().float):
            with pytest.raises(ImproperlyConfigured, match=rf"{name}: .* from .* to .*; it means: "):
                read(name, default=1)


def test_every_number_that_the_settings_read_has_its_default_within_bounds() -> None:
    code = (Path(settings.BASE_DIR) / "staking_project" / "settings.py").read_text()
    read = set(re.findall(r"env\.(?:int|float)\(\"([A-Z_]+)\"", code))
    assert read == set(BOUNDS)
    for name in read & set(dir(settings)):
        assert BOUNDS[name].least <= getattr(settings, name) <= BOUNDS[name].most


@pytest.mark.parametrize("text", ["maybe", "ja", "2"])
def test_a_switch_that_is_neither_on_nor_off_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("HTTPS", text)
    with pytest.raises(ImproperlyConfigured, match=r"HTTPS: .* is neither yes nor no"):
        Environment().bool("HTTPS", default=False)


@pytest.mark.parametrize(
    ("text", "read"), [("1", True), ("On", True), ("no", False), ("0", False), ("", False)]
)
def test_a_switch_is_read(monkeypatch: pytest.MonkeyPatch, text: str, read: bool) -> None:
    monkeypatch.setenv("HTTPS", text)
    assert Environment().bool("HTTPS", default=False) is read


def test_what_begins_like_another_variable_is_a_text_like_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of such a character was none, and whoever asked had what it closes."""
    monkeypatch.setenv("METRICS_TOKEN", "$ecret$")
    monkeypatch.setenv("ALERT_EMAILS", "$a,b")

    assert Environment().str("METRICS_TOKEN", default="") == "$ecret$"
    assert Environment().list("ALERT_EMAILS", default=[]) == ["$a", "b"]


def test_white_space_alone_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE_DIR", "HTTPS", "SOLANA_RPC_URL", "PORT"):
        monkeypatch.setenv(name, " \n")

    assert Environment().str("STATE_DIR", default="here") == "here"
    assert Environment().bool("HTTPS", default=True)
    assert Environment().list("SOLANA_RPC_URL", default=["one"]) == ["one"]
    assert Environment().int("PORT", default=8000) == 8000


@pytest.mark.parametrize(("given", "folder"), [("/data ", "/data "), (" ", "/states/staking-backend")])
def test_the_file_of_settings_of_an_installed_copy_is_in_its_state_folder(
    monkeypatch: pytest.MonkeyPatch, given: str, folder: str
) -> None:
    monkeypatch.setattr("staking_project.home.is_checkout", lambda: False)
    monkeypatch.setenv("XDG_STATE_HOME", "/states")
    monkeypatch.setenv("STATE_DIR", given)

    assert default_env_file() == Path(folder) / ".env"
    assert Environment().str("STATE_DIR", default="/states/staking-backend") == folder


@pytest.mark.parametrize("text", ['"/data"', "'/data'", '""', '"/data" '])
def test_quotes_that_nobody_took_off_are_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A folder of such a name would be beside the one that was meant, and gone with its container."""
    monkeypatch.setenv("STATE_DIR", text)

    with pytest.raises(ImproperlyConfigured, match="STATE_DIR: the quotes around it are a part of it"):
        Environment().str("STATE_DIR", default="")


@pytest.mark.parametrize(
    ("options", "of_libpq"),
    [
        # What the environment of libpq says wrong, the address says right.
        ("sslmode=verify-full", {"PGSSLMODE": "nope"}),
        ("target_session_attrs=read-write&host=a,b", {"PGTARGETSESSIONATTRS": "nope"}),
        ("sslmode=verify-full&sslrootcert=/gone.pem&options=-c%20work_mem%3D8MB", {}),
        ("gssencmode=require&passfile=/gone&application_name=one%27s", {"PGHOSTADDR": "127.0.0.1"}),
    ],
)
def test_what_libpq_takes_of_a_database_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: str, of_libpq: dict[str, str]
) -> None:
    address = f"postgres://user:word@host/name?{options}"
    for name, value in {"DATABASE_URL": address, **of_libpq}.items():
        monkeypatch.setenv(name, value)

    assert given_database(Environment(), tmp_path)["NAME"] == "name"


def test_an_unknown_level_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(ImproperlyConfigured, match="LOG_LEVEL: 'LOUD' is none of DEBUG"):
        Environment().level("LOG_LEVEL", default="INFO")


@pytest.mark.parametrize(
    ("url", "backend", "options"),
    [
        (
            "smtp+tls://ada:p%40ss@mail.example.org:587",
            "smtp",
            {"host": "mail.example.org", "port": 587, "username": "ada", "password": "p@ss", "use_tls": True},
        ),
        ("", "smtp", {"host": "localhost", "port": 25}),
        ("consolemail://", "console", {}),
    ],
)
def test_how_e_mail_leaves_is_said_as_either_series_of_django_wants_it(
    monkeypatch: pytest.MonkeyPatch, url: str, backend: str, options: dict[str, Any]
) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    monkeypatch.setattr(django, "VERSION", (5, 2, 0))
    older = given_email(Environment())
    monkeypatch.setattr(django, "VERSION", (6, 1, 0))
    [mailer] = given_email(Environment())["MAILERS"].values()

    assert older["EMAIL_BACKEND"] == mailer["BACKEND"] == f"django.core.mail.backends.{backend}.EmailBackend"
    assert older["EMAIL_TIMEOUT"] == 10
    assert mailer["OPTIONS"] == (options | {"timeout": 10} if options else {})


def test_the_web_server_says_what_is_wrong_in_a_line_and_ends(tmp_path: Path) -> None:
    started = subprocess.run(
        [sys.executable, "-m", "gunicorn", "staking_project.wsgi", "--bind", f"127.0.0.1:{free_port()}"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"STATE_DIR": str(tmp_path), "RATE_LIMIT": "many"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert started.returncode == 3
    assert "\nWrong setting: RATE_LIMIT: 'many' is not a whole number" in started.stderr
    assert "Traceback" not in started.stderr
