"""Times of delinquency, each one row from the first fetch that saw it to the first that did not."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import F

from validators.models import DelinquencyIncident
from validators.services import bulk
from validators.services.events import Kind, News
from validators.solana.snapshot import Snapshot


def record_incidents(
    snapshot: Snapshot, keys: Mapping[str, int], *, left: Collection[int], stored_at: datetime
) -> list[News]:
    """Open, count on and close incidents, and return which ended and began.

    `left` are the keys of those that just left the set, which ends an incident too. Of a validator whose
    record was rejected nothing is known: its incident stays as it is.
    """
    delinquent = {keys[state.account.vote_account] for state in snapshot.accounts if state.delinquent}
    rows = DelinquencyIncident.objects.filter(ended_at=None)
    open_ones = list(rows.order_by("pk").values_list("validator_id", "pk", "fetches"))
    open_of = {key: pk for key, pk, _ in open_ones}
    voting = _voting(snapshot, keys) if open_ones else frozenset()
    over = {pk for key, pk in open_of.items() if key in voting or key in left}
    going_on = [pk for key, pk in open_of.items() if key in delinquent]
    if over:
        # A clock that went back ends no incident before its start.
        rows.filter(pk__in=over, started_at__lte=stored_at).update(ended_at=stored_at)
        rows.filter(pk__in=over, started_at__gt=stored_at).update(ended_at=F("started_at"))
    if going_on:
        rows.filter(pk__in=going_on).update(fetches=F("fetches") + 1)
    begun = sorted(delinquent - open_of.keys())
    bulk.insert_rows(
        DelinquencyIncident,
        fields=("validator_id",),
        rows=[(key,) for key in begun],
        constants={"started_at": stored_at, "start_epoch": snapshot.epoch.epoch, "fetches": 1},
    )
    ended = [
        News(Kind.DELINQUENCY_ENDED, key, {"fetches": fetches, "left": key in left})
        for key, pk, fetches in open_ones
        if pk in over
    ]
    return [*ended, *(News(Kind.DELINQUENCY_BEGAN, key) for key in begun)]


def _voting(snapshot: Snapshot, keys: Mapping[str, int]) -> frozenset[int]:
    return frozenset(keys[state.account.vote_account] for state in snapshot.accounts if not state.delinquent)
