"""Subscriptions, their log and watched validators as their owners get them."""

from datetime import datetime
from typing import Annotated, Any, Final

from ninja import Schema
from pydantic import AfterValidator, Field

from validators.api.event_documents import EventDocument
from validators.api.several import BASE58
from validators.api.words import (
    DeliveryKind,
    EventKind,
    MessageType,
    PauseReason,
    SubscriptionState,
    WatchOrigin,
)
from validators.models import Subscription, SubscriptionDelivery, Validator
from validators.models.subscriptions import LONGEST_URL
from validators.subscriptions.addresses import problem_of

# More than an address takes (`several.MOST_KEYS`): a body has room.
MOST_VALIDATORS: Final = 500


def _where_events_may_go(url: str) -> str:
    problem = problem_of(url)
    if problem:
        raise ValueError(problem)
    return url


def _seen_accounts(accounts: list[str]) -> list[str]:
    """Let pass what some fetch saw; the complaint names the first that none did."""
    known = Validator.objects.keys_of(accounts)
    unknown = [account for account in accounts if account not in known]
    if unknown:
        raise ValueError(f"No fetch ever saw the vote account {unknown[0]!r}")
    return accounts


class NewSubscription(Schema):
    """What is wanted, and where it goes; it never changes: for something else make another one."""

    url: Annotated[str, AfterValidator(_where_events_may_go)] = Field(
        max_length=LONGEST_URL, description="https, in the internet; gets a POST for each batch of events"
    )
    validators: Annotated[list[Annotated[str, Field(pattern=BASE58)]], AfterValidator(_seen_accounts)] = (
        Field([], max_length=MOST_VALIDATORS, description="Vote accounts; all, when empty")
    )
    kinds: list[EventKind] = Field([], description="Kinds of events; all, when empty")


class LostDocument(Schema):
    """Events that were deleted by age before they could be delivered."""

    first: int = Field(description="Number of the first")
    last: int = Field(description="Number of the last; of all between, some may not have been wanted")


class SubscriptionDocument(Schema):
    """An address that gets events, at least once each and in order."""

    id: int = Field(description="The key of the subscription")
    url: str = Field(description="Where its events go; only its token reads it")
    validators: list[str] = Field(description="Vote accounts; all, when empty")
    kinds: list[EventKind] = Field(description="Kinds of events; all, when empty")
    created_at: datetime = Field(description="When it was made, UTC; it tells of what happened since")
    state: SubscriptionState = Field(description="Whether anything is delivered")
    paused_because: PauseReason | None = Field(description="Why nothing is; null while it is active")
    paused_reason: str | None = Field(description="The same for people")
    paused_at: datetime | None = Field(description="UTC; null: it is active")
    cursor: str = Field(
        description="Every event up to this one was delivered, or is not wanted; as `since` of the list of "
        "events it leads to what is to come"
    )
    failures: int = Field(description="Attempts in a row that came to nothing")
    failing_since: datetime | None = Field(
        description="UTC; after a day of this it is paused. Null: the last attempt was taken"
    )
    next_attempt_at: datetime | None = Field(
        description="While it fails, UTC; null when it does not, or is paused"
    )
    delivered_at: datetime | None = Field(description="When a batch was last taken, UTC; null: none was")
    lost: LostDocument | None = Field(description="The last gap; null when there never was one")


class SubscriptionReply(Schema):
    """One subscription."""

    subscription: SubscriptionDocument = Field(description="As it stands")


class SubscriptionWithSecret(SubscriptionReply):
    """One subscription, and a secret that was just made."""

    secret: str = Field(description="What deliveries are signed with. It is shown this once")


class ResumedReply(SubscriptionReply):
    """One subscription that goes on."""

    lost: LostDocument | None = Field(description="What was deleted by age meanwhile; null: nothing is lost")


class SubscriptionList(Schema):
    """Every subscription of a token."""

    items: list[SubscriptionDocument] = Field(description="All of them, the oldest first")


