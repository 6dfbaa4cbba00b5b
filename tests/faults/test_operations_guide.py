"""What docs/operations.md tells people to install can be installed, and fits the code."""

import re
import shlex
from configparser import ConfigParser
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django_q import cluster

from benchmarks.scale_model import SESSIONS_OF_A_HOST
from scheduling.engine.leases import LEASE, SURRENDER
from scheduling.engine.recovery import OVERDUE
from scheduling.engine.standstill import STALLED
from staking_project import gunicorn_config

DOCS = Path(settings.BASE_DIR) / "docs"
GUIDE = (DOCS / "operations.md").read_text()
UNITS = sorted((DOCS / "systemd").glob("*.service"))


def unit(path: Path) -> ConfigParser:
    parsed = ConfigParser(interpolation=None, strict=True)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(path.read_text())
    return parsed


def environment() -> dict[str, str]:
    lines = (DOCS / "systemd" / "staking.env").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def seconds(span: str) -> float:
    """A time span as systemd reads it."""
    number, unit_of_time = re.fullmatch(r"([\d.]+)(ms|s|)", span).groups()  # type: ignore[union-attr]
    return float(number) / (1000 if unit_of_time == "ms" else 1)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_what_exists_as_somebody_without_rights_and_again_whenever_it_ends(path: Path) -> None:
    service = unit(path)["Service"]
    program, *arguments = shlex.split(service["ExecStart"])

    assert service["User"] != "root"
    assert service["Restart"] == "always"
    assert unit(path)["Unit"]["StartLimitIntervalSec"] == "0"
    assert service["EnvironmentFile"] == "/etc/staking.env"
    assert unit(path)["Install"]["WantedBy"] == "multi-user.target"
    if program.endswith("gunicorn"):
        assert find_spec(arguments[0]) is not None
        assert find_spec(arguments[arguments.index("--config") + 1].removeprefix("python:")) is not None
    else:
        assert program == "/srv/staking/current/bin/staking-backend"
        assert arguments[0] in get_commands()


def test_the_workers_unit_signals_the_parent_alone_and_waits_longer_than_the_grace() -> None:
    service = unit(DOCS / "systemd" / "staking-qcluster.service")["Service"]

    assert service["KillMode"] == "mixed"
    assert seconds(service["TimeoutStopSec"]) > float(environment()["STOP_GRACE_SECONDS"]) + 5
    assert service["Environment"] == "HOST_NAME=%H"
    assert "HOST_NAME" not in environment()


def test_the_connections_of_a_host_are_as_many_as_its_units_take() -> None:
    """A dispatcher and a monitor, two of each worker, a thread for streams beside those for requests."""
    service = unit(DOCS / "systemd" / "staking-web.service")["Service"]
    arguments = shlex.split(service["ExecStart"])
    web = int(arguments[arguments.index("--workers") + 1]) * (gunicorn_config.threads + 1)

    always = 1 + 1 + 2 * int(environment()["WORKERS"]) + web

    assert f"that is {always} to {always + 1 + len(settings.COURIER_LANES)} a host" in " ".join(GUIDE.split())
    assert f"({gunicorn_config.threads + 1} a worker: " in GUIDE
    assert always == SESSIONS_OF_A_HOST


def test_every_variable_of_the_environment_file_is_one_that_the_settings_read() -> None:
    folder = Path(settings.BASE_DIR) / "staking_project"
    text = (folder / "settings.py").read_text() + (folder / "environment.py").read_text()

    assert [name for name in environment() if f'"{name}"' not in text] == []


def test_the_files_the_guide_names_are_there_and_so_are_its_commands() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", GUIDE)
    assert [link for link in links if not (DOCS / link).exists()] == []
    commands = set(re.findall(r"(?:manage\.py|staking-backend) (\w+)", GUIDE))
    assert commands <= set(get_commands())
    targets = re.findall(r"`make (\w+)`", GUIDE)
    makefile = (Path(settings.BASE_DIR) / "Makefile").read_text()
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


def test_the_times_the_guide_promises_are_those_of_the_code() -> None:
    assert f"end themselves after {SURRENDER:.0f} s" in GUIDE
    assert f"take over {LEASE:.0f} s after the last heartbeat" in GUIDE
    assert f"was stopped {STALLED:.0f} s ago and is killed" in GUIDE
    assert OVERDUE.total_seconds() == 60
    assert "is killed a minute later" in GUIDE


def test_the_log_lines_the_guide_names_are_in_the_code() -> None:
    """But for names, numbers and what stands behind a colon, which a line gets as it is written."""
    table = GUIDE.split("\n| fault | log |")[1].split("\n\n")[0].splitlines()[2:]
    quoted = [line for row in table for line in re.findall(r"`([^`]+)`", row.split(" | ")[1])]
    folders = (Path(settings.BASE_DIR) / name for name in ("scheduling", "staking_project"))
    ours = (path.read_text() for folder in folders for path in folder.rglob("*.py"))
    # A text that is written in several lines is one.
    code = re.sub(r'"\s+f?"', "", "\n".join([*ours, Path(cluster.__file__).read_text()]))

    parts = [
        part for line in quoted for part in re.split(r"[….:;()\d]+|\b\w*[_-]\w*\b|\b(?:psql|ada)\b", line)
    ]

    assert len(quoted) > 20
    of_sqlite = {"database is locked"}
    assert {part.strip() for part in parts if part.strip() not in code} <= of_sqlite
