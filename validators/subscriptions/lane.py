"""The lane in which events are delivered: finds what is due, sends several at once, keeps what came of it.

Threads wait for receivers and do nothing else; whatever asks the database is done by the one that looks.
"""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from itertools import islice
from typing import Final

from scheduling.clock import database_now
from scheduling.models.tokens import Scope
from validators.models import EventTally, Subscription, Validator, ValidatorEvent
from validators.models.subscriptions import SubscriptionQuerySet
from validators.reading.events import events_after
from validators.services.deliveries import Claimed, Outcome, claim, pass_over, record, step_over_lost
from validators.services.secrets import is_ours
from validators.services.subscriptions import pause
from validators.subscriptions.sending import message_of, post

logger = logging.getLogger(__name__)

Pause = Subscription.Pause

# Of one message.
MOST_EVENTS: Final = 100
# Receivers that are waited for at once, and how many of them may be of one token: one whose receivers all
# hang holds nobody else back.
MOST_AT_ONCE: Final = 16
MOST_OF_A_TOKEN: Final = 4
# Subscriptions whose events one look asks for, and how many are loaded at once.
MOST_LOOKED_AT: Final = 500
_LOADED: Final = 100
# Seconds that a look waits for the next answer, and that it goes on while there is more to send.
PATIENCE: Final = 0.5
LONGEST_LOOK: Final = 1.0


class SubscriptionLane:
    """What `COURIER_LANES` names; one in each `qcluster`, while there is a subscription to deliver to."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="subscriptions")
        self._under_way: dict[Future[Outcome], Claimed] = {}

    def is_wanted(self) -> bool:
        return Subscription.objects.active().exists()

    def look(self, *, now: datetime) -> None:
        """Send what is due, and write down what was answered; one batch for each subscription."""
        ends = time.monotonic() + LONGEST_LOOK
        self._record_ended()
        while time.monotonic() < ends and self._send_due(now=now):
            wait(self._under_way, timeout=PATIENCE, return_when=FIRST_COMPLETED)
            self._record_ended()

    def _send_due(self, *, now: datetime) -> bool:
        """Whether anything was sent."""
        before = len(self._under_way)
        # Read before any event is looked for: up to this number all of them can be seen.
        known = EventTally.now()
        behind = (
            Subscription.objects.due(now=now).filter(cursor__lt=known.newest).select_related("token__maker")
        )
        unwanted = []
        may_go_on: dict[int, bool] = {}  # what a token may is several questions to the database
        for subscription in islice(self._with_room(behind), MOST_LOOKED_AT):
            if len(self._under_way) >= MOST_AT_ONCE:
                break
            token = subscription.token
            if token.pk not in may_go_on:
                may_go_on[token.pk] = token.opens_at(now) and token.may(Scope.SUBSCRIBE)
            if _is_stopped(subscription, may_go_on[token.pk], now=now):
                continue
            step_over_lost(subscription, forgotten=known.forgotten, now=now)
            events = _batch(subscription)
            if events:
                self._send(subscription, events, now=now)
            else:
                unwanted.append(subscription)
        pass_over(unwanted, through=known.newest)
        return len(self._under_way) > before

    def _with_room(self, behind: SubscriptionQuerySet) -> Iterator[Subscription]:
        """The longest waiting first, but of no token that has too many: those would take others' places."""
        waiting = list(behind.values_list("pk", "token_id"))
        while waiting := [(key, token) for key, token in waiting if not self._has_too_many(token)]:
            loaded = behind.in_bulk([key for key, _ in waiting[:_LOADED]])
            for key, token in waiting[:_LOADED]:
                if key in loaded and not self._has_too_many(token):
                    yield loaded[key]
            waiting = waiting[_LOADED:]

    def _has_too_many(self, token: int) -> bool:
        whose = [batch.subscription.token_id for batch in self._under_way.values()]
        return whose.count(token) >= MOST_OF_A_TOKEN

    def _send(self, subscription: Subscription, events: list[ValidatorEvent], *, now: datetime) -> None:
        first, last = events[0].number, events[-1].number
        batch = claim(subscription, first=first, last=last, events=len(events), now=now)
        if batch is not None:
            body, headers = message_of(subscription, events, now=now)
            self._under_way[self._pool.submit(post, subscription.url, body, headers)] = batch

    def _record_ended(self) -> None:
        for future in [future for future in self._under_way if future.done()]:
            # Taken out when it is written down: where the database refuses that, it is tried again.
            record(self._under_way[future], _outcome(future), now=database_now())
            del self._under_way[future]


def _outcome(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except Exception as exc:
        # What HTTP or TLS raise at something unheard-of must not end the lane for everybody.
        logger.exception("A delivery broke.")
        return Outcome(status=None, error=f"It could not be sent: {type(exc).__name__}.", milliseconds=0)


def _is_stopped(subscription: Subscription, may_go_on: bool, *, now: datetime) -> bool:
    """Pause it where nothing may be, or can be, delivered."""
    if may_go_on and is_ours(subscription):
        return False
    pause(subscription, because=Pause.SECRET if may_go_on else Pause.TOKEN, now=now)
    return True


def _batch(subscription: Subscription) -> list[ValidatorEvent]:
    """The next events that it wants; of a batch that was tried before the same ones."""
    validators: list[int] = []
    if subscription.validators:
        validators = list(Validator.objects.keys_of(subscription.validators).values())
        if not validators:  # which would mean all of them
            return []
    events = events_after(
        subscription.cursor, kinds=subscription.kinds, validators=validators, limit=MOST_EVENTS
    )
    through = subscription.sending_through
    tried = [event for event in events if through is None or event.number <= through]
    return tried or events
