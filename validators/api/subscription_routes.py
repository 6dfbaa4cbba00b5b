"""Subscriptions: made, looked at, tested, paused and deleted by the token that they belong to alone."""

from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Body, Path, Query, Router, Schema
from pydantic import Field

from scheduling.api import cursors
from scheduling.api.bearers import BearerToken, token_with
from scheduling.api.errors import ApiError, Problem
from scheduling.api.replies import nothing_reply, private_reply
from scheduling.clock import database_now
from scheduling.models.tokens import Scope
from validators.api.parameters import LARGEST
from validators.api.subscription_documents import (
    DeliveryList,
    NewSubscription,
    ResumedReply,
    SubscriptionList,
    SubscriptionReply,
    SubscriptionWithSecret,
    TestReply,
    delivery_document,
    subscription_document,
)
from validators.models import Subscription
from validators.services import subscriptions
from validators.services.deliveries import record_test
from validators.subscriptions.sending import send_test

MOST_DELIVERIES: Final = 1_000

SubscriptionKey = Annotated[int, Path(ge=1, le=LARGEST, description="The `id` of the subscription")]
_REFUSALS: Final = {401: Problem, 403: Problem}
_MISSING: Final = {**_REFUSALS, 404: Problem}

router = Router(tags=["subscriptions"], auth=BearerToken())


class DeliveryPage(Schema):
    """A part of the log."""

    limit: int = Field(100, ge=1, le=MOST_DELIVERIES, description="Deliveries in one reply")
    cursor: str | None = Field(None, max_length=200, description="The `next_cursor` of the page before")


@router.post("/subscriptions", response={201: SubscriptionWithSecret, 409: Problem, **_REFUSALS})
def create_subscription(request: HttpRequest, body: Body[NewSubscription]) -> HttpResponse:
    """Have whatever happens from now on sent to an address, signed. Scope: subscribe.

    Each batch is a POST of up to 100 events in order, signed by the Standard Webhooks scheme, and is sent
    again until a 2xx comes back: see `webhooks` in this document. The answer holds the `secret`, which is
    shown this once. A token has up to 20 subscriptions; one more is a 409.
    """
    made = subscriptions.subscribe(
        token_with(request, Scope.SUBSCRIBE),
        url=body.url,
        validators=body.validators,
        kinds=[kind.value for kind in body.kinds],
        now=database_now(),
    )
    return private_reply(_told(made.subscription) | {"secret": made.secret}, status=201)


@router.get("/subscriptions", response={200: SubscriptionList, **_REFUSALS})
def list_subscriptions(request: HttpRequest) -> HttpResponse:
    """Those of this token, the oldest first. Scope: subscribe.

    Those of other tokens are not told of, not even how many there are.
    """
    token = token_with(request, Scope.SUBSCRIBE)
    own = Subscription.objects.filter(token=token).order_by("pk")
    return private_reply({"items": [subscription_document(one) for one in own]})


@router.get("/subscriptions/{key}", response={200: SubscriptionReply, **_MISSING})
def get_subscription(request: HttpRequest, key: SubscriptionKey) -> HttpResponse:
    """One, with how far it has got. Scope: subscribe.

    `cursor` is the last event that was delivered or not wanted; `failures`, `failing_since` and
    `next_attempt_at` say how it fares, `paused_because` why nothing is sent any more.
    """
    return private_reply(_told(_own(request, key)))


@router.delete("/subscriptions/{key}", response={204: None, **_MISSING})
def delete_subscription(request: HttpRequest, key: SubscriptionKey) -> HttpResponse:
    """Send nothing more, and forget its log. Scope: subscribe.

    A message that is on its way may still arrive. What it wanted can be had from the list of events.
    """
    _own(request, key).delete()
    return nothing_reply()


