"""The Dockerfile and compose.yaml are locked in, whole, and without a secret.

`make image-check` executes the former.
"""

import fnmatch
import json
import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose
from django.conf import settings
from django.core.management import get_commands

from staking_project.home import CODE
from staking_project.variables import VARIABLES
from tests.packaging.building import FILES, PACKAGES
from tests.packaging.image import Instruction, stages

BUILD, IMAGE = stages((CODE / "Dockerfile").read_text())
COMPOSE = (CODE / "compose.yaml").read_text()
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
OURS = [name for name, service in SERVICES.items() if service.get("build")]


def only(stage: list[Instruction], word: str) -> Instruction:
    (found,) = (one for one in stage if one.word == word)
    return found


def copied(stage: list[Instruction]) -> list[str]:
    """What it takes from the checkout."""
    words = [shlex.split(one.rest) for one in stage if one.word == "COPY"]
    return [name.rstrip("/") for one in words if not one[0].startswith("--from") for name in one[:-1]]


def is_admitted(name: str) -> bool:
    """Whether .dockerignore lets it into the build; the last pattern that fits decides."""
    admitted = True
    for line in (CODE / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if line and not line.startswith("#") and fnmatch.fnmatch(name, pattern):
            admitted = line.startswith("!")
    return admitted


def test_the_build_copies_what_the_wheel_is_made_of_and_nothing_else_gets_near_it() -> None:
    needed = {*FILES, *PACKAGES, "requirements-alerts.txt"}

    assert set(copied(BUILD)) == needed
    assert [name for name in needed if not (CODE / name).exists() or not is_admitted(name)] == []
    for name in (".env", ".git", "var", "tests", ".venv", "scheduling/__pycache__"):
        assert not is_admitted(Path(name).name)


def test_the_image_is_small_pinned_and_of_a_user_without_rights() -> None:
    assert only(BUILD, "FROM").rest.removesuffix(" AS build") == only(IMAGE, "FROM").rest
    assert only(IMAGE, "FROM").rest == "python:3.12-slim-bookworm"
    assert copied(IMAGE) == []
    assert only(IMAGE, "USER").rest == "10001:10001"
    assert {"ADD", "SHELL", "ARG"}.isdisjoint({one.word for one in [*BUILD, *IMAGE]})
    pips = [one.rest for one in BUILD if " pip install " in one.rest or "/pip install " in one.rest]
    assert ["--require-hashes" in words or "--no-deps" in words for words in pips] == [True, True]


def test_its_command_and_health_check_name_what_exists() -> None:
    program, application, *options = only(IMAGE, "CMD").argv()

    assert program == "gunicorn"
    assert find_spec(application) is not None
    assert find_spec(options[options.index("--config") + 1].removeprefix("python:")) is not None
    assert ":8000/healthz" in only(IMAGE, "HEALTHCHECK").rest
    assert only(IMAGE, "EXPOSE").rest == "8000"
    told = dict(pair.partition("=")[::2] for pair in shlex.split(only(IMAGE, "ENV").rest))
    assert {name for name in told if not name.startswith("PYTHON")} == {"PATH", "STATE_DIR"}
    assert only(IMAGE, "VOLUME").argv() == [told["STATE_DIR"]]


def test_docker_reads_compose_yaml_and_would_notice_a_wrong_word() -> None:
    PyCompose.from_json(json.dumps(yaml.safe_load(COMPOSE)))
    with pytest.raises(ValueError, match="reed_only"):
        PyCompose.from_json(json.dumps(yaml.safe_load(COMPOSE.replace("read_only", "reed_only"))))


def test_every_service_but_the_database_is_read_only_and_without_rights() -> None:
    for name in set(SERVICES) - {"database"}:
        service = SERVICES[name]
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_nobody_outside_reaches_the_database_and_redis_and_the_web_server_only_this_machine() -> None:
    assert yaml.safe_load(COMPOSE)["networks"]["inside"] == {"internal": True}
    for name in ("database", "bell"):
        assert SERVICES[name]["networks"] == ["inside"]
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"web": ["127.0.0.1:8000:8000"]}
    assert "noeviction" in SERVICES["bell"]["command"]


def test_what_is_watched_and_what_waits_for_what() -> None:
    # The web server's check is the image's own.
    assert {name for name in SERVICES if "test" in SERVICES[name].get("healthcheck", {})} == {
        *("database", "bell", "worker")
    }
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert SERVICES[name]["restart"] == "unless-stopped"
    commands = " ".join(word for name in OURS for word in SERVICES[name].get("command", []))
    named = re.findall(r"staking-backend (\w+)", commands)
    assert named == ["migrate", "scheduler", "qcluster"]
    assert set(named) <= set(get_commands())
    seconds = int(SERVICES["worker"]["stop_grace_period"].removesuffix("s"))
    assert seconds > settings.STOP_GRACE_SECONDS + 5


def test_it_has_an_init_variables_that_are_read_and_no_secret_of_its_own() -> None:
    for name in OURS:
        service = SERVICES[name]
        assert service["init"] is True
        assert service["env_file"] == ".env"
        assert set(service["environment"]) <= set(VARIABLES)
        assert "${POSTGRES_PASSWORD:?" in service["environment"]["DATABASE_URL"]
    assert SERVICES["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    images = [SERVICES[name]["image"] for name in SERVICES if name not in OURS]
    assert all(":" in image and not image.endswith(":latest") for image in images)
