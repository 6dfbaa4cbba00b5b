"""Deleting what is older than anybody promised to keep it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils.module_loading import import_string
from django_q.models import Failure, Success

from scheduling.clock import database_now
from scheduling.ledger.tallies import fold_all
from scheduling.models import Job, Run, RunState
from scheduling.modes import CLEANUP, MODES

# Rows per transaction: few enough that nobody waits for the lock long enough to notice.
BATCH = 1_000


class PruneHistory(Protocol):
    """What `settings.RETENTION_TASKS` names: deletes what an app keeps for `keep`; table -> rows."""

    def __call__(self, *, keep: timedelta, now: datetime, dry_run: bool) -> dict[str, int]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long job history is kept."""

    keep_succeeded: timedelta
    keep_failed: timedelta


def clean_up() -> dict[str, int]:
    """Delete what is too old now; the task of `cleanup-repeatable`. Returns rows deleted by table."""
    return prune(now=database_now(), dry_run=False)


def prune(*, now: datetime, dry_run: bool) -> dict[str, int]:
    """Delete, or with `dry_run` only count, what is too old at `now`; table -> rows."""
    retention = current_retention()
    if not dry_run:
        fold_all()  # what is deleted stays counted
    counts = {
        "successful tasks": _delete(
            Success.objects.filter(stopped__lt=now - retention.keep_succeeded), dry_run=dry_run
        ),
        "failed tasks": _delete(
            Failure.objects.filter(stopped__lt=now - retention.keep_failed), dry_run=dry_run
        ),
        "runs": sum(_delete(_old_runs(job, now=now), dry_run=dry_run) for job in Job.objects.all()),
    }
    for path in settings.RETENTION_TASKS:
        prune_history: PruneHistory = import_string(path)
        counts |= prune_history(keep=retention.keep_succeeded, now=now, dry_run=dry_run)
    return counts


def current_retention() -> Retention:
    """As the cleanup job was set up; before any set-up, as the production mode would."""
    job = Job.objects.filter(name=CLEANUP.name).first()
    source: Any = job or MODES["production"]
    return Retention(keep_succeeded=source.keep_succeeded, keep_failed=source.keep_failed)


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete the rows of a queryset in short transactions; returns how many.

    The batch is chosen first, in the order that the rows have, or by primary key, so each transaction touches
    only its own rows; of these it deletes which are still such rows: somebody may have let a run begin anew.
    """
    ordered = rows if rows.query.order_by else rows.order_by("pk")
    deleted = 0
    model: type[Model] = rows.model
    while True:
        with transaction.atomic():
            keys = list(ordered.values_list("pk", flat=True)[:BATCH])
            if not keys:
                return deleted
            _, by_model = rows.filter(pk__in=keys).order_by().delete()
        deleted += by_model.get(model._meta.label, 0)


def _delete(rows: QuerySet[Any], *, dry_run: bool) -> int:
    return rows.count() if dry_run else delete_in_batches(rows)


def _old_runs(job: Job, *, now: datetime) -> QuerySet[Run]:
    """Ended runs past their time. The newest ones of a job are kept: they say when it last ran."""
    newest = Run.objects.filter(job=job).order_by("-occurrence").values_list("pk", flat=True)
    kept = list(newest[: max(job.keep_newest, 1)])
    too_old = Q(state=RunState.FAILED, finished_at__lt=now - job.keep_failed) | Q(
        state__in=(RunState.SUCCEEDED, RunState.SKIPPED), finished_at__lt=now - job.keep_succeeded
    )
    # The bound and the order are those of an index: by primary key a batch may have to pass all that is kept.
    bound = now - min(job.keep_failed, job.keep_succeeded)
    old = Run.objects.filter(too_old, job=job, finished_at__lt=bound).exclude(pk__in=kept)
    return old.order_by("finished_at", "pk")
