"""Storing what Jito's ValidatorHistory tells beside the rows of epochs: MEV, standing, and who was read."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from validators.models import HistoryAccount, JitoEpoch, MevEpoch
from validators.services import bulk
from validators.services.history.agreement import Agreement, Difference
from validators.services.history.chain_rows import JitoRow, MevRow

Key = tuple[int, int]
"""A validator's primary key, and an epoch."""

_MEV: Final = (
    *("runs_jito", "commission_bps", "tips", "tips_final"),
    *("priority_commission_bps", "priority_fees", "priority_final"),
)


class _Mev(NamedTuple):
    """In the order of _MEV."""

    runs_jito: bool | None
    commission_bps: int | None
    tips: int | None
    tips_final: bool
    priority_commission_bps: int | None
    priority_fees: int | None
    priority_final: bool


def known_accounts() -> Mapping[int, HistoryAccount]:
    """By validator's key."""
    return {account.validator_id: account for account in HistoryAccount.objects.all()}


def write_accounts(accounts: Sequence[HistoryAccount]) -> None:
    """Call inside a transaction."""
    HistoryAccount.objects.bulk_create(
        accounts,
        update_conflicts=True,
        unique_fields=["validator"],
        update_fields=["is_there", "read_epoch", "newest_epoch", "slot", "underived_from"],
    )


def write_jito(rows: Mapping[Key, JitoRow]) -> bool:
    """Call inside a transaction. Returns whether any was new or another one."""
    stored = _stored(JitoEpoch, rows, JitoRow._fields)
    inserts = [(*key, *row) for key, row in rows.items() if key not in stored]
    updates = [
        (*row, stored[key][0]) for key, row in rows.items() if key in stored and stored[key][1] != tuple(row)
    ]
    bulk.update_rows(JitoEpoch, fields=JitoRow._fields, rows=updates, constants={})
    fields = ("validator_id", "epoch", *JitoRow._fields)
    bulk.insert_rows(JitoEpoch, fields=fields, rows=inserts, constants={})
    return bool(inserts or updates)


def write_mev(
    rows: Mapping[Key, MevRow],
    *,
    agreement: Agreement,
    names: Mapping[int, str],
    slot: int,
    at: datetime,
) -> bool:
    """Call inside a transaction. What the epochs' own accounts told stays; `names` are vote accounts by key.

    Returns whether any was new or another one.
    """
    stored = _stored(MevEpoch, rows, ("source", *_MEV))
    inserts, updates = [], []
    for key, row in rows.items():
        told = _told(row)
        if key not in stored:
            inserts.append((*key, *told))
            continue
        pk, (source, *columns) = stored[key]
        known = _Mev._make(columns)
        if source == MevEpoch.Source.ACCOUNTS:
            _compare(agreement, names[key[0]], key[1], told, known)
            told = _filled(known, told)
        if told != known:
            updates.append((*told, pk))
    bulk.update_rows(MevEpoch, fields=_MEV, rows=updates, constants={})
    bulk.insert_rows(
        MevEpoch,
        fields=("validator_id", "epoch", *_MEV),
        rows=inserts,
        constants={"settled": True, "slot": slot, "looked_at": at, "source": MevEpoch.Source.HISTORY.value},
    )
    return bool(inserts or updates)


def _told(row: MevRow) -> _Mev:
    """Without a commission nobody knows whether there was an account: a keeper may have missed it."""
    runs_jito = True if row.commission_bps is not None else None
    final = (row.tips is not None, row.priority_fees is not None)
    return _Mev(
        *(runs_jito, row.commission_bps, row.tips, final[0]),
        *(row.priority_commission_bps, row.priority_fees, final[1]),
    )


def _filled(known: _Mev, told: _Mev) -> _Mev:
    """What the accounts told, and what they did not."""
    tips = (known.tips, known.tips_final) if known.tips_final else (told.tips, told.tips_final)
    fees = (known.priority_fees, known.priority_final)
    if not known.priority_final:
        fees = (told.priority_fees, told.priority_final)
    return _Mev(
        told.runs_jito if known.runs_jito is None else known.runs_jito,
        told.commission_bps if known.commission_bps is None else known.commission_bps,
        *(tips if tips[0] is not None else (known.tips, known.tips_final)),
        told.priority_commission_bps
        if known.priority_commission_bps is None
        else known.priority_commission_bps,
        *(fees if fees[0] is not None else (known.priority_fees, known.priority_final)),
    )


def _compare(agreement: Agreement, vote_account: str, epoch: int, told: _Mev, known: _Mev) -> None:
    """Tips are not: they are told to hundredths of a SOL."""
    for name in ("commission_bps", "priority_commission_bps"):
        ours, theirs = getattr(told, name), getattr(known, name)
        if ours is not None and theirs is not None:
            pair = Difference(vote_account, epoch, f"mev {name}", ours, theirs)
            agreement.count(pair, agrees=ours == theirs)


def _stored(
    model: Any, keys: Collection[Key], columns: Sequence[str]
) -> dict[Key, tuple[int, tuple[Any, ...]]]:
    """Primary key and columns, of these validators between the first and the last of these epochs."""
    if not keys:
        return {}
    epochs = [epoch for _, epoch in keys]
    rows = model.objects.filter(
        validator_id__in={key for key, _ in keys}, epoch__range=(min(epochs), max(epochs))
    )
    # SQLite tells truth as a number, which is equal to it.
    return {
        (row[0], row[1]): (row[2], tuple(row[3:]))
        for row in bulk.read_rows(rows.values_list("validator_id", "epoch", "pk", *columns))
    }
