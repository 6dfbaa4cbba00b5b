"""What the newest runs show of themselves is held to the steps that a run may take."""

from datetime import timedelta
from typing import Any

import pytest

from scheduling.ledger.journal import record_change
from scheduling.ledger.sightings import Sightings
from scheduling.models import Action, Job, Run, RunState
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def job() -> Job:
    made: Job = JobFactory(name="fetch")
    return made


def failed(*attempts: int) -> list[dict[str, Any]]:
    return [{"attempt": number, "ended_at": "", "worker": "", "error": "no"} for number in attempts]


def test_what_runs_keep_of_themselves_is_lawful(job: Job) -> None:
    RunFactory(job=job, state=RunState.PENDING)
    RunFactory(job=job, state=RunState.RUNNING, attempt=1, owner="a")
    RunFactory(job=job, state=RunState.SUCCEEDED, attempt=3, failed_attempts=failed(1, 2))
    RunFactory(job=job, state=RunState.FAILED)
    RunFactory(job=job, state=RunState.SKIPPED, attempt=1)
    RunFactory(job=job, state=RunState.FAILED, attempt=41, failed_attempts=failed(*range(2, 42)))

    assert Sightings().broken() == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": RunState.SUCCEEDED}, "from no row to succeeded, attempt 0: nobody was at it"),
        (
            {"state": RunState.SUCCEEDED, "attempt": 3, "failed_attempts": failed(1)},
            "from running, attempt 1 to succeeded, attempt 3: it skipped an attempt",
        ),
        (
            {"state": RunState.RUNNING, "attempt": 1, "failed_attempts": failed(1, 2)},
            "from running, attempt 2 to running, attempt 1: its attempt went back",
        ),
    ],
)
def test_a_row_that_no_steps_lead_to_is_told(job: Job, fields: dict[str, Any], said: str) -> None:
    RunFactory(job=job, occurrence=NOON, **fields)

    assert Sightings().broken() == [f"fetch {NOON:%Y-%m-%d %H:%M:%S}Z: {said}"]


def test_a_run_whose_attempts_count_anew_was_retried_by_somebody(job: Job) -> None:
    run = RunFactory(job=job, state=RunState.RUNNING, attempt=1, failed_attempts=failed(1, 2))

    assert Sightings().broken()
    record_change(job, at=NOON, by="ann", action=Action.RETRY, detail=f"{run.occurrence}: no")
    assert Sightings().broken() == []


def test_the_row_of_an_open_run_is_missed_however_often_it_is_looked_for(job: Job) -> None:
    gone = RunFactory(job=job, occurrence=NOON, state=RunState.PENDING)
    seen = Sightings()
    seen.look()
    gone.delete()
    seen.look()
    seen.look()

    told = "from pending, attempt 0 to no row: it was open, and is there no more"
    assert seen.broken() == [f"fetch 2026-11-23 12:00:00Z: {told}"]


def test_looks_show_what_a_row_does_not_keep(job: Job) -> None:
    done = RunFactory(job=job, occurrence=NOON, state=RunState.SUCCEEDED, attempt=1, owner="a")
    gone = RunFactory(job=job, occurrence=NOON + timedelta(seconds=10), state=RunState.QUEUED)
    seen = Sightings()
    seen.look()
    assert seen.changes == 0
    Run.objects.filter(pk=done.pk).update(state=RunState.RUNNING, attempt=1, owner="b")
    gone.delete()

    assert seen.broken() == [
        "fetch 2026-11-23 12:00:00Z: from succeeded, attempt 1 to running, attempt 1: it had ended",
        "fetch 2026-11-23 12:00:10Z: from queued, attempt 0 to no row: it was open, and is there no more",
    ]
