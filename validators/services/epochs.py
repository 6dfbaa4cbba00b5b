"""Storing what each validator earned in each epoch of a snapshot."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from validators.models import CommissionSource, Origin, ValidatorEpoch
from validators.services import bulk
from validators.services.stored import StoredValidator
from validators.solana.arithmetic import TUPLES_SENT, Earned, with_gaps
from validators.solana.snapshot import AccountState, Snapshot

logger = logging.getLogger(__name__)

_KEYS_PER_QUERY: Final = 5_000


class EarnedNumbers(NamedTuple):
    """The columns that a later fetch may still correct once the epoch is over."""

    credits: int | None = None
    credits_unit: str = ""
    credits_before_split: int | None = None
    cumulative_credits_at_start: int | None = None
    # The epoch was over when they were seen: what they say now they will say for ever.
    credits_final: bool = False


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
    source: str
    earned: EarnedNumbers
    live: LiveNumbers

    @property
    def is_settled(self) -> bool:
        """The chain itself told all of it; what a file says the chain may correct."""
        known = self.earned.credits is not None and self.earned.credits_final
        return known and self.source != Origin.IMPORTED


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
    """Rows to write, sorted by how much of them is new. `past` are the ended epochs among them.

    `contradicted` are the settled rows that this fetch shows with other numbers.
    """

    inserts: list[tuple[Any, ...]]
    running: list[tuple[Any, ...]]
    corrections: list[tuple[Any, ...]]
    past: set[int]
    contradicted: list[str]


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
    changes = _Changes([], [], [], set(), [])
    over = _epochs_over(snapshot)
    for state in snapshot.accounts:
        key = keys[state.account.vote_account]
        known = stored.get(state.account.vote_account)
        for earned in _open_epochs(state, snapshot, before if key in before.settled else None):
            row = rows.get((key, earned.epoch))
            if earned.epoch == snapshot.epoch.epoch:
                _add_running(changes, key, earned, state, known, row)
            else:
                _add_past(changes, key, earned, state, row, is_final=earned.epoch < over)
    _write(changes, stored_at)
    if changes.contradicted:
        logger.warning(
            "%d final numbers are others in this fetch and stay as they were, first %s.",
            len(changes.contradicted),
            changes.contradicted[0],
            extra={"action": "final_numbers_contradicted"},
        )
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


def _epochs_over(snapshot: Snapshot) -> int:
    """The epoch in which the node was that told of the votes: what was earned before it is final.

    Not the running one: the two questions may have been answered by two nodes, and that of the votes was
    still in the epoch before.
    """
    return max((state.earned[-1].epoch for state in snapshot.accounts if state.earned), default=0)


def _add_past(
    changes: _Changes,
    key: int,
    earned: Earned,
    state: AccountState,
    row: StoredEpoch | None,
    *,
    is_final: bool,
) -> None:
    if row is not None and row.is_settled:
        _check_settled(changes, earned, state, row, is_final=is_final)
        return
    numbers = _earned_numbers(earned, state, is_final=is_final and earned.credits is not None)
    if row is None:
        changes.inserts.append((key, earned.epoch, *numbers, *LiveNumbers()))
    elif (merged := _merged(row.earned, numbers)) != row.earned:
        changes.corrections.append((*merged, row.pk))
    else:
        return
    changes.past.add(earned.epoch)


def _check_settled(
    changes: _Changes, earned: Earned, state: AccountState, row: StoredEpoch, *, is_final: bool
) -> None:
    """Only what is final itself, and known, contradicts a number that is."""
    same = earned.credits == row.earned.credits and earned.unit.value == row.earned.credits_unit
    if is_final and not same and earned.credits is not None:
        where = f"{state.account.vote_account} in epoch {earned.epoch}"
        changes.contradicted.append(f"{where}: {row.earned.credits}, now {earned.credits}")


def _open_epochs(state: AccountState, snapshot: Snapshot, settled: Before | None) -> Iterator[Earned]:
    """The epochs sent and the gaps between them; of a settled validator only those that may change."""
    running = snapshot.epoch.epoch
    first = state.earned[0].epoch if state.earned else running
    # An account that a fetch saw existed then, credits or not. But of an account with so many tuples the
    # older ones are not sent: no tuple is no sign of an epoch without credits.
    if settled is not None and len(state.account.epoch_credits) < TUPLES_SENT:
        first = min(first, settled.epoch)
    since = 0 if settled is None else settled.first_open_epoch
    for row in with_gaps(
        state.earned, first_epoch=first, running_epoch=running, split_epoch=snapshot.split_epoch
    ):
        if row.epoch >= since or row.epoch == running:
            yield row


def _earned_numbers(earned: Earned, state: AccountState, *, is_final: bool = False) -> EarnedNumbers:
    # The first of an epoch's tuples: the migration epoch has two.
    starts = (before for epoch, _, before in state.account.epoch_credits if epoch == earned.epoch)
    start = next(starts, None)
    return EarnedNumbers(earned.credits, earned.unit.value, earned.credits_before_split, start, is_final)


def _live_numbers(state: AccountState, known: StoredValidator | None, before: LiveNumbers) -> LiveNumbers:
    account, bps = state.account, state.account.commission_bps
    return LiveNumbers(
        bps if before.commission_first_bps is None else before.commission_first_bps,
        bps,
        *_commission_extremes(bps, known, before),
        CommissionSource.VOTE_ACCOUNT.value,
        account.activated_stake,
        account.identity,
        known.version if known else "",
        known.client if known else "",
        before.fetches + 1,
        before.delinquent_fetches + state.delinquent,
        state.delinquent,
    )


def _commission_extremes(
    bps: int | None, known: StoredValidator | None, before: LiveNumbers
) -> tuple[int | None, int | None]:
    """The lowest and the highest that a second look confirmed; of a newcomer what its only look showed."""
    if (
        known is None
        or not known.seen_by_a_fetch
        or bps in (known.commission_bps, known.commission_confirmed_bps)
    ):
        seen = [one for one in (before.commission_min_bps, before.commission_max_bps, bps) if one is not None]
        return min(seen, default=None), max(seen, default=None)
    if known.commission_confirmed_bps is None:
        # The two looks that there were contradict each other.
        return None, None
    return before.commission_min_bps, before.commission_max_bps


def _merged(stored: EarnedNumbers, seen: EarnedNumbers) -> EarnedNumbers:
    """What was known stays where the new fetch knows nothing."""
    newer = stored if seen.credits is None or _has_fallen(stored, seen) else seen
    start = seen.cumulative_credits_at_start
    return EarnedNumbers(
        newer.credits,
        newer.credits_unit,
        stored.credits_before_split if seen.credits_before_split is None else seen.credits_before_split,
        stored.cumulative_credits_at_start if start is None else start,
        bool(newer.credits_final),
    )


def _has_fallen(stored: EarnedNumbers, seen: EarnedNumbers) -> bool:
    """Credits of an epoch only grow while it runs: a lower number is an odd record's."""
    if stored.credits is None or seen.credits is None or seen.credits_final:
        return False
    return stored.credits_unit == seen.credits_unit and seen.credits < stored.credits


