"""Which edition of a job somebody looked at, so that of two who edit it at once the second is told."""

from collections.abc import Iterable

from django.db.models import Max

from scheduling.exceptions import ConflictError
from scheduling.models import Job, JobChange

# What is kept of runs asked for, retried or cancelled changes nothing about the job.
_EDITS = ("created", "changed", "set", "pause", "resume", "removed")


def edition_of(job: Job) -> int:
    """The number of its newest edit; 0 when it was never edited."""
    return edits_of([job]).get(job.pk, 0)


def edits_of(jobs: Iterable[Job]) -> dict[int, int]:
    """The editions of several, by their key; one query."""
    edits = JobChange.objects.filter(job__in=list(jobs), action__in=_EDITS).order_by()
    return dict(edits.values_list("job_id").annotate(newest=Max("pk")))


def require_edition(job: Job, expected: int | None) -> None:
    """Raise `ConflictError`, which says who changed what, when the job is not of that edition any more.

    Whoever asks holds the job's row, so that it stays so until the end of the transaction.
    """
    if expected is None:
        return
    since = JobChange.objects.filter(job=job, action__in=_EDITS, pk__gt=expected).order_by("pk")
    if not since:
        return
    told = "; ".join(
        f"{change.action} by {change.by} at {change.at:%Y-%m-%d %H:%M:%S}Z"
        + (f" ({change.detail})" if change.detail else "")
        for change in since[:3]
    )
    raise ConflictError(
        f"{job.name} was changed by somebody else since you looked: {told}. Nothing of yours is stored."
    )
