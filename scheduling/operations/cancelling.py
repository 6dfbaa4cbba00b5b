"""Taking back what was asked of a job and has not begun."""

from datetime import datetime
from enum import StrEnum

from django.db import transaction

from scheduling.ledger.journal import record_change
from scheduling.ledger.patience import briefly, refused_while_held
from scheduling.models import Action, Job, Run, RunState, RunTrigger
from scheduling.operations.naming import job_named


class What(StrEnum):
    """Which of the waiting runs are cancelled."""

    ASKED = "operator"  # the one that an operator asked for
    BACKFILL = "backfill"  # those of the past
    ALL = "all"  # also an occurrence that waits for its next attempt, or for another run


_TRIGGERS = {
    What.ASKED: [RunTrigger.OPERATOR],
    What.BACKFILL: [RunTrigger.BACKFILL],
    What.ALL: list(RunTrigger),
}


def cancel(name: str, *, what: What, by: str, now: datetime) -> int:
    """End the runs of a job that wait as skipped; one under way goes on. Returns how many were cancelled."""
    with refused_while_held(name), transaction.atomic():
        job = job_named(name)
        briefly(Job.objects.select_for_update().filter(pk=job.pk)).get()
        waiting = Run.objects.filter(
            job=job,
            trigger__in=_TRIGGERS[what],
            state__in=(RunState.PENDING, RunState.QUEUED),  # [ASK-1]
        )
        cancelled = waiting.update(state=RunState.SKIPPED, finished_at=now, error=f"cancelled by {by}")
        if cancelled:
            record_change(job, at=now, by=by, action=Action.CANCEL, detail=f"{cancelled} of {what.value}")
        return cancelled
