"""The changes of commission that an imported history tells of: its rows show what no fetch of ours saw.

A history has whole percents. One that our own commission may be rounded to is no change.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery

from validators.models import CommissionChange, CommissionSource, Origin, Validator, ValidatorEpoch
from validators.services import bulk
from validators.solana.whole_percent import may_be_rounded, stayed


class Row(NamedTuple):
    """The commissions of one epoch in basis points, and who says so."""

    epoch: int
    first: int
    last: int
    lowest: int
    highest: int
    source: str

    @property
    def is_told(self) -> bool:
        return self.source == CommissionSource.IMPORTED

    def knows(self, bps: int) -> bool:
        """Of what our own looks saw, only what a second one confirmed is between the extremes."""
        return self.is_told or self.lowest <= bps <= self.highest

    def stayed_until(self, after: "Row") -> bool:
        return stayed(self.last, after.first, before_is_whole=self.is_told, after_is_whole=after.is_told)

    def means(self, told_bps: int, seen_bps: int) -> bool:
        """Whether a commission of this row is the one that a fetch saw."""
        return may_be_rounded(told_bps, seen_bps) if self.is_told else told_bps == seen_bps


class Change(NamedTuple):
    """In the order of the columns; `in_first_look` where it may have been made in the epoch before."""

    key: int
    epoch: int
    from_bps: int
    to_bps: int
    in_first_look: bool


# By validator's key the changes that fetches saw: the two commissions, and the epoch.
Seen = Mapping[int, Sequence[tuple[int, int, int]]]


def refresh_told_changes(keys: Sequence[int], *, since: int = -1, until: int | None = None) -> bool:
    """Bring these validators' changes to what their rows tell, those after `since` and not after `until`.

    What fetches saw as well is not told twice. Call inside a transaction; returns whether any changed.
    """
    seen = _seen(keys)
    wanted = {
        change
        for key, rows in _rows_to_compare(keys, seen, since=since, until=until).items()
        for change in _told(key, rows, seen)
        if change.epoch > since and (until is None or change.epoch <= until)
    }
    told = CommissionChange.objects.filter(validator_id__in=keys, source=Origin.IMPORTED, epoch__gt=since)
    told = told if until is None else told.filter(epoch__lte=until)
    columns = ("validator_id", "epoch", "from_bps", "to_bps", "in_first_look", "pk")
    stored = {
        Change(row[0], row[1], row[2], row[3], bool(row[4])): row[5]
        for row in bulk.read_rows(told.values_list(*columns))
    }
    gone = [pk for change, pk in stored.items() if change not in wanted]
    CommissionChange.objects.filter(pk__in=gone).delete()
    new = sorted(wanted - stored.keys())
    bulk.insert_rows(
        CommissionChange,
        fields=("validator_id", "epoch", "from_bps", "to_bps", "in_first_look"),
        rows=new,
        constants={"source": Origin.IMPORTED.value, "seen_at": None},
    )
    return bool(gone or new)


def keys_with_history(keys: Collection[int], *, epochs: Iterable[int]) -> list[int]:
    """Those of these validators with an imported row in one of these epochs."""
    rows = ValidatorEpoch.objects.filter(
        epoch__in=list(epochs), commission_source=CommissionSource.IMPORTED
    ).values_list("validator_id")
    return sorted({key for (key,) in bulk.read_rows(rows)} & set(keys))


def _told(key: int, rows: Sequence[Row], seen: Seen) -> Iterator[Change]:
    for before, row in pairwise([None, *rows]):
        assert row is not None
        if row.is_told and row.first != row.last:
            yield Change(key, row.epoch, row.first, row.last, False)
        if before is None or before.epoch != row.epoch - 1 or before.stayed_until(row):
            continue
        if not (before.is_told or row.is_told) or not (before.knows(before.last) and row.knows(row.first)):
            continue
        by_fetches = [
            epoch
            for from_bps, to_bps, epoch in seen.get(key, ())
            if before.means(before.last, from_bps) and row.means(row.first, to_bps)
        ]
        if not any(row.epoch <= epoch <= _next_look(rows, row.epoch) for epoch in by_fetches):
            yield Change(key, row.epoch, before.last, row.first, True)


def _next_look(rows: Sequence[Row], epoch: int) -> int:
    """In which we looked next ourselves, and saw what had changed while we did not."""
    return min((row.epoch for row in rows if row.epoch >= epoch and not row.is_told), default=epoch)


def _rows_to_compare(
    keys: Sequence[int], seen: Seen, *, since: int, until: int | None
) -> Mapping[int, list[Row]]:
    """Also, of whom a fetch saw a change, the row of when we looked next after `until`."""
    complete = ValidatorEpoch.objects.filter(commission_first_bps__isnull=False)
    for name in ("commission_last_bps", "commission_min_bps", "commission_max_bps"):
        complete = complete.exclude(**{name: None})
    rows = complete.filter(validator_id__in=keys, epoch__gte=since)
    if until is None:
        return _rows(rows)
    found = _rows(rows.filter(epoch__lte=until))
    looks = complete.filter(validator=OuterRef("pk"), epoch__gt=until)
    looks = looks.exclude(commission_source=CommissionSource.IMPORTED).order_by("epoch")
    changed = Validator.objects.filter(pk__in=seen.keys() & found.keys())
    next_looks = bulk.read_rows(changed.values_list(Subquery(looks.values("pk")[:1])))
    for key, after in _rows(complete.filter(pk__in=[pk for (pk,) in next_looks if pk])).items():
        found[key] += after
    return found


def _rows(rows: "QuerySet[ValidatorEpoch]") -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    columns = (
        *("validator_id", "epoch", "commission_first_bps", "commission_last_bps"),
        *("commission_min_bps", "commission_max_bps", "commission_source"),
    )
    for key, *numbers in bulk.read_rows(rows.order_by("validator_id", "epoch").values_list(*columns)):
        found[key].append(Row(*numbers))
    return found


def _seen(keys: Sequence[int]) -> Seen:
    found: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    changes = CommissionChange.objects.filter(validator_id__in=keys, source=Origin.LIVE)
    for key, epoch, before, after in changes.values_list("validator_id", "epoch", "from_bps", "to_bps"):
        found[key].append((before, after, epoch))
    return found