def _stored_epochs(snapshot: Snapshot, before: Before) -> StoredEpochs:
    """The rows that this snapshot may touch: the latest epochs of all, every epoch sent of the returning."""
    fields = (*EarnedNumbers._fields, *LiveNumbers._fields)
    rows = ValidatorEpoch.objects.values_list("pk", "validator_id", "epoch", "source", *fields)
    stored: StoredEpochs = {}
    if before.settled:
        stored.update(map(_keyed, bulk.read_rows(rows.filter(epoch__gte=before.first_open_epoch))))
    oldest = min((row.epoch for state in snapshot.accounts for row in state.earned[:1]), default=0)
    for start in range(0, len(before.returning), _KEYS_PER_QUERY):
        some = before.returning[start : start + _KEYS_PER_QUERY]
        stored.update(map(_keyed, bulk.read_rows(rows.filter(validator_id__in=some, epoch__gte=oldest))))
    return stored


def _keyed(row: tuple[Any, ...]) -> tuple[tuple[int, int], StoredEpoch]:
    numbers = row[4:]
    split = len(EarnedNumbers._fields)
    earned, live = EarnedNumbers._make(numbers[:split]), LiveNumbers._make(numbers[split:])
    return (row[1], row[2]), StoredEpoch(row[0], row[3], earned, live)
