"""A real standby of PostgreSQL: it answers what is only read, and once it has taken over nothing is lost."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.faults.site import PROJECT, Site, site
from tests.faults.storm import begun, ended
from tests.standby.server import Standby

pytestmark = [pytest.mark.processes, pytest.mark.storm]

FILL: Final = """
from tests.validators.rows import NOON, fetch, history, scoring_run, validator
fetch(absolute_slot=427_000_000)
made = [validator(number) for number in (1, 2, 3)]
for one in made:
    history(one, epochs=3)
scoring_run([(one, 90.0) for one in made])
"""
FETCH: Final = "from tests.validators.rows import fetch; fetch(epoch=991)"
# Beside those without a name in them.
NAMED: Final = (
    *("/validators/vote1/", "/api/v1/validators/vote1", "/api/v1/validators/vote1/epochs"),
    *("/api/v1/validators/vote2/score", "/api/v1/validators?format=csv", "/?sort=-name"),
)
# Beside other tests.
ON_TIME: Final = timedelta(seconds=4)
SOME_RUNS: Final = 8


@pytest.fixture
def followed() -> Iterator[tuple[Site, Standby]]:
    with site("postgresql") as here:
        assert here.postgres is not None, "it was asked for"
        standby = Standby(here.folder / "standby", here.postgres)
        try:
            standby.follow()
            yield here, standby
        finally:
            standby.stop_immediately()


def answers(here: Site, database: str) -> dict[str, list[Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.standby.reader", *NAMED],
        cwd=PROJECT,
        env=here.environment | {"DATABASE_URL": database, "RATE_LIMIT": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_primary_that_dies_takes_no_run_with_it(followed: tuple[Site, Standby]) -> None:
    here, standby = followed
    rules, watch = begun(here)
    here.pause(3)

    standby.primary.kill()
    standby.take_its_place()
    here.postgres = standby
    evidence, found = ended(here, rules, watch, calm=2, on_time=ON_TIME)

    assert found == []
    assert len(evidence.commits) >= SOME_RUNS


def test_it_answers_what_is_only_read_as_the_primary_does(followed: tuple[Site, Standby]) -> None:
    here, standby = followed
    here.manage("shell", "-v0", "-c", FILL)
    before = answers(here, standby.url)
    here.manage("shell", "-v0", "-c", FETCH)

    told, wanted = answers(here, standby.url), answers(here, standby.primary.url)

    # That it takes no writes is said by these.
    assert {one for one in told if told[one] != wanted[one]} == {"/metrics", "/readyz"}
    assert {told[one][0] for one in NAMED} == {200}
    assert {one for one in NAMED if before[one] != told[one]} == set(NAMED)
