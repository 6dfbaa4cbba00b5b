"""What becomes of batches of events: claimed, taken or not, passed over; one at a time for each subscription.

A claim is a conditional UPDATE. Whoever is not heard of for `HELD_FOR` counts as dead and the batch is
sent again: receivers know by the numbers of events what they have had.
"""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from validators.models import Subscription, SubscriptionDelivery
from validators.models.subscriptions import HELD_FOR, JITTER, LONGEST_WAIT

Pause = Subscription.Pause

FIRST_WAIT: Final = timedelta(seconds=5)
FAILING_FOR: Final = timedelta(days=1)
# A day in which we were mostly down ourselves is none.
FEWEST_FAILURES: Final = 10
GONE: Final = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one attempt; `error` is empty when it was taken."""

    status: int | None
    error: str
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A batch that is ours to send, and by which claim."""

    subscription: Subscription
    claim: str
    first: int
    last: int
    events: int


def claim(subscription: Subscription, *, first: int, last: int, events: int, now: datetime) -> Claimed | None:
    """None when somebody else has it, or it is not as it was looked at any more."""
    ours = uuid.uuid4().hex
    due = Subscription.objects.due(now=now).filter(pk=subscription.pk, cursor=subscription.cursor)
    if not due.order_by().update(claim=ours, held_until=now + HELD_FOR, sending_through=last):
        return None
    return Claimed(subscription=subscription, claim=ours, first=first, last=last, events=events)


def record(batch: Claimed, outcome: Outcome, *, now: datetime) -> bool:
    """Write down what came of it; False when the claim was lost meanwhile: then it is sent again."""
    with transaction.atomic():
        held = Subscription.objects.select_for_update().filter(pk=batch.subscription.pk, claim=batch.claim)
        found = held.first()
        if found is None:
            return False
        attempt = found.failures + 1
        found.claim, found.held_until = "", None
        if outcome.error:
            _put_off(found, outcome, now=now)
        else:
            found.cursor, found.sending_through = max(found.cursor, batch.last), None
            found.failures, found.failing_since = 0, None
            found.due_at = found.delivered_at = now
        found.save()
        _log(found, outcome, batch=batch, attempt=attempt, now=now)
    return True


def record_test(subscription: Subscription, outcome: Outcome, *, now: datetime) -> None:
    _log(subscription, outcome, batch=None, attempt=1, now=now)


def pass_over(subscriptions: Sequence[Subscription], *, through: int) -> None:
    """Nothing up to that number is for these, which stays true: what they want never changes."""
    if subscriptions:
        behind = Subscription.objects.filter(pk__in=[one.pk for one in subscriptions], cursor__lt=through)
        behind.update(cursor=through)


def step_over_lost(subscription: Subscription, *, forgotten: int, now: datetime) -> tuple[int, int] | None:
    """Go to where events are still kept, and write down which were not delivered; None if all are kept."""
    if subscription.cursor >= forgotten:
        return None
    lost = subscription.cursor + 1, forgotten
    unmoved = Subscription.objects.filter(pk=subscription.pk, cursor=subscription.cursor)
    if unmoved.update(cursor=forgotten, sending_through=None, lost_from=lost[0], lost_to=lost[1]):
        subscription.cursor, subscription.sending_through = forgotten, None
        SubscriptionDelivery.objects.create(
            subscription=subscription,
            at=now,
            first=lost[0],
            last=lost[1],
            error=f"Events {lost[0]} to {lost[1]} were deleted by age before they could be delivered.",
        )
    return lost


def _put_off(found: Subscription, outcome: Outcome, *, now: datetime) -> None:
    found.failures += 1
    found.failing_since = min(found.failing_since or now, now)  # a clock may have been ahead
    found.due_at = now + wait_after(found.failures)
    is_over = now - found.failing_since >= FAILING_FOR and found.failures >= FEWEST_FAILURES
    if found.paused:
        return
    if outcome.status == GONE or is_over:
        found.paused = Pause.GONE if outcome.status == GONE else Pause.FAILED
        found.paused_at = now


def wait_after(failures: int) -> timedelta:
    """Twice as long each time, up to an hour."""
    doubled = min(FIRST_WAIT * 2.0 ** min(failures - 1, 20), LONGEST_WAIT)
    return doubled * random.uniform(1, 1 + JITTER)


def _log(
    subscription: Subscription, outcome: Outcome, *, batch: Claimed | None, attempt: int, now: datetime
) -> None:
    SubscriptionDelivery.objects.create(
        subscription=subscription,
        at=now,
        first=batch.first if batch else None,
        last=batch.last if batch else None,
        events=batch.events if batch else 0,
        attempt=attempt,
        status=outcome.status,
        milliseconds=outcome.milliseconds,
        error=outcome.error,
    )
