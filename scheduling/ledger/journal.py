"""Who changed what about a job, and when."""

from datetime import datetime

from scheduling.exceptions import RefusedError
from scheduling.models import Action, Job, JobChange
from scheduling.models.jobs import LONGEST_AUTHOR, LONGEST_DETAIL

# The author of what the scheduler changes by itself.
SCHEDULER = "scheduler"


def record_change(job: Job, *, at: datetime, by: str, action: Action, detail: str = "") -> JobChange:
    if len(by) > LONGEST_AUTHOR:
        raise RefusedError(f"A name of {len(by)} characters is too long: {LONGEST_AUTHOR} fit.")
    return JobChange.objects.create(job=job, at=at, by=by, action=action, detail=detail[:LONGEST_DETAIL])