@router.post("/subscriptions/{key}/test", response={200: TestReply, 409: Problem, **_MISSING})
def test_subscription(request: HttpRequest, key: SubscriptionKey) -> HttpResponse:
    """Send a message without events now and say what came back. Scope: subscribe; once in 10 s.

    It has the type `test` and is signed as all are; the answer is here within 5 s, whatever the receiver
    does. Neither the cursor nor a pause is moved by it, and it stands in the log.
    """
    own = _own(request, key)
    subscriptions.begin_test(own, now=database_now())
    outcome = send_test(own, now=database_now())
    record_test(own, outcome, now=database_now())
    return private_reply(
        {
            "delivered": not outcome.error,
            "status": outcome.status,
            "milliseconds": outcome.milliseconds,
            "error": outcome.error or None,
        }
    )


@router.post("/subscriptions/{key}/pause", response={200: SubscriptionReply, **_MISSING})
def pause_subscription(request: HttpRequest, key: SubscriptionKey) -> HttpResponse:
    """Deliver nothing until it is resumed; events wait. Scope: subscribe.

    They wait for as long as events are kept (`EVENTS_KEPT_DAYS`). What is on its way may still arrive.
    One that is paused already stays as it is, and keeps its reason.
    """
    subscriptions.pause(_own(request, key), because=Subscription.Pause.ASKED, now=database_now())
    return private_reply(_told(_own(request, key)))


@router.post("/subscriptions/{key}/resume", response={200: ResumedReply, **_MISSING})
def resume_subscription(request: HttpRequest, key: SubscriptionKey) -> HttpResponse:
    """Go on where it stopped, at once, and say what was deleted by age meanwhile. Scope: subscribe.

    Also after it was paused by itself, for failing for a day or for an answer of 410. Failures are counted
    anew. `lost` is null where everything is still there.
    """
    lost = subscriptions.resume(_own(request, key), now=database_now())
    document = {"first": lost[0], "last": lost[1]} if lost else None
    return private_reply(_told(_own(request, key)) | {"lost": document})


@router.post("/subscriptions/{key}/secret", response={200: SubscriptionWithSecret, **_MISSING})
def renew_secret(request: HttpRequest, key: SubscriptionKey) -> HttpResponse:
    """Sign with a new secret, and for a day with the one before too. Scope: subscribe.

    Change the receiver within that day and miss nothing: each message has a signature by either. The new
    secret is shown this once. One that a change of SECRET_KEY paused needs it before it is resumed.
    """
    renewed = subscriptions.renew_secret(_own(request, key), now=database_now())
    return private_reply(_told(renewed.subscription) | {"secret": renewed.secret})


@router.get("/subscriptions/{key}/deliveries", response={200: DeliveryList, 400: Problem, **_MISSING})
def list_deliveries(request: HttpRequest, key: SubscriptionKey, query: Query[DeliveryPage]) -> HttpResponse:
    """What became of each attempt that is still kept, the newest first. Scope: subscribe.

    The status that was answered, or why there was none, and how long it took, tests and gaps included.
    Entries are deleted by age as runs are.
    """
    found = _own(request, key).deliveries.order_by("-pk")
    if query.cursor is not None:
        found = found.filter(pk__lt=cursors.read(query.cursor, cursors.KeyPlace).key)
    rows = list(found[: query.limit + 1])
    page = rows[: query.limit]
    more = cursors.written(cursors.KeyPlace(key=page[-1].pk)) if len(rows) > len(page) else None
    return private_reply({"items": [delivery_document(one) for one in page], "next_cursor": more})


def _own(request: HttpRequest, key: int) -> Subscription:
    """Of others' nothing is told, not even that there are any."""
    token = token_with(request, Scope.SUBSCRIBE)
    found = Subscription.objects.select_related("token").filter(token=token, pk=key).first()
    if found is None:
        raise ApiError(404, code="unknown_subscription", detail=f"This token has no subscription {key}.")
    return found


def _told(one: Subscription) -> dict[str, Any]:
    return {"subscription": subscription_document(one)}
