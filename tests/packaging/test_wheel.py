"""What `pip install .` brings: the whole product, nothing of its tests, and a command that works anywhere."""

import json
import subprocess
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement

from staking_project.home import CODE
from tests.packaging.building import PACKAGES, bare_environment, build_wheel, unpacked


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


def listed(path: Path) -> Iterator[str]:
    """The requirements of a list, as pip reads it."""
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            yield str(Requirement(line))


def test_the_wheel_has_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    ours = {
        str(path.relative_to(CODE))
        for name in PACKAGES
        for path in (CODE / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    found = {name for name in contents(wheel) if ".dist-info/" not in name}

    assert found == ours
    assert {"validators/scoring/trust_v3/coefficients.json", "staking_project/templates/404.html"} < found


def test_its_metadata_is_valid_and_names_what_the_lists_name(wheel: Path) -> None:
    project = tomllib.loads((CODE / "pyproject.toml").read_text())["project"]
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith(".dist-info/METADATA"))
        raw = opened.read(name)
        assert any(name.endswith("/licenses/LICENSE") for name in opened.namelist())

    told = Metadata.from_email(raw, validate=True)

    assert str(told.version) == project["version"]
    assert told.license_expression == "Apache-2.0"
    assert BytesParser().parsebytes(raw)["Description-Content-Type"] == "text/markdown"
    required = [one for one in told.requires_dist or [] if not one.marker]
    assert {str(one) for one in required} == set(listed(CODE / "requirements.in"))
    for extra in ("alerts", "fit", "mcp"):
        more = [one for one in told.requires_dist or [] if f'extra == "{extra}"' in str(one.marker)]
        expected = set(listed(CODE / f"requirements-{extra}.in"))
        assert {str(one).partition(";")[0].strip() for one in more} == expected


# What pip makes a script of, and then what `run` would start as a service, and where.
AS_A_SCRIPT = """
import json, sys
from importlib.metadata import entry_points
from django.conf import settings
(main,) = entry_points(group="console_scripts", name="staking-backend")
sys.argv = ["staking-backend", "check"]
main.load()()
from staking_project import stack
print(json.dumps([stack.command("scheduler", "help"), str(settings.BASE_DIR), stack.own_environment()]))
"""


def test_the_command_works_in_any_folder_keeps_its_state_at_home_and_starts_services_from_the_wheel(
    wheel: Path, tmp_path: Path
) -> None:
    python = unpacked(wheel, tmp_path / "a venv")
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home, elsewhere):
        folder.mkdir()
    # What is in the current folder is none of its business, unless it is asked for.
    (elsewhere / "django.py").write_text("raise SystemExit('not this one')")
    (elsewhere / ".env").write_text("WORKERS=many\n")
    told = bare_environment(home) | {"DATABASE_URL": "sqlite:///mine.sqlite3"}

    asked = subprocess.run(
        [python, "-P", "-c", AS_A_SCRIPT], cwd=elsewhere, env=told, capture_output=True, text=True
    )

    assert asked.returncode == 0, asked.stderr
    said, _, printed = asked.stdout.partition("\n")
    assert said == "System check identified no issues (0 silenced)."
    state = home / ".local" / "state" / "staking-backend"
    assert {path.name for path in state.iterdir()} == {"secret_key"}
    assert state.stat().st_mode & 0o777 == 0o700

    words, folder, environment = json.loads(printed)
    started = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)

    assert Path(folder).name == "site-packages"
    assert environment["STATE_DIR"] == str(state)
    assert environment["DATABASE_URL"] == f"sqlite:///{elsewhere / 'mine.sqlite3'}"
    assert started.returncode == 0, started.stderr
    assert "scheduler setup" in started.stdout
