"""What follows from the end of a run, in the transaction that ends it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from scheduling.clock import AHEAD
from scheduling.ledger.journal import SCHEDULER, record_change
from scheduling.ledger.patience import briefly, is_held
from scheduling.models import Action, Job, Overlap, Run, RunState, RunTrigger
from scheduling.modes import jobs_that_need

# An occurrence that comes within this sees what just arrived, without a run of its own.
SOON = timedelta(minutes=1)


def follow_success(*, job_id: int, occurrence: datetime, now: datetime) -> None:
    """Ask for a run of every job that runs after this one; a dispatcher queues it within a tick.

    It takes over the occurrence, so the ledger's uniqueness makes it follow once.
    """
    followers = Job.objects.filter(after=job_id, paused_at=None, schedule__isnull=False)
    _ask_for(followers, occurrence=occurrence, now=now)


def follow_first_success(*, job_id: int, job_name: str, run_id: int, now: datetime) -> None:
    """After the job's first, ask for a run of each job that needs it, unless one comes soon by itself.

    What ran while a source of its was away would otherwise do without it for another interval.
    """
    needing = jobs_that_need(job_name)
    if not needing:
        return
    if Run.objects.filter(job=job_id, state=RunState.SUCCEEDED).exclude(pk=run_id).exists():
        return
    waiting = Run.objects.filter(job=OuterRef("pk"), state__in=(RunState.PENDING, RunState.QUEUED))
    followers = Job.objects.filter(
        ~Exists(waiting), name__in=needing, paused_at=None, schedule__next_run__gt=now + SOON
    )
    _ask_for(followers, occurrence=now, now=now)


def _ask_for(followers: "QuerySet[Job]", *, occurrence: datetime, now: datetime) -> None:
    """One run of each, if it has none of that occurrence."""
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
            for follower in _locked(followers)
        ],
        ignore_conflicts=True,
    )


def _locked(followers: "QuerySet[Job]") -> Iterable[Job]:
    """By the lock that a run of each takes when it is committed: who removes one is waited for before."""
    if connection.vendor == "sqlite":
        return followers
    sql, values = followers.query.sql_with_params()
    return Job.objects.raw(f"{sql} FOR KEY SHARE OF {Job._meta.db_table}", values)


def follow_failure(*, job_id: int, now: datetime) -> None:
    """Pause a job that wants it when its last runs, as many as it says, have all failed."""
    job = Job.objects.get(pk=job_id)
    limit = job.pause_after_failures
    if not limit or job.paused_at is not None:
        return
    if job.overlap == Overlap.ALLOW:
        _let_others_commit(job)
    ended = Run.objects.filter(job=job, state__in=(RunState.SUCCEEDED, RunState.FAILED))
    ended = ended.filter(finished_at__lte=now + AHEAD)
    newest = list(ended.order_by("-finished_at").values_list("state", flat=True)[:limit])
    if newest != [RunState.FAILED] * limit:
        return
    note = f"{limit} runs in a row have failed"
    if Job.objects.filter(pk=job_id, paused_at=None).update(
        paused_at=now, paused_until=None, pause_note=note
    ):
        record_change(job, at=now, by=SCHEDULER, action=Action.PAUSE, detail=note)


def _let_others_commit(job: Job) -> None:
    """Or of two runs that fail at once neither sees the end of the other (PostgreSQL). Waits only briefly."""
    try:
        with transaction.atomic():
            briefly(Job.objects.select_for_update(no_key=True).only("pk").filter(pk=job.pk)).first()
    except OperationalError as exc:
        if not is_held(exc):
            raise