class TestReply(Schema):
    """What came back from the receiver."""

    delivered: bool = Field(description="Whether the answer was a 2xx")
    status: int | None = Field(description="Of HTTP, that was answered; null when nothing was")
    milliseconds: int = Field(description="From the first byte sent to the last read")
    error: str | None = Field(description="Why it was not taken, for people; null when it was")


class DeliveryDocument(Schema):
    """One attempt to deliver a batch, or a test."""

    id: int = Field(description="Its key; grows")
    at: datetime = Field(description="When it ended, UTC")
    kind: DeliveryKind = Field(description="What it was about")
    first: int | None = Field(description="Number of the first event; null for a test")
    last: int | None = Field(description="Number of the last event; null for a test")
    events: int = Field(description="How many events it held")
    attempt: int = Field(description="Which one for this batch, from 1")
    status: int | None = Field(description="Of HTTP, that was answered; null when nothing was")
    milliseconds: int | None = Field(description="From the first byte sent to the last read; null: not sent")
    error: str | None = Field(description="Why it was not taken, for people; null when it was")


class DeliveryList(Schema):
    """A page of what became of deliveries."""

    items: list[DeliveryDocument] = Field(description="The newest first")
    next_cursor: str | None = Field(description="Give it back as `cursor` for the next page; null at the end")


class MessageData(Schema):
    """What a message is about."""

    subscription: int = Field(description="The key of the subscription")
    events: list[EventDocument] = Field(description="Up to 100, oldest first; none in a test")


class EventsMessage(Schema):
    """What is sent to the address of a subscription."""

    type: MessageType = Field(description="What it is")
    timestamp: datetime = Field(description="When the last of its events was seen, UTC; of a test: now")
    data: MessageData = Field(description="What it is about")


class WatchNote(Schema):
    """Why it is watched."""

    note: str = Field("", max_length=200, pattern=r"^[^\x00]*$", description="Why, for people")


class WatchedDocument(Schema):
    """A validator that alerts are about."""

    vote_account: str = Field(description="Base58; the validator's key")
    seen: bool = Field(description="Whether any fetch or history told of it; until one does, no alert can")
    origin: WatchOrigin = Field(description="Who wants it")
    note: str | None = Field(description="Why, for people; null: nobody said")
    added_by: str | None = Field(description="Who added it; null for one of the settings")
    added_at: datetime | None = Field(description="UTC; null for one of the settings")


class WatchedReply(Schema):
    """One validator that is watched."""

    watched: WatchedDocument = Field(description="As it stands")


class WatchedList(Schema):
    """Every validator that is watched."""

    items: list[WatchedDocument] = Field(description="All of them, by vote account")


def subscription_document(one: Subscription) -> dict[str, Any]:
    return {
        "id": one.pk,
        "url": one.url,
        "validators": one.validators,
        "kinds": one.kinds,
        "created_at": one.created_at,
        "state": "paused" if one.paused else "active",
        "paused_because": one.paused or None,
        "paused_reason": one.get_paused_display() or None,
        "paused_at": one.paused_at,
        "cursor": str(one.cursor),
        "failures": one.failures,
        "failing_since": one.failing_since,
        "next_attempt_at": one.due_at if one.failures and not one.paused else None,
        "delivered_at": one.delivered_at,
        "lost": {"first": one.lost_from, "last": one.lost_to} if one.lost_to is not None else None,
    }


def delivery_document(one: SubscriptionDelivery) -> dict[str, Any]:
    kind = "test" if one.last is None else "events" if one.events else "lost"
    return {
        "id": one.pk,
        "at": one.at,
        "kind": kind,
        "first": one.first,
        "last": one.last,
        "events": one.events,
        "attempt": one.attempt,
        "status": one.status,
        "milliseconds": one.milliseconds,
        "error": one.error or None,
    }
