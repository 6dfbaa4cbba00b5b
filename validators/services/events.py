"""Telling what changed: the one place where events are written, in the transaction of the change itself.

What `facts` hold, by kind; commissions are in basis points, an unknown one is null:
joined: returned (it had left before). commission: from, to, confirmed. commission_confirmed: from, to.
mev_commission: from, to, epoch (whose tips are the first to be shared so).
delinquency_ended: fetches (that saw it), left (it ended because the validator left). identity: from, to.
admission_lost: epoch (that it is not let into), reason. admission_regained: epoch.
version: from, to, from_client, to_client. rank: from, to, of (how many were ranked), method, version.
bad_epoch: epoch, vote_performance. verdict: rules, title and version (of them), from, to,
failing (names of rules), clears_in (the epoch in which all that fails is out of its windows; null is
never, or not known). Of the other kinds nothing more is to be told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F
from pydantic_core import to_json

from validators.models import THE_TALLY, EventTally, ValidatorEvent
from validators.services import bulk

Kind = ValidatorEvent.Kind


class News(NamedTuple):
    """What happened to the validator of that primary key."""

    kind: ValidatorEvent.Kind
    validator_id: int
    facts: Mapping[str, Any] = {}


def record_events(news: Sequence[News], *, epoch: int, at: datetime) -> None:
    """Store events in this order, behind all that there are. Call inside a transaction, late in it.

    From here to its end nobody else writes any: so numbers become visible in their order.
    """
    if not news:
        return
    first = _numbers(len(news))
    bulk.insert_rows(
        ValidatorEvent,
        fields=("number", "kind", "validator_id", "facts"),
        rows=[
            (first + place, one.kind.value, one.validator_id, to_json(one.facts).decode())
            for place, one in enumerate(news)
        ],
        constants={"epoch": epoch, "at": at},
    )


def _numbers(count: int) -> int:
    """Take so many numbers; returns the first. The tally's row is locked until the transaction ends."""
    tally = EventTally.objects.filter(pk=THE_TALLY)
    if not tally.update(newest=F("newest") + count):
        EventTally.objects.bulk_create([EventTally(pk=THE_TALLY)], ignore_conflicts=True)
        tally.update(newest=F("newest") + count)
    return tally.values_list("newest", flat=True).get() - count + 1
