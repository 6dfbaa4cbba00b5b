"""Storing a snapshot of the cluster: all of it in one transaction, or nothing."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from validators.models import Fetch, Validator
from validators.services import bulk
from validators.services.bad_epochs import bad_epoch_news
from validators.services.changes import record_commission_changes, record_identity_changes
from validators.services.cluster_epochs import record_cluster
from validators.services.confirmations import mark_confirmed, record_confirmations
from validators.services.epochs import Before, record_epochs
from validators.services.events import record_events
from validators.services.fetch_news import superminority_before, superminority_moves, who_moved
from validators.services.incidents import record_incidents
from validators.services.sources import record_votes_success
from validators.services.stored import STANDING, Moved, StoredValidator, stored_validators
from validators.solana.concentration import superminority
from validators.solana.schemas import VoteAccount
from validators.solana.snapshot import AccountState, Snapshot
from validators.solana.standing import NOTHING_KNOWN, Stake, Standing, standing_of

# How many rejected records are named in the fetch's row; all of them are counted.
MOST_REJECTED_NAMED: Final = 100

# What every fetch shows anew; most validators' rows change in nothing else.
_MOVING: Final = ("last_vote", "root_slot")


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


def record_snapshot(snapshot: Snapshot, *, stored_at: datetime, genesis_hash: str = "") -> FetchSummary:
    """Bring the tables to this snapshot. Call inside a transaction; the same snapshot again
    counts as another fetch and changes nothing else.

    A snapshot whose download began before the newest stored one's, or that is of an earlier slot,
    is superseded and stores nothing.
    """
    bulk.serialize_writers()
    previous = Fetch.objects.newest()
    if previous is not None and _is_superseded(snapshot, previous, stored_at):
        return FetchSummary(None, snapshot.endpoint, snapshot.epoch.epoch, len(snapshot.accounts))
    stored = stored_validators()
    gone = {row.vote_account for row in stored.values() if row.is_gone}
    before = _before(snapshot, previous, stored)
    fetch = _create_fetch(snapshot, genesis_hash, stored_at)
    standing = _standing(snapshot, stored)
    keys, moved = _write_states(snapshot, stored, standing, stored_at)
    is_first_look = previous is None or previous.epoch < snapshot.epoch.epoch
    changed = record_commission_changes(snapshot, moved, is_first_look=is_first_look, stored_at=stored_at)
    joined = [key for vote_account, key in keys.items() if vote_account not in stored]
    left = _mark_left(snapshot, stored, gone, stored_at)
    news = [
        *who_moved(snapshot, keys, stored, gone=gone, left=left),
        *superminority_moves(keys, before=superminority_before(previous), after=standing.superminority),
        *record_identity_changes(snapshot, moved, stored_at=stored_at),
        *changed,
        *record_incidents(snapshot, keys, left=left, stored_at=stored_at),
    ]
    confirmed = record_confirmations(snapshot, moved, before=before.epoch, at=stored_at)
    written = record_epochs(snapshot, keys=keys, stored=stored, before=before, stored_at=stored_at)
    mark_confirmed(confirmed, epoch=fetch.epoch)
    terms = bool(changed or joined or left)
    record_cluster(snapshot, previous=previous, standing=standing, past=written.past, terms_changed=terms)
    record_votes_success(snapshot, stored_at=stored_at)
    if is_first_look or written.past:
        news += bad_epoch_news(fetch)
    # To the first look of all everything is new, and nothing is news.
    record_events([*news, *confirmed.news()] if previous else [], epoch=fetch.epoch, at=stored_at)
    return _summary(fetch, joined=len(joined), left=len(left), changed=len(changed), written=written.rows)


def _summary(fetch: Fetch, *, joined: int, left: int, changed: int, written: int) -> FetchSummary:
    return FetchSummary(
        fetch_id=fetch.pk,
        endpoint=fetch.endpoint,
        epoch=fetch.epoch,
        validators=fetch.validators_total,
        joined=joined,
        left=left,
        rejected=fetch.rejected_count,
        commission_changes=changed,
        epoch_rows_written=written,
    )


def _standing(snapshot: Snapshot, stored: Mapping[str, StoredValidator]) -> Standing:
    accounts = [state.account for state in snapshot.accounts]
    rows = map(stored.get, (one.vote_account for one in accounts))
    standing = standing_of(
        Stake(one.vote_account, one.activated_stake, NOTHING_KNOWN if row is None else row.software)
        for one, row in zip(accounts, rows, strict=True)
    )
    unread = _stake_of_unread(snapshot)
    if not unread:
        return standing
    # Or one odd record would tell that its validator fell out of the superminority, and another came in.
    stakes = {one.vote_account: one.activated_stake for one in accounts if one.activated_stake} | unread
    return replace(standing, superminority=tuple(superminority(stakes)))


def _stake_of_unread(snapshot: Snapshot) -> dict[str, int]:
    """What those held last whose records were rejected, by vote account."""
    named = [record.vote_account for record in snapshot.rejected if record.vote_account is not None]
    if not named:
        return {}
    known = Validator.objects.present().filter(vote_account__in=named, activated_stake__gt=0)
    return dict(known.values_list("vote_account", "activated_stake"))


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


def _standing_values(
    state: AccountState, row: StoredValidator | None, standing: Standing, superminority: Set[str]
) -> tuple[Any, ...]:
    """In the order of STANDING."""
    account = state.account
    bps = account.commission_bps
    confirmed = None if row is None else row.commission_confirmed_bps
    if row is not None and row.commission_bps == bps:
        confirmed = bps
    return (
        account.identity,
        account.activated_stake,
        bps,
        confirmed,
        state.delinquent,
        account.epoch_vote_account,
        account.vote_account in superminority,
        standing.current.get(account.vote_account),
    )


def _write_states(
    snapshot: Snapshot, stored: Mapping[str, StoredValidator], standing: Standing, stored_at: datetime
) -> tuple[dict[str, int], Moved]:
    """Write the present state of every account sent; give the primary keys of all by vote account, and who
    of those known is another than before."""
    joined: list[tuple[Any, ...]] = []
    changed: list[tuple[Any, ...]] = []
    moved: list[tuple[StoredValidator, VoteAccount]] = []
    steady: list[tuple[Any, ...]] = []
    # Where stake is spread evenly it holds a fifth of everybody.
    superminority = frozenset(standing.superminority)
    for state in snapshot.accounts:
        account = state.account
        row = stored.get(account.vote_account)
        values = _standing_values(state, row, standing, superminority)
        # A node sends 0 for an account without a root.
        moving = (account.last_vote, account.root_slot or None)
        if row is None:
            joined.append((account.vote_account, *values, *moving))
        elif row.standing == values and not row.is_gone:
            steady.append((*moving, row.pk))
        else:
            moved.append((row, account))
            changed.append((*values, *moving, row.pk))
    seen = {"last_seen_at": stored_at}
    bulk.update_rows(Validator, fields=_MOVING, rows=steady, constants=seen)
    bulk.update_rows(
        Validator, fields=(*STANDING, *_MOVING), rows=changed, constants={**seen, "left_at": None}
    )
    bulk.insert_rows(
        Validator,
        fields=("vote_account", *STANDING, *_MOVING),
        rows=joined,
        constants={"name": "", "first_seen_at": stored_at, **seen},
    )
    keys = {row.vote_account: row.pk for row in stored.values()}
    if joined:
        newest = max(keys.values(), default=0)
        keys.update(Validator.objects.filter(pk__gt=newest).values_list("vote_account", "pk"))
    return keys, moved


def _before(snapshot: Snapshot, previous: Fetch | None, stored: Mapping[str, StoredValidator]) -> Before:
    """Read before the states are written, which say of everybody sent that this fetch saw it."""
    sent = {state.account.vote_account for state in snapshot.accounts}
    known = {row.pk for row in stored.values() if row.vote_account in sent}
    if previous is None:
        return Before(epoch=0, settled=frozenset(), returning=tuple(known))
    unseen = set(Validator.objects.exclude(last_seen_at=previous.stored_at).values_list("pk", flat=True))
    return Before(previous.epoch, settled=frozenset(known - unseen), returning=tuple(known & unseen))


def _mark_left(
    snapshot: Snapshot, stored: Mapping[str, StoredValidator], gone: Set[str], stored_at: datetime
) -> list[int]:
    """Mark who is no longer in the set, and return their keys; a rejected record has not left."""
    named = {state.account.vote_account for state in snapshot.accounts}
    named.update(record.vote_account for record in snapshot.rejected if record.vote_account is not None)
    left = [stored[key].pk for key in stored.keys() - named - gone]
    bulk.update_rows(Validator, fields=(), rows=[(key,) for key in left], constants={"left_at": stored_at})
    return left
