"""What of the fetches, the score history and the events is deleted by age, and what always stays."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Max, Min, Q, QuerySet

from scheduling.ledger.retention import delete_in_batches
from validators.models import (
    THE_TALLY,
    EventTally,
    Fetch,
    ScoringInputs,
    ScoringRun,
    SubscriptionDelivery,
    TrustScore,
    ValidatorEvent,
)
from validators.models.marks import Writer, mark_picture

# Storing scores takes seconds: whoever has not done it by then has died.
STORED_BY_THEN: Final = timedelta(hours=1)
_TAKEN_AWAY: Final = "It was not whole an hour after it began, and is taken away."


def prune_history(*, keep: timedelta, now: datetime, dry_run: bool) -> dict[str, int]:
    """Delete scoring runs with their scores, and fetches, older than `keep`; returns rows by table.

    Also those runs that died while they stored their scores. Never deleted: the newest scoring run,
    the last completed one of each method and epoch (so the newest completed one too), the newest
    fetch, and the fetches that the kept runs read.
    With dry_run nothing is deleted, and the numbers are those that would be.
    """
    before = now - keep
    runs = _old_runs(before, now=now)
    if dry_run:
        scores = TrustScore.objects.filter(run__in=runs.values("pk"))
        fetches = _old_fetches(before, going=runs)
        return {
            "trust scores": scores.count(),
            "scoring runs": runs.count(),
            "scoring inputs": _unread_inputs(going=runs).count(),
            "fetches": fetches.count(),
        }
    # Or a machine that slept for so long would tell of scores that are being deleted.
    _left_behind(now).update(reason=_TAKEN_AWAY)
    going = list(runs.order_by("pk").values_list("pk", flat=True))
    deleted = {
        # Run by run, which one index serves, whatever the size of the history.
        "trust scores": sum(delete_in_batches(TrustScore.objects.filter(run=run)) for run in going),
        "scoring runs": delete_in_batches(ScoringRun.objects.filter(pk__in=going)),
        "scoring inputs": delete_in_batches(_unread_inputs(going=ScoringRun.objects.none())),
        "fetches": delete_in_batches(_old_fetches(before, going=ScoringRun.objects.none())),
    }
    _tell_readers(deleted)
    return deleted


def prune_deliveries(*, keep: timedelta, now: datetime, dry_run: bool) -> dict[str, int]:
    """Delete what the logs of subscriptions tell of longer ago than runs are kept."""
    old = SubscriptionDelivery.objects.filter(at__lt=now - keep)
    return {"deliveries of events": old.count() if dry_run else delete_in_batches(old)}


def _old_runs(before: datetime, *, now: datetime) -> QuerySet[ScoringRun]:
    newest = ScoringRun.objects.told().order_by("-pk").values("pk")[:1]
    of_each_epoch = (
        ScoringRun.objects.completed()
        .order_by()
        .values("method", "epoch")
        .annotate(last=Max("pk"))
        .values("last")
    )
    old = Q(finished_at__lt=before) & ~Q(status=ScoringRun.Status.STORING)
    runs = ScoringRun.objects.filter(old | Q(pk__in=_left_behind(now).values("pk")))
    return runs.exclude(pk__in=newest).exclude(pk__in=of_each_epoch)


def _left_behind(now: datetime) -> QuerySet[ScoringRun]:
    return ScoringRun.objects.filter(status=ScoringRun.Status.STORING, finished_at__lt=now - STORED_BY_THEN)


def _old_fetches(before: datetime, *, going: QuerySet[ScoringRun]) -> QuerySet[Fetch]:
    newest = Fetch.objects.order_by("-pk").values("pk")[:1]
    read = ScoringRun.objects.exclude(fetch=None).exclude(pk__in=going.values("pk")).values("fetch")
    return Fetch.objects.filter(stored_at__lt=before).exclude(pk__in=newest).exclude(pk__in=read)


def _unread_inputs(*, going: QuerySet[ScoringRun]) -> QuerySet[ScoringInputs]:
    read = ScoringRun.objects.exclude(inputs=None).exclude(pk__in=going.values("pk")).values("inputs")
    return ScoringInputs.objects.defer("body").exclude(pk__in=read)


def prune_events(*, keep: timedelta, now: datetime, dry_run: bool) -> dict[str, int]:
    """Delete events older than `EVENTS_KEPT_DAYS`; how long runs are kept is no matter of theirs.

    Up to which number is remembered first, so that nobody who goes on from there takes a gap for silence.
    """
    old = _old_events(now - timedelta(days=settings.EVENTS_KEPT_DAYS))
    last = old.aggregate(last=Max("number"))["last"]
    if dry_run or last is None:
        return {"events": old.count()}
    at = ValidatorEvent.objects.values_list("at", flat=True).get(number=last)
    EventTally.objects.filter(pk=THE_TALLY).update(forgotten=last, forgotten_at=at)
    deleted = {"events": delete_in_batches(ValidatorEvent.objects.filter(number__lte=last))}
    _tell_readers(deleted)
    return deleted


def _old_events(before: datetime) -> QuerySet[ValidatorEvent]:
    """Those before the first young one: a clock that went wrong for a moment takes no later ones with it."""
    young = ValidatorEvent.objects.filter(at__gte=before).aggregate(first=Min("number"))["first"]
    old = ValidatorEvent.objects.filter(at__lt=before)
    return old if young is None else old.filter(number__lt=young)


def _tell_readers(deleted: Mapping[str, int]) -> None:
    """After the last of many transactions: what was kept meanwhile goes with the mark before."""
    if any(deleted.values()):
        mark_picture(Writer.RETENTION)
