"""What is due, claimed a batch at a time; two dispatchers at once share it rather than both read it."""

from collections.abc import Collection, Iterator
from contextlib import nullcontext
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet

from scheduling.engine.claiming import claim, plan_of
from scheduling.models import Job, Run

# A thousand jobs due at once are claimed in ten short transactions, not one long one.
CLAIMS_PER_TRANSACTION = 100


def claim_batches(*, now: datetime, but: Collection[int] = ()) -> Iterator[list[Run]]:
    """Record everything due that nobody else claimed, and give the runs, a batch at a time.

    So the first may be rung for before the last is claimed. No batch is empty.

    A dispatcher that claimed a batch before us is about to claim the next: we leave it that one, and look
    again at the end whether it did. The jobs of `but` are left out.
    """
    leaves_some = False
    for is_second_round in (False, True):
        after = ahead = 0
        while True:
            due, recorded = _claim_next(after=after, ahead=ahead, now=now, but=but)
            if recorded:
                yield recorded
            if len(due) < CLAIMS_PER_TRANSACTION:
                break
            is_late = not recorded and not is_second_round
            after, ahead = due[-1], CLAIMS_PER_TRANSACTION if is_late else 0
            leaves_some |= is_late
        if not leaves_some:
            break


def _claim_next(
    *, after: int, ahead: int, now: datetime, but: Collection[int]
) -> tuple[list[int], list[Run]]:
    """Claim what is due behind the schedule `after`, without the first `ahead`: keys, and the runs won."""
    # What was read is locked there, so that the second of two dispatchers reads what the first does not.
    with transaction.atomic() if connection.vendor == "postgresql" else nullcontext():
        jobs = _due(after=after, now=now, but=but)[ahead:][:CLAIMS_PER_TRANSACTION]
        due = [plan_of(job, now=now) for job in jobs]
        return [one.schedule_id for one in due], claim(due, now=now) if due else []


def _due(*, after: int, now: datetime, but: Collection[int]) -> "QuerySet[Job]":
    """On PostgreSQL without those whose row, or whose schedule's row, somebody holds.

    One that somebody forgot to let go must not stop the others, and what another dispatcher is about to
    claim is left to it. What there is stays ours until we commit.
    """
    # By primary key, so that two dispatchers lock the rows in one order and cannot deadlock.
    due = (
        Job.objects.filter(schedule__gt=after, schedule__next_run__lte=now, paused_at=None)
        .select_related("schedule")
        .order_by("schedule_id")
    )
    due = due.exclude(pk__in=but) if but else due
    if connection.vendor != "postgresql":
        return due
    # [OVERLAP-1]
    return due.select_for_update(of=("self", "schedule"), no_key=True, skip_locked=True)
