"""`manage.py cleanup`: what the cleanup job does, by hand, or only shown."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import Task
from pytest_django.fixtures import Settings

from scheduling.models import Run, RunState
from tests.commands import printed
from tests.scheduling.factories import JobFactory, RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def history(settings: Settings) -> None:
    """Three runs of an hour's retention, two of them too old; a task that is younger than its seven days."""
    settings.RETENTION_TASKS = []
    now = timezone.now()
    job = JobFactory()
    for hours in (0, 2, 3):
        at = now - timedelta(hours=hours)
        RunFactory(job=job, state=RunState.SUCCEEDED, occurrence=at, finished_at=at)
    Task.objects.create(id="0" * 32, name="t", func="f", started=now, stopped=now - timedelta(days=6))


def cleanup(*words: str) -> str:
    return printed("cleanup", *words)


def test_a_dry_run_says_what_would_go_and_deletes_nothing() -> None:
    text = cleanup("--dry-run")

    assert "would be deleted" in text
    assert ["runs", "2"] in [line.split() for line in text.splitlines()]
    assert (Run.objects.count(), Task.objects.count()) == (3, 1)


def test_cleanup_deletes_what_the_dry_run_announced() -> None:
    announced = json.loads(cleanup("--dry-run", "--json"))

    done = json.loads(cleanup("--json"))

    assert announced == {"dry_run": True, "rows": {"successful tasks": 0, "failed tasks": 0, "runs": 2}}
    assert done == {"dry_run": False, "rows": announced["rows"]}
    assert (Run.objects.count(), Task.objects.count()) == (1, 1)
    assert json.loads(cleanup("--json"))["rows"]["runs"] == 0
