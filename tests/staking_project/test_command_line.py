"""What the command line says of an installation that is not right: one line, and no traceback."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from staking_project import home

PROJECT = Path(__file__).resolve().parent.parent.parent


def manage(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_no_more_is_imported_before_an_interruption_is_heeded_than_python_brings_at_once() -> None:
    """Ctrl-C in such an import would be a traceback."""
    look = "import sys; before = set(sys.modules); import staking_project.command_line as _; "
    look += "print(*sorted(name for name in set(sys.modules) - before))"
    # Without the environment's packages, some of which bring more than Python itself.
    found = subprocess.run([sys.executable, "-S", "-c", look], cwd=PROJECT, capture_output=True, text=True)

    quick = {"errno", "gc", "io", "os", "select", "sys", "staking_project", "staking_project.command_line"}
    quick |= {"os.path", "posixpath", "genericpath", "stat", "_stat", "_collections_abc"}
    assert set(found.stdout.split()) - quick == set(), found.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WORKERS", "-1"),
        ("DATABASE_URL", "a-password"),
        ("DATABASE_URL", "nonsense://user:a-password@host/name"),
        ("DATABASE_URL", "postgres://user:a-password@host"),
        ("DATABASE_URL", "postgres://user:a-password/b@host/name"),
        ("DATABASE_URL", "postgres//user:a-password@host/name"),
        ("DATABASE_URL", "postgres://user:a-password@host/name?disable_server_side_cursor=true"),
        ("DATABASE_URL", "postgres://user:a-password@host/name?sslroot=a-password"),
        ("DATABASE_URL", "postgres://user:a-password@host/name?connect_timeout=5s"),
        ("DATABASE_URL", "postgres://user:a-password@host/name?sslmode=nope"),
        ("DATABASE_URL", "postgres://user:a-password@host/?service=nope"),
        ("EMAIL_URL", "nonsense://user:a-password@host"),
        ("SECRET_KEY", "a-password"),
        ("SECRET_KEY", "a-password" + "-change-me" * 6),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, variable: str, value: str) -> None:
    result = manage("check", **{"STATE_DIR": str(tmp_path), variable: value})

    assert result.returncode != 0
    assert "Wrong setting: " in result.stderr
    assert variable in result.stderr
    assert "Traceback" not in result.stderr
    assert "a-password" not in result.stderr


# As whom nothing is open that is not his: root is let in everywhere.
NO_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
# As pip installs it, `.env` is in the state folder.
INSTALLED = (
    "import sys; from staking_project import home; home.is_checkout = lambda: False; "
    "from staking_project.command_line import main; sys.argv = ['staking-backend', 'check']; main()"
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("manage.py", "check"), "Wrong setting: STATE_DIR {0}: Permission denied ({0}/secret_key); "),
        (("-c", INSTALLED), "Wrong setting: the file of settings {0}/.env: Permission denied; "),
    ],
)
def test_what_may_not_be_read_is_named(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    result = subprocess.run(
        [*NO_RIGHTS, sys.executable, *words],
        cwd=PROJECT,
        env=os.environ | {"STATE_DIR": str(closed), "ENV_FILE": "", "SECRET_KEY": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert result.returncode != 0
    assert result.stderr.startswith(said.format(closed))
    assert result.stderr.count("\n") == 1


def test_a_key_that_cannot_be_written_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "var"

    # As on a full disk: a file may not grow.
    result = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$0" manage.py check', sys.executable],
        cwd=PROJECT,
        env=os.environ | {"STATE_DIR": str(folder), "SECRET_KEY": "", "ENV_FILE": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert result.returncode == 1
    assert result.stderr == (
        f"Wrong setting: STATE_DIR {folder}: File too large; {folder}/secret_key cannot be had\n"
    )
    assert list(folder.iterdir()) == []


def test_a_key_that_was_lost_is_not_made_anew_unasked(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "secret_key").touch()

    result = manage("check", STATE_DIR=str(tmp_path), SECRET_KEY="", ENV_FILE="")

    assert result.returncode == 1
    assert result.stderr == (
        f"Wrong setting: {tmp_path}/secret_key is empty; delete it, and the next command makes a new key\n"
    )


def test_who_has_no_home_is_told_what_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.setattr(home, "is_checkout", lambda: False)

    with pytest.raises(ImproperlyConfigured, match="STATE_DIR: no HOME says"):
        home.default_state_dir()


def test_a_terminal_of_ascii_alone_gets_everything_spelt() -> None:
    poor = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    result = manage("scheduler", "help", **poor)

    assert result.returncode == 0
    assert "NAME \\u2026" in result.stdout


def test_an_argument_that_is_no_text_is_refused() -> None:
    result = manage("scheduler", "pause", "\udcff")

    assert result.returncode != 0
    assert result.stderr == "Argument 3 is no text in UTF-8.\n"


def test_an_option_of_check_without_its_dashes_is_wrong_usage() -> None:
    result = manage("check", "deploy")

    assert result.returncode == 2
    assert result.stderr == "CommandError: There is no app 'deploy'; options have two dashes before them.\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("scheduler list", 1),
        ("show_validators", 1),
        ("alert list", 1),
        ("monitor", 1),
        ("verify", 1),
        ("health --check", 3),
    ],
)
def test_a_database_without_tables_is_to_be_migrated(tmp_path: Path, command: str, code: int) -> None:
    (tmp_path / "db.sqlite3").touch()
    database = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    result = manage(*command.split(), STATE_DIR=str(tmp_path), DATABASE_URL=database)

    assert result.returncode == code
    said = result.stdout + result.stderr
    assert "its tables are missing, or of an older or a newer version of this program" in said
    assert "run `manage.py migrate`" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("copies", "port", "found"),
    [
        ({"8123": "db"}, "", "8123"),
        ({"8000": "db", "8123": "db"}, "", "8000"),
        ({"8123": "db", "8124": "db"}, "", ""),  # which of them is unknown
        ({"8000": "other", "8123": "db"}, "", "8123"),
        ({"8000": "other"}, "", ""),
        ({"8000": "db", "8123": "db"}, "8123", "8123"),
        ({"8000": "db"}, "8123", ""),
        ({"8123": "other"}, "8123", ""),
    ],
)
def test_commands_find_the_copy_that_runs_on_their_database(
    tmp_path: Path, copies: dict[str, str], port: str, found: str
) -> None:
    for number, database in copies.items():
        state = {
            "database": f":/{tmp_path / database}",
            "redis_url": f"redis://127.0.0.1:1/{number}",
            "rpc_url": f"http://127.0.0.1:{number}",
        }
        (tmp_path / f"run-{number}.json").write_text(json.dumps(state))
    asked = "from django.conf import settings; print(settings.REDIS_URL, *settings.SOLANA_RPC_URLS)"
    alone = {"STATE_DIR": str(tmp_path), "REDIS_URL": "", "SOLANA_RPC_URL": "", "PORT": port}

    result = manage("shell", "-v0", "-c", asked, **alone, DATABASE_URL=f"sqlite:///{tmp_path / 'db'}")

    told = [f"redis://127.0.0.1:1/{found}", f"http://127.0.0.1:{found}"]
    assert result.stdout.split() == (told if found else ["redis://127.0.0.1:6379/0"])


def test_a_copy_is_found_by_a_link_to_its_folder(tmp_path: Path) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir(mode=0o700)
    link.symlink_to(folder)
    state = {"database": f":/{folder / 'db.sqlite3'}", "redis_url": "redis://127.0.0.1:1/8000"}
    (folder / "run-8000.json").write_text(json.dumps(state))
    asked = "from django.conf import settings; print(settings.REDIS_URL)"

    result = manage("shell", "-v0", "-c", asked, STATE_DIR=str(link), REDIS_URL="", PORT="", DATABASE_URL="")

    assert result.stdout.split() == ["redis://127.0.0.1:1/8000"]


def test_a_copy_is_found_however_its_server_on_this_machine_is_spelt(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    state = "from staking_project import stack; stack.write_state(redis_url='redis://127.0.0.1:1/8000')"
    asked = "from django.conf import settings; print(settings.REDIS_URL)"
    alone = {"STATE_DIR": str(tmp_path), "PORT": "", "REDIS_URL": ""}

    manage("shell", "-v0", "-c", state, **alone, DATABASE_URL="postgres://me:secret@localhost/staking")
    result = manage("shell", "-v0", "-c", asked, **alone, DATABASE_URL="postgres://[::1]:5432/staking")

    assert result.stdout.split() == ["redis://127.0.0.1:1/8000"]


def test_two_installations_on_one_redis_have_a_queue_each_and_two_hosts_of_one_the_same(
    tmp_path: Path,
) -> None:
    """The workers of the one took the messages of the other, and could not read them."""
    key = secrets.token_urlsafe(64)
    asked = "from django_q.conf import Conf; print(Conf.PREFIX, Conf.CLUSTER_NAME)"
    (tmp_path / "one").mkdir(mode=0o700)
    (tmp_path / "other").mkdir(mode=0o700)

    names = [
        manage("shell", "-v0", "-c", asked, STATE_DIR=str(tmp_path / folder), SECRET_KEY=given).stdout.split()
        for folder, given in (("one", ""), ("other", ""), ("one", key), ("other", key))
    ]

    assert [len(set(one)) for one in names] == [1, 1, 1, 1]
    assert names[2] == names[3]
    assert len({*map(tuple, names)}) == 3
    assert not any(key[:8] in "".join(one) for one in names)


def test_a_command_that_goes_on_collects_its_garbage(tmp_path: Path) -> None:
    result = manage("shell", "-v0", "-c", "import gc; print(gc.isenabled())", STATE_DIR=str(tmp_path))

    assert result.stdout == "True\n"


def test_with_everything_given_no_folder_is_needed_to_write_to(tmp_path: Path) -> None:
    nowhere = tmp_path / "file" / "var"
    (tmp_path / "file").touch()
    given = {"DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}", "SECRET_KEY": secrets.token_urlsafe(64)}

    assert manage("check", STATE_DIR=str(nowhere), **given).returncode == 0
    refused = manage("check", STATE_DIR=str(nowhere), **given | {"SECRET_KEY": ""})

    assert f"Wrong setting: STATE_DIR {nowhere}: Not a directory" in refused.stderr


def test_a_command_that_only_reads_loads_no_task(tmp_path: Path) -> None:
    """Nor pydantic: together they were a third of its CPU time."""
    asked = (
        "import sys; from staking_project.command_line import main; sys.argv = ['', 'scheduler', 'help'];"
        "main(); print(sorted({'validators.tasks', 'pydantic', 'django'} & sys.modules.keys()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=PROJECT,
        env=os.environ | {"STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert result.stdout.splitlines()[-1] == "['django']", result.stderr


def test_a_command_whose_reader_is_gone_before_it_writes_ends_as_if_by_sigpipe(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    # So little that it is written only as the command ends, and as with 2>&1.
    result = subprocess.run(
        [sys.executable, "manage.py", "scheduler", "help"],
        cwd=PROJECT,
        env=os.environ | {"STATE_DIR": str(tmp_path)},
        stdout=writer,
        stderr=writer,
        timeout=60,
    )
    os.close(writer)

    assert result.returncode == 141


# The signal comes while Django is looked for, while the settings are read, and from within the command.
@pytest.mark.parametrize(
    "where", ["django", "staking_project.settings", "staking_project.management.commands.run"]
)
def test_what_is_interrupted_before_it_begins_ends_without_a_word(tmp_path: Path, where: str) -> None:
    interrupted = f"""
import os, signal, sys

# Tests that a shell runs in the background have been told to pass over it.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Interrupting:
    @staticmethod
    def find_spec(name, *rest):
        if name == {where!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting)
sys.argv = ["manage.py", "run"]
from staking_project.command_line import main
main()
"""
    result = subprocess.run(
        [sys.executable, "-c", interrupted],
        cwd=PROJECT,
        env=os.environ | {"STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (result.returncode, result.stdout, result.stderr) == (130, "", "")
