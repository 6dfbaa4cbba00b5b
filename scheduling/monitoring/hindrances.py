"""What keeps a job from running that is no fault of its own, in sentences, for whoever asks about one job."""

from datetime import datetime

from scheduling.models import Job
from scheduling.monitoring.alerts import DOWN, last_look
from scheduling.monitoring.queue_state import QueueState, queue_state
from scheduling.monitoring.readiness import database_verdict, late_jobs, works_elsewhere
from scheduling.timing.instants import show_instant


def hindrances(job: Job, *, now: datetime) -> list[str]:
    """Causes first; where none is known, that the job or its run is late all the same."""
    queue = queue_state(now=now)
    database = database_verdict()
    found = [
        f"{database} Until it works, a run may fail to begin, or its end to be noted." if database else "",
        f"{queue.problem} Runs wait in the ledger and start when it is back." if queue.problem else "",
        _nobody_dispatches(queue, database_works=not database, now=now),
    ]
    told = [sentence for sentence in found if sentence]
    return told or [late.problem for late in late_jobs(now=now) if late.name == job.name]


def _nobody_dispatches(queue: QueueState, *, database_works: bool, now: datetime) -> str:
    """By what the workers' processes say of themselves in Redis; without it by when a dispatcher last looked.

    That is kept in the database, so of one that takes no writes it says nothing.
    """
    looked_at = last_look()
    since = f", since about {show_instant(looked_at)}" if looked_at and looked_at <= now - DOWN else ""
    if not queue.problem and not queue.workers_alive:
        nobody = f"Nobody dispatches, and no workers are alive{since}; `manage.py qcluster` starts both."
        return works_elsewhere(looked_at, now=now) or nobody
    if queue.problem and database_works and since:
        return f"Nobody dispatches{since}; `manage.py qcluster` starts a dispatcher with its workers."
    return ""
