"""Fixtures every test may use."""

import fcntl
import gc
import logging
import os
import signal
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import hypothesis
import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from tests.installation import Installation, database_filled_from, installation, migrated_template
from tests.task_modules import TASK_MODULES

# A machine that others use too takes as long as it takes.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")

# Four handlers would form the line that the tests' HTTP server writes of each request, and nobody reads it.
logging.getLogger("werkzeug").setLevel(logging.WARNING)

# Nearly all that reading the tests makes stays: looking for garbage among it takes a sixth of the time.
gc.set_threshold(50_000, 50, 100)

# Under nohup whatever is started ignores a hang-up as well; a handler, unlike that, ends with `exec`.
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)

RECORDED = Path(__file__).parent.parent.parent / "shared" / "data"


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it for garbage takes a tenth of the time."""
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def sessions_begin_as_at_a_login() -> None:
    """Whose log-ins count as uses is known once the middleware is there; a test may log in before that."""
    import_module("staking_project.front.sessions")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only tests with the mark `database` are wanted, a file that never names it is not read.

    More than half of them are such, and each of the workers would read them all. The browser's library is the
    dearest of all to load: where its tests are not wanted, their folder is not looked into.
    """
    marks = str(config.option.markexpr)
    wanted = marks.startswith("database")
    if collection_path.name == "e2e" and (wanted or "not browser" in marks):
        return True
    if wanted and collection_path.name.startswith("test_") and collection_path.suffix == ".py":
        return b"mark.database" not in collection_path.read_bytes() or None
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the tests that start processes out to the workers, each of which does its own first.

    They wait more than they compute. One that a worker comes to last has the others wait for it; several
    at once leave the processors to those that compute.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    waiting = [item for item in items if item.get_closest_marker("processes")]
    others = [item for item in items if not item.get_closest_marker("processes")]
    # A worker's own are consecutive: it begins with an equal part of the whole list.
    items[:] = [
        item
        for number in range(workers)
        for kind in (waiting, others)
        for item in kind[len(kind) * number // workers : len(kind) * (number + 1) // workers]
    ]


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Settings) -> None:
    """Hashing a password well takes longer than most tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def tasks_of_tests(settings: Settings) -> None:
    settings.TASK_MODULES = TASK_MODULES


@pytest.fixture(autouse=True)
def unlimited(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """All tests ask from one address, and change what is told between two questions."""
    settings.RATE_LIMIT = 0
    settings.ANSWERS_KEPT_SECONDS = 0
    monkeypatch.setattr("scheduling.monitoring.readiness.VERDICT_KEPT", 0.0)


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Made by the first of the workers that wants it: a process that migrates takes seconds."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "template"
    folder.mkdir(exist_ok=True)
    made = folder / "made"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            made.write_text(migrated_template(folder))
    return made.read_text()


# A process alone migrates its own sooner than another.
COPIES_ITS_DATABASE = "PYTEST_XDIST_WORKER" in os.environ


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """Whether Django takes the database that is there: on SQLite a worker's is, as a copy."""
    is_there = COPIES_ITS_DATABASE and connection.vendor == "sqlite"
    return is_there or bool(request.config.getvalue("reuse_db"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, request: pytest.FixtureRequest
) -> Iterator[None]:
    """A worker's database is a copy of the template."""
    if not COPIES_ITS_DATABASE:
        yield
        return
    with database_filled_from(request.getfixturevalue("database_template")):
        yield


@pytest.fixture
def stack(tmp_path: Path, database_template: str) -> Iterator[Installation]:
    """A database, a Redis and room for worker processes of this test alone."""
    with installation(tmp_path, template=database_template) as made:
        yield made
