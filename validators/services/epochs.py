"""Storing what each validator earned in each epoch of a snapshot."""

import logging
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet

from validators.models import Origin, ValidatorEpoch
from validators.services import bulk
from validators.services.epoch_numbers import (
    EarnedNumbers,
    earned_numbers,
    merged_with,
    touched_by_fetch,
    unit_of,
)
from validators.services.present import Present
from validators.services.running_epoch import RunningChanges, RunningEpoch
from validators.services.settled_past import settle_again
from validators.services.stretches import MOST_NAMED_KEYS
from validators.solana.arithmetic import TUPLES_SENT, Earned, with_gaps
from validators.solana.snapshot import AccountState, Snapshot

logger = logging.getLogger(__name__)

# Both may be wrong, and the chain is not.
_TOLD_BY_OTHERS: Final = (Origin.IMPORTED.value, Origin.HISTORY.value)


class StoredEpoch(NamedTuple):
    """The row of an ended epoch as the fetch before left it; the fields of EarnedNumbers come last."""

    key: int
    epoch: int
    pk: int
    source: str
    credits: int | None
    credits_unit: str
    credits_before_split: int | None
    cumulative_credits_at_start: int | None
    credits_final: bool

    @property
    def earned(self) -> EarnedNumbers:
        return EarnedNumbers(*self[4:])

    @property
    def is_settled(self) -> bool:
        """The chain itself told all of it; what others wrote down the chain may correct."""
        return self.credits is not None and bool(self.credits_final) and self.source not in _TOLD_BY_OTHERS


# (validator's primary key, epoch) -> its row
StoredEpochs = dict[tuple[int, int], StoredEpoch]
# What an account tells of an ended epoch, and the validator's primary key.
_Told = tuple[int, Earned, AccountState]


@dataclass(slots=True)
class _Changes:
    """Rows of ended epochs to write, sorted by how much of them is new. `epochs` are those among them.

    `contradicted` are the settled rows that this fetch shows with other numbers.
    """

    inserts: list[tuple[Any, ...]]
    corrections: list[tuple[Any, ...]]
    epochs: set[int]
    contradicted: list[str]


@dataclass(frozen=True, slots=True)
class EpochChanges:
    """What a fetch writes of the epoch that runs and of ended ones."""

    running: RunningChanges
    past: _Changes


@dataclass(frozen=True, slots=True)
class EpochsWritten:
    """How many rows a fetch added or changed, and which ended epochs are among them."""

    rows: int
    past: frozenset[int]


def compared_epochs(snapshot: Snapshot, *, keys: Mapping[str, int], present: Present) -> EpochChanges:
    """The epoch rows that this snapshot adds or changes.

    keys gives each vote account's primary key, present what the fetch before left. What is
    settled is not looked at again: in most fetches that leaves two epochs of a validator, of which one
    is told as it is stored.
    """
    epoch, stored = snapshot.epoch.epoch, present.validators
    running = RunningEpoch(epoch, split_epoch=snapshot.split_epoch, stored=present.running_in(epoch))
    before = None if present.newest is None else present.newest.epoch
    settled = frozenset() if before is None else _settled_epochs(_first_open(before), epoch)
    changes, over = _Changes([], [], set(), []), _epochs_over(snapshot)
    told: list[_Told] = []
    for state in snapshot.accounts:
        account = state.account.vote_account
        key, known = keys[account], stored.get(account)
        for earned in _open_epochs(state, snapshot, before if known and known.seen_last else None):
            if earned.epoch == epoch:
                running.add(key, earned, state, known)
            elif known is None:
                _add_past(changes, key, earned, state, None, is_final=earned.epoch < over)
            elif (key, earned.epoch, earned.credits, earned.unit) not in settled:
                told.append((key, earned, state))
    rows = _stored_epochs(told, latest=epoch - 1)
    for key, earned, state in told:
        row = rows.get((key, earned.epoch))
        _add_past(changes, key, earned, state, row, is_final=earned.epoch < over)
    return EpochChanges(running.changes(), changes)


def record_epochs(
    epochs: EpochChanges, *, newcomers: Mapping[int, int], stored_at: datetime
) -> EpochsWritten:
    """Write them; `newcomers` are the keys of those who came with this fetch, by those they were given."""
    changes = epochs.past
    written = epochs.running.write(stored_at, newcomers=newcomers) + _write(changes, newcomers, stored_at)
    if changes.contradicted:
        logger.warning(
            "%d final numbers are others in this fetch and stay as they were, first %s.",
            len(changes.contradicted),
            changes.contradicted[0],
            extra={"action": "final_numbers_contradicted"},
        )
    return EpochsWritten(written, frozenset(changes.epochs))


