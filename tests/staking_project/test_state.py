"""The folder of state is for its owner alone."""

import os
import stat
from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from staking_project.state import named_database, private_folder, running_copy
from tests.staking_project.privacy import open_to_others


def test_a_new_folder_is_closed(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "new" / "var")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("ours", ["secret_key", "db.sqlite3", "run.lock"])
def test_what_an_earlier_version_left_open_is_closed_with_all_that_is_in_it(
    tmp_path: Path, ours: str
) -> None:
    folder = tmp_path / "var"
    (folder / "static" / "deep").mkdir(parents=True)
    for path in (folder / ours, folder / "static" / "deep" / "file", folder / "run-8000.json"):
        path.write_text("secret")
        path.chmod(0o644)
    (folder / "elsewhere").symlink_to(tmp_path / "other")
    (tmp_path / "other").touch()
    (tmp_path / "other").chmod(0o644)
    for path in (folder, folder / "static", folder / "static" / "deep"):
        path.chmod(0o755)

    private_folder(folder)

    assert open_to_others(folder) == []
    assert (folder / ours).read_text() == "secret"
    assert stat.S_IMODE((tmp_path / "other").stat().st_mode) == 0o644


def test_of_a_folder_that_holds_other_things_only_the_door_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "letter.txt").touch()
    (folder / "letter.txt").chmod(0o644)
    folder.chmod(0o755)

    private_folder(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "letter.txt").stat().st_mode) == 0o644


def test_an_open_home_folder_is_refused_and_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    folder.chmod(0o755)
    monkeypatch.setenv("HOME", str(folder))

    with pytest.raises(ImproperlyConfigured, match=r"open to others \(mode 755\).*chmod 700"):
        private_folder(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_folder_for_everybody_is_refused_even_when_we_have_written_there(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    (folder / "secret_key").touch()
    folder.chmod(0o1777)

    with pytest.raises(ImproperlyConfigured, match="mode 1777"):
        private_folder(folder)


def test_a_folder_of_another_account_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    folder.chmod(0o755)
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)

    with pytest.raises(ImproperlyConfigured, match="open to others"):
        private_folder(folder)


def test_a_path_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ImproperlyConfigured, match="name a folder of your own"):
        private_folder(tmp_path / "file")


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ("localhost", "localhost:5432/staking"),
        ("LOCALHOST:5432", "localhost:5432/staking"),
        ("127.0.0.1", "localhost:5432/staking"),
        ("[::1]:5432", "localhost:5432/staking"),
        ("127.0.0.1:5433", "localhost:5433/staking"),
        ("db.example", "db.example:5432/staking"),
    ],
)
def test_a_database_has_one_name_however_its_server_is_spelt(server: str, name: str) -> None:
    assert named_database(environ.Env.db_url_config(f"postgres://me:secret@{server}/staking")) == name


def test_a_port_counts_wherever_in_the_address_it_stands() -> None:
    urls = [f"postgres://me@{words}" for words in ("[::1]:5433/db", "127.0.0.1/db?port=5433", "[::1]/db")]

    assert [named_database(environ.Env.db_url_config(url)) for url in urls] == [
        "localhost:5433/db",
        "localhost:5433/db",
        "localhost:5432/db",
    ]


def test_databases_behind_two_sockets_are_two() -> None:
    urls = [f"postgres://me@/staking{words}" for words in ("", "?host=/run/one", "?host=/run/other")]

    assert len({named_database(environ.Env.db_url_config(url)) for url in urls}) == 3


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"run"', '{"database": ["db"]}', '{"redis_url": "redis://other"}'],
)
def test_a_file_of_state_that_is_none_of_ours_is_no_copy(tmp_path: Path, text: str) -> None:
    (tmp_path / "run-8000.json").write_text(text)
    (tmp_path / "run-8001.json").write_bytes(b"\xff")
    (tmp_path / "run-8002.json").mkdir()

    assert running_copy(tmp_path, database="db", port=8000, port_is_named=False) == {}


def test_of_a_copy_only_words_are_taken(tmp_path: Path) -> None:
    (tmp_path / "run-8000.json").write_text(
        '{"pid": 1, "database": "db", "redis_url": 5, "rpc_url": "http://h"}'
    )

    found = running_copy(tmp_path, database="db", port=8000, port_is_named=True)

    assert found == {"database": "db", "rpc_url": "http://h"}
