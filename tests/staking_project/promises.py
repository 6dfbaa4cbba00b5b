"""A watched window of time, and what happened in it, for the tests of `manage.py verify`."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django_q.models import Task

from scheduling.models import Job, Run, RunState
from staking_project.acceptance import timing
from staking_project.acceptance.results import CheckResult, Window
from tests.scheduling.factories import RunFactory
from validators.models import SourceState

NOW = timezone.now().replace(microsecond=0)
WINDOW = Window(start=NOW - timedelta(seconds=40), end=NOW)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def ran(job: Job | str, *, seconds_ago: float, **fields: Any) -> Run:
    """A run, on time and successful unless the fields say otherwise."""
    job = Job.objects.get(name=job) if isinstance(job, str) else job
    at = NOW - seconds_ago * SECOND
    given = {"state": RunState.SUCCEEDED, "occurrence": at, "finished_at": at, "lateness": 0.01 * SECOND}
    attempt = int((given | fields)["state"] in (RunState.SUCCEEDED, RunState.RUNNING))
    made: Run = RunFactory(job=job, **({"attempt": attempt} | given | fields))
    return made


def executed(run_id: int, *, result: str = "succeeded") -> None:
    """A row of django-q2's own history that says a worker executed this run."""
    Task.objects.create(
        id=f"{Task.objects.count():032}",
        name="t",
        func="scheduling.tasks.execute_run",
        args=(run_id,),
        started=NOW,
        stopped=NOW,
        success=True,
        result=result,
    )


def source_state(source: str, **fields: Any) -> None:
    assert SourceState.objects.filter(source=source).update(**fields)


def fetch_is_on_time(window: Window) -> CheckResult:
    return timing.ran_on_time("fetch-repeatable", window)


def score_is_on_time(window: Window) -> CheckResult:
    return timing.ran_on_time("score-repeatable", window)