def _write(changes: _Changes, newcomers: Mapping[int, int], stored_at: datetime) -> int:
    constants, earned = touched_by_fetch(stored_at), EarnedNumbers._fields
    bulk.update_rows(ValidatorEpoch, fields=earned, rows=changes.corrections, constants=constants)
    fields = ("validator_id", "epoch", *earned)
    inserts = [(newcomers.get(row[0], row[0]), *row[1:]) for row in changes.inserts]
    bulk.insert_rows(ValidatorEpoch, fields=fields, rows=inserts, constants=constants)
    settle_again((row[0], row[1]) for row in inserts)
    return len(inserts) + len(changes.corrections)


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
    numbers = earned_numbers(earned, state, is_final=is_final and earned.credits is not None)
    if row is None:
        changes.inserts.append((key, earned.epoch, *numbers))
    elif (merged := merged_with(row.earned, numbers)) != row.earned:
        changes.corrections.append((*merged, row.pk))
    else:
        return
    changes.epochs.add(earned.epoch)


def _check_settled(
    changes: _Changes, earned: Earned, state: AccountState, row: StoredEpoch, *, is_final: bool
) -> None:
    """Only what is final itself, and known, contradicts a number that is."""
    if earned.credits == row.credits and unit_of(earned) == row.credits_unit:
        return
    if is_final and earned.credits is not None:
        where = f"{state.account.vote_account} in epoch {earned.epoch}"
        changes.contradicted.append(f"{where}: {row.credits}, now {earned.credits}")


def _first_open(before: int) -> int:
    """Of whom the fetch before saw, in that epoch, older epochs are stored with their final numbers.

    One earlier: a node that still was in it may have answered for the accounts.
    """
    return before - 1


def _open_epochs(state: AccountState, snapshot: Snapshot, before: int | None) -> Sequence[Earned]:
    """The epochs sent and the gaps between them; only those that may change of whom the fetch before saw,
    in the epoch `before`."""
    earned, running = state.earned, snapshot.epoch.epoch
    since = 0 if before is None else _first_open(before)
    is_usual = since == running - 1 and len(earned) > 1
    if is_usual and earned[-1].epoch == running and earned[-2].epoch == since:
        return earned[-2:]
    first = earned[0].epoch if earned else running
    # An account that a fetch saw existed then, credits or not. But of an account with so many tuples the
    # older ones are not sent: no tuple is no sign of an epoch without credits.
    if before is not None and len(state.account.epoch_credits) < TUPLES_SENT:
        first = min(first, before)
    rows = with_gaps(earned, first_epoch=first, running_epoch=running, split_epoch=snapshot.split_epoch)
    return [row for row in rows if row.epoch >= since or row.epoch == running]


def _settled_epochs(since: int, running: int) -> Set[tuple[Any, ...]]:
    """Key, epoch, credits and unit of what `is_settled` between the two: mostly what a fetch tells."""
    rows = ValidatorEpoch.objects.filter(
        epoch__gte=since, epoch__lt=running, credits__isnull=False, credits_final=True
    ).exclude(source__in=_TOLD_BY_OTHERS)
    return frozenset(bulk.read_rows(rows.values_list("validator_id", "epoch", "credits", "credits_unit")))


def _stored_epochs(told: Sequence[_Told], *, latest: int) -> StoredEpochs:
    """The rows of the epochs told, and maybe of others; `latest` is the one that ended last."""
    columns = ("validator_id", "epoch", "pk", "source", *EarnedNumbers._fields)
    rows = ValidatorEpoch.objects.values_list(*columns)
    stored: StoredEpochs = {}
    # In the first look of an epoch that of everybody: to name thousands takes longer than to read all.
    if sum(earned.epoch == latest for _, earned, _ in told) > MOST_NAMED_KEYS:
        stored.update(_keyed(rows.filter(epoch=latest)))
        told = [one for one in told if one[1].epoch != latest]
    oldest = min((earned.epoch for _, earned, _ in told), default=0)
    for some in bulk.in_parts(sorted({key for key, _, _ in told})):
        stored.update(_keyed(rows.filter(validator_id__in=some, epoch__gte=oldest)))
    return stored


def _keyed(rows: QuerySet[ValidatorEpoch, Any]) -> Iterator[tuple[tuple[int, int], StoredEpoch]]:
    return ((row[:2], row) for row in bulk.read_records(StoredEpoch, rows))
