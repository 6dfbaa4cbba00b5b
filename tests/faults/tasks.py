"""Tasks for crash points. Each leaves an x in its job's description, so doubled effects show."""

import time

from django.db.models import F, Value
from django.db.models.functions import Concat

from scheduling.engine import execution
from scheduling.models import Job, Run


def store() -> None:
    """Stores its effect with the end of its run."""
    execution.commit_with_run(_mark)


def store_slowly() -> None:
    """Works for a few heartbeats first."""
    time.sleep(1)
    execution.commit_with_run(_mark)


def store_by_itself() -> str:
    """Stores nothing with its run, so that its end is recorded after it."""
    return "done"


def fail_at_first() -> None:
    """Fails in its first attempt."""
    if Run.objects.get().attempt == 1:
        raise ValueError("the first time it fails")
    execution.commit_with_run(_mark)


def _mark() -> None:
    Job.objects.update(description=Concat(F("description"), Value("x")))
