"""Which edition of a job somebody looked at, so that of two who edit it at once the second is told."""

from typing import Any

from django.db.models import QuerySet

from scheduling.exceptions import ConflictError
from scheduling.ledger.journal_words import action_words, journal_words
from scheduling.models import Action, Job, JobChange
from scheduling.timing.instants import show_instant

# What is kept of runs asked for, retried or cancelled changes nothing about the job.
EDITS = (Action.CREATED, Action.CHANGED, Action.SET, Action.PAUSE, Action.RESUME, Action.REMOVED)


def edition_of(job: Job) -> int:
    """The number of its newest edit; 0 when it was never edited."""
    return newest_edits(job.pk).values_list("pk", flat=True).first() or 0


def newest_edits(job_id: Any) -> QuerySet[JobChange]:
    """The newest first; `job_id` may be an expression of a query around it."""
    return JobChange.objects.filter(job=job_id, action__in=EDITS).order_by("-pk")


def require_edition(job: Job, expected: int | None) -> None:
    """Raise `ConflictError`, which says who changed what, when the job is not of that edition any more.

    Whoever asks holds the job's row, so that it stays so until the end of the transaction.
    """
    if expected is None:
        return
    since = JobChange.objects.filter(job=job, action__in=EDITS, pk__gt=expected).order_by("pk")
    if not since:
        return
    told = "; ".join(
        f"{action_words(change.action)} by {change.by} at {show_instant(change.at)}"
        + (f" ({journal_words(change.detail)})" if change.detail else "")
        for change in since[:3]
    )
    raise ConflictError(
        f"{job.name} was changed by somebody else since you looked: {told}. Nothing of yours is stored."
    )
