"""Jobs that ask strangers never take the last worker, together."""

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from scheduling.engine.recovery import open_runs, release_pending
from scheduling.engine.room import WAITS
from scheduling.models import ASKED_FOR, Job, Overlap, Run, RunState
from scheduling.modes import JobDeclaration
from scheduling.operations.changing import pause, trigger
from tests.scheduling.claims import claim_due
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SECOND = timedelta(seconds=1)


def source(name: str) -> JobDeclaration:
    return JobDeclaration(
        name=name,
        task="tests.scheduling.tasks.succeed",
        description="",
        every_seconds={"test": 10, "production": 60},
        start_after_seconds={"test": 1, "production": 1},
        leaves_a_worker=True,
    )


JOBS = tuple(source(name) for name in ("names", "nodes", "supply"))


@pytest.fixture(autouse=True)
def three_sources_and_the_votes(settings: Settings) -> None:
    settings.SCHEDULED_JOBS = ["tests.scheduling.engine.test_room.JOBS"]
    for name in ("names", "nodes", "supply", "votes"):
        JobFactory(schedule__name=name)


def states() -> dict[str, str]:
    return dict(Run.objects.values_list("job__name", "state"))


@pytest.mark.parametrize(("workers", "at_once"), [(1, 1), (2, 1), (3, 2), (9, 3)])
def test_as_many_as_leave_a_worker_are_queued_and_the_others_wait(
    settings: Settings, workers: int, at_once: int
) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"workers": workers}

    claim_due(now=NOON)

    assert states()["votes"] == RunState.QUEUED
    assert list(states().values()).count(RunState.QUEUED) == 1 + at_once
    assert set(Run.objects.filter(state=RunState.PENDING).values_list("error", flat=True)) <= {WAITS}


def test_one_that_waited_is_queued_when_another_has_ended(settings: Settings) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"workers": 2}
    claim_due(now=NOON)
    assert release_pending(open_runs(), now=NOON + SECOND) == []

    Run.objects.filter(job__name="names").update(state=RunState.SUCCEEDED)

    assert [run.job.name for run in release_pending(open_runs(), now=NOON + SECOND)] == ["nodes"]
    assert states()["supply"] == RunState.PENDING


def test_one_that_runs_takes_room_of_what_is_claimed_later(settings: Settings) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"workers": 2}
    claim_due(now=NOON)
    Run.objects.update(state=RunState.SUCCEEDED)
    Run.objects.filter(job__name="names").update(state=RunState.RUNNING)
    Job.objects.get(name="names").schedule.delete()  # type: ignore[union-attr]

    assert {run.job.name for run in claim_due(now=NOON + 10 * SECOND)} == {"votes"}


def test_what_is_claimed_does_not_overtake_what_waits_for_room(settings: Settings) -> None:
    """Where each run ends right before the next is due, nobody looks in between."""
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"workers": 2}
    claim_due(now=NOON)
    Run.objects.filter(job__name__in=("names", "votes")).update(state=RunState.SUCCEEDED)

    later = NOON + timedelta(minutes=1)
    claimed = claim_due(now=later)

    assert [run.job.name for run in claimed] == ["votes"]
    assert [run.job.name for run in release_pending(open_runs(), now=later)] == ["nodes"]


@pytest.mark.parametrize("overlap", [Overlap.ALLOW, Overlap.SKIP])
def test_what_was_asked_for_has_its_turn_where_one_of_the_clock_always_waits(
    settings: Settings, overlap: Overlap
) -> None:
    """[LIVE-1] Of all jobs that leave a worker one was always due, and nothing asked for ever began."""
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"workers": 2}
    Job.objects.update(overlap=overlap)
    claim_due(now=NOON)
    for name in ("names", "nodes"):
        trigger(name, by="ada", now=NOON + SECOND)

    begun = []
    for at in range(1, 6):
        now = NOON + at * 10 * SECOND
        under_way = Run.objects.exclude(job__name="votes").filter(state=RunState.QUEUED)
        under_way.update(state=RunState.SUCCEEDED, attempt=1, finished_at=now)
        Run.objects.filter(job__name="votes").delete()
        claim_due(now=now)
        [run] = release_pending(open_runs(), now=now)
        begun.append(run.trigger in ASKED_FOR)

    assert begun == [True, False, True, False, False]


def test_what_a_pause_holds_does_not_send_the_clocks_of_its_job_to_the_back(settings: Settings) -> None:
    """Behind jobs that leave a worker of which one is always due it would wait for as long as the pause."""
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"workers": 2}
    names = Job.objects.get(name="names")
    RunFactory(job=names, state=RunState.SUCCEEDED, occurrence=NOON - SECOND, attempt=1, finished_at=NOON)
    claim_due(now=NOON)
    Run.objects.filter(state=RunState.QUEUED).update(state=RunState.PENDING)
    Run.objects.filter(job__name="nodes").update(occurrence=NOON + SECOND)
    trigger("names", by="ada", now=NOON + SECOND)
    pause("names", by="ada", note="", now=NOON + SECOND)
    Run.objects.filter(job__name="supply").delete()

    later = NOON + 2 * SECOND
    released = [run.job.name for run in release_pending(open_runs(), now=later)]

    assert [name for name in released if name != "votes"] == ["names"]
