"""Storing what each validator earned in each epoch of a snapshot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from validators.models import CommissionSource, Origin, ValidatorEpoch
from validators.services import bulk
from validators.services.stored import StoredValidator
from validators.solana.arithmetic import Earned, with_gaps
from validators.solana.snapshot import AccountState, Snapshot

_KEYS_PER_QUERY: Final = 5_000


class EarnedNumbers(NamedTuple):
    """The columns that a later fetch may still correct once the epoch is over."""

    credits: int | None = None
    credits_unit: str = ""
    credits_before_split: int | None = None
    cumulative_credits_at_start: int | None = None


class LiveNumbers(NamedTuple):
    """The columns that tell of the present, so they change only while the epoch runs."""

    commission_first_bps: int | None = None
    commission_last_bps: int | None = None
    commission_min_bps: int | None = None
    commission_max_bps: int | None = None
    commission_source: str = ""
    activated_stake: int | None = None
    identity: str = ""
    version: str = ""
    client: str = ""
    fetches: int = 0
    delinquent_fetches: int = 0
    delinquent_at_end: bool | None = None


@dataclass(frozen=True, slots=True)
class StoredEpoch:
    """An epoch row as the fetch before left it."""

    pk: int
    earned: EarnedNumbers
    live: LiveNumbers


# (validator's primary key, epoch) -> its row
StoredEpochs = dict[tuple[int, int], StoredEpoch]


@dataclass(frozen=True, slots=True)
class Before:
    """What the tables held before a fetch; the validators are primary keys.

    `epoch` ran at the fetch before. Of a settled validator, which that fetch saw, older epochs
    are stored with their final numbers. A returning one was stored once, but missing then.
    """

    epoch: int
    settled: frozenset[int]
    returning: tuple[int, ...]

    @property
    def first_open_epoch(self) -> int:
        """One earlier than `epoch`: a node that still was in it may have answered for the accounts."""
        return self.epoch - 1


@dataclass(slots=True)
class _Changes:
    """Rows to write, sorted by how much of them is new. `past` are the ended epochs among them."""

    inserts: list[tuple[Any, ...]]
    running: list[tuple[Any, ...]]
    corrections: list[tuple[Any, ...]]
    past: set[int]


@dataclass(frozen=True, slots=True)
class EpochsWritten:
    """How many rows a fetch added or changed, and which ended epochs are among them."""

    rows: int
    past: frozenset[int]


def record_epochs(
    snapshot: Snapshot,
    *,
    keys: Mapping[str, int],
    stored: Mapping[str, StoredValidator],
    before: Before,
    stored_at: datetime,
) -> EpochsWritten:
    """Write the epoch rows that this snapshot adds or changes.

    keys gives each vote account's primary key, stored its row of the fetch before. What is
    settled is not looked at again: in most fetches that leaves two rows a validator to compare,
    and one to write.
    """
    rows = _stored_epochs(snapshot, before)
    changes = _Changes([], [], [], set())
    for state in snapshot.accounts:
        key = keys[state.account.vote_account]
        known = stored.get(state.account.vote_account)
        for earned in _open_epochs(state, snapshot, before if key in before.settled else None):
            row = rows.get((key, earned.epoch))
            if earned.epoch == snapshot.epoch.epoch:
                _add_running(changes, key, earned, state, known, row)
            else:
                _add_past(changes, key, earned, state, row)
    _write(changes, stored_at)
    written = len(changes.inserts) + len(changes.running) + len(changes.corrections)
    return EpochsWritten(written, frozenset(changes.past))


def _write(changes: _Changes, stored_at: datetime) -> None:
    # A row that a fetch touched is live: a later import must not replace its numbers.
    moment = {"fetched_at": stored_at, "source": Origin.LIVE.value}
    earned, live = EarnedNumbers._fields, LiveNumbers._fields
    bulk.update_rows(ValidatorEpoch, fields=earned, rows=changes.corrections, constants=moment)
    bulk.update_rows(ValidatorEpoch, fields=(*earned, *live), rows=changes.running, constants=moment)
    fields = ("validator_id", "epoch", *earned, *live)
    bulk.insert_rows(ValidatorEpoch, fields=fields, rows=changes.inserts, constants=moment)


def _add_running(
    changes: _Changes,
    key: int,
    earned: Earned,
    state: AccountState,
    known: StoredValidator | None,
    row: StoredEpoch | None,
) -> None:
    live = _live_numbers(state, known, LiveNumbers() if row is None else row.live)
    if row is None:
        changes.inserts.append((key, earned.epoch, *_earned_numbers(earned, state), *live))
    else:
        changes.running.append((*_merged(row.earned, _earned_numbers(earned, state)), *live, row.pk))


def _add_past(
    changes: _Changes, key: int, earned: Earned, state: AccountState, row: StoredEpoch | None
) -> None:
    numbers = _earned_numbers(earned, state)
    if row is None:
        changes.inserts.append((key, earned.epoch, *numbers, *LiveNumbers()))
    elif (merged := _merged(row.earned, numbers)) != row.earned:
        changes.corrections.append((*merged, row.pk))
    else:
        return
    changes.past.add(earned.epoch)


def _open_epochs(state: AccountState, snapshot: Snapshot, settled: Before | None) -> Iterator[Earned]:
    """The epochs sent and the gaps between them; of a settled validator only those that may change."""
    running = snapshot.epoch.epoch
    first = state.earned[0].epoch if state.earned else running
    # An account that a fetch saw existed then, credits or not.
    first = first if settled is None else min(first, settled.epoch)
    since = 0 if settled is None else settled.first_open_epoch
    for row in with_gaps(
        state.earned, first_epoch=first, running_epoch=running, split_epoch=snapshot.split_epoch
    ):
        if row.epoch >= since or row.epoch == running:
            yield row


def _earned_numbers(earned: Earned, state: AccountState) -> EarnedNumbers:
    # The first of an epoch's tuples: the migration epoch has two.
    starts = (before for epoch, _, before in state.account.epoch_credits if epoch == earned.epoch)
    return EarnedNumbers(earned.credits, earned.unit.value, earned.credits_before_split, next(starts, None))


def _live_numbers(state: AccountState, known: StoredValidator | None, before: LiveNumbers) -> LiveNumbers:
    account, bps = state.account, state.account.commission_bps
    seen = [one for one in (before.commission_min_bps, before.commission_max_bps, bps) if one is not None]
    return LiveNumbers(
        bps if before.commission_first_bps is None else before.commission_first_bps,
        bps,
        min(seen, default=None),
        max(seen, default=None),
        CommissionSource.VOTE_ACCOUNT.value,
        account.activated_stake,
        account.identity,
        known.version if known else "",
        known.client if known else "",
        before.fetches + 1,
        before.delinquent_fetches + state.delinquent,
        state.delinquent,
    )


def _merged(stored: EarnedNumbers, seen: EarnedNumbers) -> EarnedNumbers:
    """What was known stays where the new fetch knows nothing."""
    newer = stored if seen.credits is None else seen
    start = seen.cumulative_credits_at_start
    return EarnedNumbers(
        newer.credits,
        newer.credits_unit,
        stored.credits_before_split if seen.credits_before_split is None else seen.credits_before_split,
        stored.cumulative_credits_at_start if start is None else start,
    )


def _stored_epochs(snapshot: Snapshot, before: Before) -> StoredEpochs:
    """The rows that this snapshot may touch: the latest epochs of all, every epoch sent of the returning."""
    fields = (*EarnedNumbers._fields, *LiveNumbers._fields)
    rows = ValidatorEpoch.objects.values_list("pk", "validator_id", "epoch", *fields)
    stored: StoredEpochs = {}
    if before.settled:
        stored.update(map(_keyed, bulk.read_rows(rows.filter(epoch__gte=before.first_open_epoch))))
    oldest = min((row.epoch for state in snapshot.accounts for row in state.earned[:1]), default=0)
    for start in range(0, len(before.returning), _KEYS_PER_QUERY):
        some = before.returning[start : start + _KEYS_PER_QUERY]
        stored.update(map(_keyed, bulk.read_rows(rows.filter(validator_id__in=some, epoch__gte=oldest))))
    return stored


def _keyed(row: tuple[Any, ...]) -> tuple[tuple[int, int], StoredEpoch]:
    numbers = row[3:]
    split = len(EarnedNumbers._fields)
    earned, live = EarnedNumbers._make(numbers[:split]), LiveNumbers._make(numbers[split:])
    return (row[1], row[2]), StoredEpoch(row[0], earned, live)
