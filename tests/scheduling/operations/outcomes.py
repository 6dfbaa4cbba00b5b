"""What became of a job, and what its journal says, for the tests of operators' actions."""

from datetime import timedelta
from typing import Any

from scheduling.models import Job, JobChange

TEN = timedelta(seconds=10)


def journal() -> list[tuple[str, str, str]]:
    return [(change.by, change.action, change.detail) for change in JobChange.objects.order_by("pk")]


def reloaded(job: Job) -> Job:
    return Job.objects.select_related("schedule", "after").get(pk=job.pk)


def next_run(job: Job) -> Any:
    schedule = reloaded(job).schedule
    return schedule and schedule.next_run
