"""What follows from the end of a run, in the transaction that ends it."""

from datetime import datetime

from scheduling.ledger.journal import SCHEDULER, record_change
from scheduling.models import Job, Run, RunState, RunTrigger


def follow_success(*, job_id: int, occurrence: datetime, now: datetime) -> None:
    """Ask for a run of every job that runs after this one; a dispatcher queues it within a tick.

    It takes over the occurrence, so the ledger's uniqueness makes it follow once.
    """
    followers = Job.objects.filter(after=job_id, paused_at=None, schedule__isnull=False)
    Run.objects.bulk_create(
        [
            Run(
                job=follower,
                occurrence=occurrence,
                not_before=now,
                state=RunState.PENDING,
                trigger=RunTrigger.CHAIN,
                parameters=follower.parameters,
            )
            for follower in followers
        ],
        ignore_conflicts=True,
    )


def follow_failure(*, job_id: int, now: datetime) -> None:
    """Pause a job that wants it when its last runs, as many as it says, have all failed."""
    job = Job.objects.get(pk=job_id)
    limit = job.pause_after_failures
    if not limit or job.paused_at is not None:
        return
    ended = Run.objects.filter(job=job, state__in=(RunState.SUCCEEDED, RunState.FAILED))
    newest = list(ended.order_by("-finished_at").values_list("state", flat=True)[:limit])
    if newest != [RunState.FAILED] * limit:
        return
    note = f"{limit} runs in a row have failed"
    if Job.objects.filter(pk=job_id, paused_at=None).update(paused_at=now, pause_note=note):
        record_change(job, at=now, by=SCHEDULER, action="pause", detail=note)
