"""What callers get of events: the shape of each reply, as OpenAPI shows it."""

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import ConfigDict, Field

from scheduling.api.replies import Envelope
from validators.api.words import EventKind

CURSOR = "Text to give back as `since`; it stays good for ever, whatever is asked for beside it"
# As one is told, for readers of the documentation.
EXAMPLE: dict[str, Any] = {
    "id": 812,
    "cursor": "812",
    "at": "2026-11-25T18:00:04Z",
    "epoch": 990,
    "kind": "commission",
    "vote_account": "Vote111111111111111111111111111111111111111",
    "identity": "Node111111111111111111111111111111111111111",
    "name": "Blue Lagoon",
    "facts": {"from": 0.05, "to": 0.1, "confirmed": False},
    "sentence": "Its commission went from 5 % to 10 %: seen by one look so far.",
}


class FactsDocument(Schema):
    """What there is to know of an event beside its kind; each kind has some of these and no others."""

    from_: str | float | None = Field(
        None,
        alias="from",
        description="commission, commission_confirmed, mev_commission: a fraction, null where nothing was "
        "confirmed before. identity: a node key. version: a version. rank: a rank. verdict: a result",
    )
    to: str | float | None = Field(None, description="As `from`, and what it is since")
    confirmed: bool | None = Field(
        None,
        description="commission: it goes back to what two looks had agreed on. Else one look saw it, and "
        "commission_confirmed follows when a second one does",
    )
    returned: bool | None = Field(None, description="joined: it had been in the cluster before, and left")
    fetches: int | None = Field(None, description="delinquency_ended: how many fetches saw it delinquent")
    left: bool | None = Field(None, description="delinquency_ended: because it left the cluster")
    epoch: int | None = Field(
        None,
        description="admission_lost, admission_regained: into whose set. bad_epoch: which epoch was bad. "
        "mev_commission: whose tips are the first to be shared so",
    )
    reason: str | None = Field(None, description="admission_lost: why it is not let in")
    from_client: str | None = Field(None, description="version: the client before; empty is unknown")
    to_client: str | None = Field(None, description="version: the client since; empty is unknown")
    of: int | None = Field(None, description="rank: how many were ranked")
    method: str | None = Field(None, description="rank: by which method, the headline one")
    version: str | None = Field(
        None, description="rank: by which version of that method. verdict: of the rule set"
    )
    rules: str | None = Field(None, description="verdict: by which rule set")
    title: str | None = Field(None, description="verdict: what people call that rule set")
    failing: list[str] | None = Field(None, description="verdict: the rules that fail; none unless it fails")
    clears_in: int | None = Field(
        None,
        description="verdict: the first epoch that looks back at nothing of what fails, if nothing else "
        "does; null is never, or not known",
    )
    vote_performance: float | None = Field(
        None, description="bad_epoch: below 0.97, where 1 is as the cluster's mean"
    )


class EventDocument(Schema):
    """One thing that changed about one validator."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    id: int = Field(description="Its number: grows by one from event to event, and never changes")
    cursor: str = Field(description=CURSOR)
    at: datetime = Field(description="When it was seen, UTC; not when it happened on the chain")
    epoch: int = Field(description="The epoch that ran when it was seen")
    kind: EventKind = Field(description="What happened")
    vote_account: str = Field(description="Base58; the validator's key")
    identity: str = Field(description="Its node key now")
    name: str | None = Field(description="What it calls itself now; never trusted")
    facts: FactsDocument = Field(description="What there is to know of it beside its kind")
    sentence: str = Field(description="What happened, for people; no word of it is the validator's own")


class EventList(Envelope):
    """A part of what happened."""

    items: list[EventDocument] = Field(description="Oldest first")
    cursor: str = Field(
        description=f"{CURSOR}: with it comes what is behind all that this answer looked at, also where "
        "`items` is empty"
    )
    more: bool = Field(description="There is more behind it already: ask again at once")
    unknown: list[str] = Field(description="Of the accounts asked for, those that no fetch ever saw")
