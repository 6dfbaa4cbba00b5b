"""What lacked a source follows when it arrives, and the first runs come in an order."""

from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from scheduling.clock import database_now
from scheduling.engine.execution import execute_run
from scheduling.exceptions import UnknownNameError
from scheduling.models import Job, Run, RunState, RunTrigger
from scheduling.modes import JobDeclaration, first_starts
from scheduling.operations import changing, setting_up
from tests.scheduling.factories import RunFactory

HOUR = timedelta(hours=1)


def declared(name: str, *needs: str, start: int = 1) -> JobDeclaration:
    return JobDeclaration(
        name=name,
        task="tests.scheduling.tasks.succeed",
        description="",
        every_seconds={"test": 3600, "production": 21_600},
        start_after_seconds={"test": start, "production": start},
        needs=needs,
    )


JOBS = (declared("score", "names", "votes"), declared("names", "votes", start=30), declared("votes"))


@pytest.fixture
def jobs(settings: Settings) -> dict[str, Job]:
    """Set up a while ago: each comes again in most of an hour."""
    settings.SCHEDULED_JOBS = ["tests.scheduling.engine.test_first_success.JOBS"]
    setting_up.set_up("test", now=database_now() + HOUR / 2, by="tester")
    return {job.name: job for job in Job.objects.all()}


def succeeds(job: Job, *, at: datetime | None = None) -> None:
    execute_run(RunFactory(job=job, occurrence=at or database_now()).pk)


def followers() -> list[tuple[str, str]]:
    return list(
        Run.objects.filter(state=RunState.PENDING, trigger=RunTrigger.CHAIN)
        .order_by("job__name")
        .values_list("job__name", "trigger")
    )


def test_a_job_starts_behind_what_it_needs() -> None:
    assert first_starts(JOBS, mode="test") == {"votes": 1, "names": 30, "score": 31}


@pytest.mark.parametrize("needs", ["nobody", "score"])
def test_a_need_that_cannot_be_is_named(needs: str) -> None:
    with pytest.raises(UnknownNameError, match=f"score needs {needs}"):
        first_starts([declared("score", needs)], mode="test")


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_what_lacked_a_source_runs_when_it_arrives_and_only_then(jobs: dict[str, Job]) -> None:
    succeeds(jobs["votes"])
    assert followers() == [("names", "chain"), ("score", "chain")]
    Run.objects.all().update(state=RunState.SUCCEEDED)

    succeeds(jobs["votes"])
    assert followers() == []


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", [RunState.FAILED, RunState.SKIPPED])
def test_a_source_that_came_to_nothing_before_arrives_with_its_first_success(
    jobs: dict[str, Job], state: RunState
) -> None:
    RunFactory(job=jobs["names"], state=state, occurrence=database_now() - HOUR)

    succeeds(jobs["names"])

    assert followers() == [("score", "chain")]


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_nothing_follows_that_is_paused_comes_soon_or_waits_already(jobs: dict[str, Job]) -> None:
    changing.pause("score", by="ada", note="", now=database_now())
    succeeds(jobs["names"])
    changing.resume("score", by="ada", now=database_now())
    Run.objects.all().delete()

    jobs["score"].schedule.next_run = database_now() + timedelta(seconds=50)  # type: ignore[union-attr]
    jobs["score"].schedule.save()  # type: ignore[union-attr]
    succeeds(jobs["names"])
    Run.objects.all().delete()

    RunFactory(job=jobs["score"], state=RunState.QUEUED, occurrence=database_now() - HOUR)
    RunFactory(job=jobs["names"], state=RunState.PENDING, occurrence=database_now() - HOUR)
    succeeds(jobs["votes"])

    assert followers() == []
