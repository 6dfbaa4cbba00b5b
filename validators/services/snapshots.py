"""Storing a snapshot of the cluster: all of it in one transaction, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from validators.models import Fetch, Validator
from validators.services import bulk
from validators.services.bad_epochs import bad_epoch_news
from validators.services.changes import record_commission_changes, record_identity_changes
from validators.services.cluster_epochs import record_cluster
from validators.services.comparison import STATES, Comparison, compare
from validators.services.confirmations import mark_confirmed, record_confirmations
from validators.services.epochs import record_epochs
from validators.services.events import Kind, News, record_events
from validators.services.fetch_news import superminority_before, superminority_moves, who_moved
from validators.services.incidents import record_incidents
from validators.services.sources import MOST_REJECTED_NAMED, record_votes_success
from validators.solana.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class FetchSummary:
    """What a fetch did: the result of its run. fetch_id is None when a newer fetch was stored already."""

    fetch_id: int | None
    endpoint: str
    epoch: int
    validators: int
    joined: int = 0
    left: int = 0
    rejected: int = 0
    commission_changes: int = 0
    epoch_rows_written: int = 0


def record_snapshot(
    snapshot: Snapshot, *, stored_at: datetime, genesis_hash: str = "", compared: Comparison | None = None
) -> FetchSummary:
    """Bring the tables to this snapshot. Call inside a transaction; the same snapshot again
    counts as another fetch and changes nothing else.

    `compared` is what somebody found out before the transaction; where the tables are others since, or
    nobody did, that is done here. A snapshot whose download began before the newest stored one's, or that
    is of an earlier slot, is superseded and stores nothing.
    """
    bulk.serialize_writers()
    previous = Fetch.objects.newest()
    if previous is not None and _is_superseded(snapshot, previous, stored_at):
        return FetchSummary(None, snapshot.endpoint, snapshot.epoch.epoch, len(snapshot.accounts))
    # By its fetch an older program is noticed too, which leaves no marks.
    if compared is None or compared.previous != previous or not compared.is_current:
        compared = compare(snapshot)
    fetch = _create_fetch(snapshot, genesis_hash, stored_at)
    newcomers = _write_states(compared, stored_at)
    is_first_look = previous is None or previous.epoch < snapshot.epoch.epoch
    news = _news(snapshot, compared, newcomers, is_first_look=is_first_look, stored_at=stored_at)
    changes = [one for one in news if one.kind is Kind.COMMISSION]
    before = previous.epoch if previous else 0
    confirmed = record_confirmations(snapshot, compared.moved, before=before, at=stored_at)
    written = record_epochs(compared.epochs, newcomers=newcomers, stored_at=stored_at)
    mark_confirmed(confirmed, epoch=fetch.epoch)
    record_cluster(
        snapshot,
        previous=previous,
        standing=compared.standing,
        mean=compared.mean,
        past=written.past,
        terms_changed=bool(changes or compared.came or compared.left),
    )
    record_votes_success(snapshot, stored_at=stored_at)
    if is_first_look or written.past:
        news += bad_epoch_news(fetch)
    # To the first look of all everything is new, and nothing is news.
    record_events([*news, *confirmed.news()] if previous else [], epoch=fetch.epoch, at=stored_at)
    return _summary(fetch, compared, changed=len(changes), written=written.rows)


def _news(
    snapshot: Snapshot,
    compared: Comparison,
    newcomers: Mapping[int, int],
    *,
    is_first_look: bool,
    stored_at: datetime,
) -> list[News]:
    """Store what happened to validators, and return it."""
    moved, left = compared.moved, compared.left
    keys = compared.keys
    if newcomers:
        keys = {account: newcomers.get(key, key) for account, key in keys.items()}
    changed = record_commission_changes(snapshot, moved, is_first_look=is_first_look, stored_at=stored_at)
    before, after = superminority_before(compared.previous), compared.standing.superminority
    return [
        *who_moved(compared.joined, keys, compared.stored, left=left),
        *superminority_moves(keys, before=before, after=after),
        *record_identity_changes(snapshot, moved, stored_at=stored_at),
        *changed,
        *record_incidents(snapshot, keys, left=left, stored_at=stored_at),
    ]


def _summary(fetch: Fetch, compared: Comparison, *, changed: int, written: int) -> FetchSummary:
    return FetchSummary(
        fetch_id=fetch.pk,
        endpoint=fetch.endpoint,
        epoch=fetch.epoch,
        validators=fetch.validators_total,
        joined=len(compared.came),
        left=len(compared.left),
        rejected=fetch.rejected_count,
        commission_changes=changed,
        epoch_rows_written=written,
    )


def _is_superseded(snapshot: Snapshot, previous: Fetch, stored_at: datetime) -> bool:
    """Another fetch was stored while this one was under way."""
    if snapshot.epoch.absolute_slot < previous.absolute_slot:
        return True
    # A start in the future is another host's clock, and no reason to wait for it.
    return snapshot.began_at < previous.started_at <= stored_at


def _create_fetch(snapshot: Snapshot, genesis_hash: str, stored_at: datetime) -> Fetch:
    return Fetch.objects.create(
        started_at=snapshot.began_at,
        stored_at=stored_at,
        endpoint=snapshot.endpoint,
        epoch=snapshot.epoch.epoch,
        absolute_slot=snapshot.epoch.absolute_slot,
        slot_index=snapshot.epoch.slot_index,
        slots_in_epoch=snapshot.epoch.slots_in_epoch,
        split_epoch=snapshot.split_epoch,
        genesis_hash=genesis_hash,
        validators_total=len(snapshot.accounts),
        staked_total=sum(state.account.activated_stake for state in snapshot.accounts),
        rejected_count=len(snapshot.rejected),
        rejected=[
            {"vote_account": record.vote_account, "reason": record.reason}
            for record in snapshot.rejected[:MOST_REJECTED_NAMED]
        ],
    )


def _write_states(compared: Comparison, stored_at: datetime) -> dict[int, int]:
    """Write the present state of every account sent, and who is no longer sent. Returns the primary keys
    that those have now who came, by the keys that they were given."""
    seen = {"last_seen_at": stored_at}
    compared.steady.write(seen)
    compared.changed.write({**seen, "left_at": None})
    bulk.insert_rows(
        Validator,
        fields=("vote_account", *STATES),
        rows=compared.came,
        constants={"name": "", "first_seen_at": stored_at, **seen},
    )
    rows = [(key,) for key in compared.left]
    bulk.update_rows(
        Validator, fields=(), rows=rows, constants={"left_at": stored_at, "superminority": False}
    )
    if not compared.came:
        return {}
    newest = max((row.pk for row in compared.stored.values()), default=0)
    found = Validator.objects.filter(pk__gt=newest).values_list("vote_account", "pk")
    return {compared.keys[account]: key for account, key in found if account in compared.keys}
