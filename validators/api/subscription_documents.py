"""Subscriptions, their log and watched validators as their owners get them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field

from validators.api.several import BASE58
from validators.models import Subscription, SubscriptionDelivery, Validator, ValidatorEvent
from validators.models.subscriptions import LONGEST_URL
from validators.subscriptions.addresses import problem_of

MOST_VALIDATORS = 500


def _where_events_may_go(url: str) -> str:
    problem = problem_of(url)
    if problem:
        raise ValueError(problem)
    return url


def _seen_accounts(accounts: list[str]) -> list[str]:
    """Let pass what some fetch saw; the complaint names the first that none did."""
    known = set(Validator.objects.filter(vote_account__in=accounts).values_list("vote_account", flat=True))
    unknown = [account for account in accounts if account not in known]
    if unknown:
        raise ValueError(f"No fetch ever saw the vote account {unknown[0]!r}")
    return accounts


class NewSubscription(Schema):
    """What is wanted, and where it goes; it never changes: for something else make another one."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, AfterValidator(_where_events_may_go)] = Field(
        max_length=LONGEST_URL, description="https, in the internet; gets a POST for each batch of events"
    )
    validators: Annotated[list[Annotated[str, Field(pattern=BASE58)]], AfterValidator(_seen_accounts)] = (
        Field([], max_length=MOST_VALIDATORS, description="Vote accounts; all, when empty")
    )
    kinds: list[ValidatorEvent.Kind] = Field([], description="Kinds of events; all, when empty")


class LostDocument(Schema):
    """Events that were deleted by age before they could be delivered."""

    first: int = Field(description="Number of the first")
    last: int = Field(description="Number of the last; of all between, some may not have been wanted")


class SubscriptionDocument(Schema):
    """An address that gets events, at least once each and in order."""

    id: int
    url: str
    validators: list[str] = Field(description="Vote accounts; all, when empty")
    kinds: list[str] = Field(description="Kinds of events; all, when empty")
    created_at: datetime
    state: Literal["active", "paused"]
    paused_because: Literal["asked", "failed", "gone", "token", "secret"] | None
    paused_reason: str | None = Field(description="The same for people")
    paused_at: datetime | None
    cursor: int = Field(description="Every event up to this number was delivered, or is not wanted")
    failures: int = Field(description="Attempts in a row that came to nothing")
    failing_since: datetime | None = Field(description="After a day of this it is paused")
    next_attempt_at: datetime | None = Field(
        description="While it fails; null when it does not, or is paused"
    )
    delivered_at: datetime | None = Field(description="When a batch was last taken")
    lost: LostDocument | None = Field(description="The last gap; null when there never was one")


class SubscriptionReply(Schema):
    subscription: SubscriptionDocument


class SubscriptionWithSecret(SubscriptionReply):
    secret: str = Field(description="What deliveries are signed with. It is shown this once")


class ResumedReply(SubscriptionReply):
    lost: LostDocument | None = Field(description="What was deleted by age meanwhile; null: nothing is lost")


class SubscriptionList(Schema):
    items: list[SubscriptionDocument]


class TestReply(Schema):
    """What came back from the receiver."""

    delivered: bool = Field(description="Whether the answer was a 2xx")
    status: int | None = Field(description="That was answered; null when nothing was")
    milliseconds: int
    error: str | None


class DeliveryDocument(Schema):
    """One attempt to deliver a batch, or a test."""

    id: int
    at: datetime
    kind: Literal["events", "test", "lost"]
    first: int | None = Field(description="Number of the first event; null for a test")
    last: int | None
    events: int
    attempt: int
    status: int | None = Field(description="That was answered; null when nothing was")
    milliseconds: int | None
    error: str | None = Field(description="Null when it was taken")


class DeliveryList(Schema):
    items: list[DeliveryDocument]
    next_cursor: str | None = Field(description="Give it back as `cursor` for the next page; null at the end")


class WatchNote(Schema):
    model_config = ConfigDict(extra="forbid")

    note: str = Field("", max_length=200, pattern=r"^[^\x00]*$", description="Why, for people")


class WatchedDocument(Schema):
    """A validator that alerts are about."""

    vote_account: str
    origin: Literal["row", "settings"] = Field(description="settings: named by WATCHED_VALIDATORS")
    note: str | None
    added_by: str | None
    added_at: datetime | None


class WatchedReply(Schema):
    watched: WatchedDocument


class WatchedList(Schema):
    items: list[WatchedDocument]


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
        "cursor": one.cursor,
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
