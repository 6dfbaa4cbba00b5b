"""Which commissions a second look saw too: nothing that stays is made of what was seen once.

One odd reply at a boundary showed a commission of 100 % for two fifths of a cluster, gone at the next fetch.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import F, Q

from validators.models import (
    CommissionChange,
    CommissionSource,
    Fetch,
    Origin,
    Validator,
    ValidatorEpoch,
)
from validators.services import bulk
from validators.services.events import Kind, News, record_events
from validators.services.flags import flag_above_half, refresh_commission_flags
from validators.services.settled_past import pasts_since, settle_again
from validators.services.stored import Moved
from validators.services.told_changes import last_told, refresh_told_changes
from validators.solana.arithmetic import BPS_PER_PERCENT
from validators.solana.commission_flags import HALF
from validators.solana.snapshot import Snapshot

# An imported history that ends so many epochs ago goes on in what our fetches see.
EPOCHS_JOINED: Final = 2


class Confirmed(NamedTuple):
    """The commissions in basis points by validator's key that were not confirmed before.

    `changed` are the keys whose change that confirmed, `known` is what was confirmed of each before.
    """

    newly: Mapping[int, int]
    changed: Sequence[int]
    known: Mapping[int, int | None]

    @property
    def first(self) -> Set[int]:
        """Of whom nothing was confirmed before: most of them are as they always were."""
        return {key for key, bps in self.known.items() if bps is None}

    def news(self) -> list[News]:
        """Each change that is certain now, from what was certain before."""
        return [
            News(Kind.COMMISSION_CONFIRMED, key, {"from": self.known[key], "to": self.newly[key]})
            for key in self.changed
        ]


def confirm_commissions(seen: Mapping[int, int], *, at: datetime) -> list[int]:
    """Take for true what somebody else saw as well: the raw account, or a second endpoint.

    `seen` are commissions in basis points by validator's key. Only where the newest fetch shows the same
    does that confirm anything; a percentage that was rounded up is the same. Returns the keys of those
    that were not confirmed before. Call inside a transaction.
    """
    open_ones = Validator.objects.filter(
        Q(commission_confirmed_bps=None) | ~Q(commission_confirmed_bps=F("commission_bps")),
        commission_bps__isnull=False,
    )
    columns = ("pk", "commission_bps", "commission_confirmed_bps")
    found = [
        (key, shown, known)
        for key, shown, known in open_ones.values_list(*columns)
        if key in seen and shown in (seen[key], _whole_percent(seen[key]))
    ]
    newly = {key: shown for key, shown, _ in found if shown is not None}
    newest = Fetch.objects.newest()
    if not newly or newest is None:
        return []
    rows = [(bps, key) for key, bps in newly.items()]
    bulk.update_rows(Validator, fields=("commission_confirmed_bps",), rows=rows, constants={})
    changed = _confirm_changes(newly, at=at)
    confirmed = Confirmed(newly, changed, {key: known for key, _, known in found})
    mark_confirmed(confirmed, epoch=newest.epoch)
    record_events(confirmed.news(), epoch=newest.epoch, at=at)
    return list(newly)


def record_confirmations(snapshot: Snapshot, moved: Moved, *, before: int, at: datetime) -> Confirmed:
    """Confirm what this fetch is the second to see, and forget what it contradicts; `before` is the epoch of
    the fetch before. Call before the epochs' rows are written, and `mark_confirmed` after."""
    if before != snapshot.epoch.epoch:
        _forget_first_looks(moved, epoch=before)
    newly = _seen_again(moved)
    known = {row.pk: row.commission_confirmed_bps for row, _ in moved if row.pk in newly}
    return Confirmed(newly, _confirm_changes(newly, at=at), known)


def mark_confirmed(confirmed: Confirmed, *, epoch: int) -> None:
    """What follows from commissions that a look in this epoch confirmed; call after its rows are written."""
    newly, changed, first = confirmed.newly, confirmed.changed, confirmed.first
    # It may have changed between the end of a history and our first look.
    told, since = last_told(first), epoch - EPOCHS_JOINED
    joined = sorted(key for key, last in told.items() if last >= since)
    if joined:
        refresh_told_changes(pasts_since(joined, since), since=since)
    striking = {key for key in first - told.keys() if newly[key] > HALF}
    striking -= flag_above_half({key: newly[key] for key in striking})
    refresh_commission_flags(sorted({*changed, *told, *striking, *(newly.keys() - first)}))


def _seen_again(moved: Moved) -> dict[int, int]:
    """The commissions by validator's key that this fetch is the second to see, one after the other."""
    pairs = ((row, account.commission_bps) for row, account in moved)
    return {
        row.pk: bps
        for row, bps in pairs
        if bps is not None and bps == row.commission_bps and bps != row.commission_confirmed_bps
    }


def _confirm_changes(newly: Mapping[int, int], *, at: datetime) -> list[int]:
    """Mark the changes to these commissions, and count them among the extremes of their epochs.

    Returns the keys of the validators that had one.
    """
    changes = list(_open_changes(newly))
    if not changes:
        return []
    CommissionChange.objects.filter(pk__in=[change[0] for change in changes]).update(confirmed_at=at)
    told = {(key, epoch): bps for _, key, epoch, bps in changes}
    rows = ValidatorEpoch.objects.filter(
        validator_id__in=[key for key, _ in told], epoch__in={epoch for _, epoch in told}
    )
    columns = ("pk", "validator_id", "epoch", "commission_min_bps", "commission_max_bps")
    extended = [
        (*_extremes(told[key, epoch], lowest, highest), pk)
        for pk, key, epoch, lowest, highest in bulk.read_rows(rows.values_list(*columns))
        if (key, epoch) in told
    ]
    fields = ("commission_min_bps", "commission_max_bps")
    bulk.update_rows(ValidatorEpoch, fields=fields, rows=extended, constants={})
    settle_again(told)
    return [change[1] for change in changes]


def _forget_first_looks(moved: Moved, *, epoch: int) -> None:
    """Of whom the only look so far showed another commission than this one, neither is an extreme.

    `epoch` is that of the look before; what is of the running one, its row is written with.
    """
    keys = [
        row.pk
        for row, account in moved
        if row.seen_by_a_fetch
        and row.commission_confirmed_bps is None
        and account.commission_bps != row.commission_bps
    ]
    for some in bulk.in_parts(keys):
        ValidatorEpoch.objects.filter(
            epoch=epoch, validator_id__in=some, commission_source=CommissionSource.VOTE_ACCOUNT
        ).update(commission_min_bps=None, commission_max_bps=None)
    settle_again((key, epoch) for key in keys)


def _whole_percent(bps: int) -> int:
    return -(-bps // BPS_PER_PERCENT) * BPS_PER_PERCENT


def _extremes(bps: int, *known: int | None) -> tuple[int, int]:
    seen = [bps, *(one for one in known if one is not None)]
    return min(seen), max(seen)


def _open_changes(newly: Mapping[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """Key of the change, key of the validator, epoch and commission: of each its newest, if it is to that."""
    if not newly:
        return
    # All there are: few, and at the second fetch of all everybody's commission is confirmed.
    changes = CommissionChange.objects.filter(confirmed_at=None, source=Origin.LIVE).order_by("seen_at", "pk")
    newest: dict[int, tuple[Any, ...]] = {
        key: tuple(change)
        for key, *change in bulk.read_rows(changes.values_list("validator_id", "pk", "epoch", "to_bps"))
    }
    for key, (pk, epoch, bps) in newest.items():
        if newly.get(key) == bps:
            yield pk, key, epoch, bps
