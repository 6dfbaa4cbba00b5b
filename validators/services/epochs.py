"""Storing what each validator earned in each epoch of a snapshot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from validators import bulk
from validators.models import ValidatorEpoch
from validators.solana.arithmetic import with_gaps
from validators.solana.snapshot import AccountState, Snapshot

_FIELDS: Final = ("credits", "credits_unit", "credits_before_split", "commission_bps", "activated_stake")
_KEYS_PER_QUERY: Final = 5_000


class EpochNumbers(NamedTuple):
    """The columns of a row that a fetch may change, in the order of _FIELDS."""

    credits: int | None
    unit: str
    before_split: int | None
    commission_bps: int | None
    activated_stake: int | None


# (validator's primary key, epoch) -> (the row's primary key, its numbers)
StoredEpochs = dict[tuple[int, int], tuple[int, EpochNumbers]]


@dataclass(frozen=True, slots=True)
class Before:
    """What the tables held before a fetch; the validators are primary keys.

    Of a settled validator, which the fetch before saw, every epoch that had ended by then is
    stored with its final numbers. A returning one was stored once, but missing at that fetch.
    """

    epoch: int
    settled: frozenset[int]
    returning: tuple[int, ...]


def record_epochs(snapshot: Snapshot, *, keys: Mapping[str, int], before: Before, stored_at: datetime) -> int:
    """Write the epoch rows that this snapshot adds or changes; returns how many.

    keys gives each vote account's primary key. What is settled is not looked at again: in most
    fetches that leaves one row a validator instead of five.
    """
    stored = _stored_epochs(snapshot, before)
    inserts: list[tuple[Any, ...]] = []
    updates: list[tuple[Any, ...]] = []
    for state in snapshot.accounts:
        key = keys[state.account.vote_account]
        for epoch, seen in _seen_epochs(
            state, snapshot, since=before.epoch if key in before.settled else None
        ):
            row = stored.get((key, epoch))
            if row is None:
                inserts.append((key, epoch, *seen))
                continue
            merged = _merged(row[1], seen)
            if merged != row[1]:
                updates.append((*merged, row[0]))
    moment = {"fetched_at": stored_at}
    bulk.update_rows(ValidatorEpoch, fields=_FIELDS, rows=updates, constants=moment)
    bulk.insert_rows(
        ValidatorEpoch, fields=("validator_id", "epoch", *_FIELDS), rows=inserts, constants=moment
    )
    return len(inserts) + len(updates)


def _seen_epochs(
    state: AccountState, snapshot: Snapshot, *, since: int | None
) -> Iterator[tuple[int, EpochNumbers]]:
    """The epochs sent and the gaps between them; of a settled validator only those since the fetch before.

    Commission and stake are the present ones, so they belong to the running epoch only.
    """
    running = snapshot.epoch.epoch
    first = state.earned[0].epoch if state.earned else running
    # An account that a fetch saw existed then, credits or not.
    first = first if since is None else min(first, since)
    for row in with_gaps(
        state.earned, first_epoch=first, running_epoch=running, split_epoch=snapshot.split_epoch
    ):
        if row.epoch == running:
            account = state.account
            live = (account.commission_bps, account.activated_stake)
            yield row.epoch, EpochNumbers(row.credits, row.unit.value, row.credits_before_split, *live)
        elif since is None or row.epoch >= since:
            yield row.epoch, EpochNumbers(row.credits, row.unit.value, row.credits_before_split, None, None)


def _merged(stored: EpochNumbers, seen: EpochNumbers) -> EpochNumbers:
    """What was known stays where the new fetch knows nothing."""
    newer = stored if seen.credits is None else seen
    return EpochNumbers(
        newer.credits,
        newer.unit,
        stored.before_split if seen.before_split is None else seen.before_split,
        stored.commission_bps if seen.commission_bps is None else seen.commission_bps,
        stored.activated_stake if seen.activated_stake is None else seen.activated_stake,
    )


def _stored_epochs(snapshot: Snapshot, before: Before) -> StoredEpochs:
    """The rows that this snapshot may touch: the latest epochs of all, every epoch sent of the returning."""
    rows = ValidatorEpoch.objects.values_list("pk", "validator_id", "epoch", *_FIELDS)
    stored: StoredEpochs = {}
    if before.settled:
        stored.update(map(_keyed, bulk.read_rows(rows.filter(epoch__gte=before.epoch))))
    oldest = min((row.epoch for state in snapshot.accounts for row in state.earned[:1]), default=0)
    for start in range(0, len(before.returning), _KEYS_PER_QUERY):
        some = before.returning[start : start + _KEYS_PER_QUERY]
        stored.update(map(_keyed, bulk.read_rows(rows.filter(validator_id__in=some, epoch__gte=oldest))))
    return stored


def _keyed(row: tuple[Any, ...]) -> tuple[tuple[int, int], tuple[int, EpochNumbers]]:
    return (row[1], row[2]), (row[0], EpochNumbers._make(row[3:]))
