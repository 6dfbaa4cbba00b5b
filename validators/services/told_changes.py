"""The changes of commission that an imported history tells of: its rows show what no fetch of ours saw.

A history has whole percents. One that our own commission may be rounded to is no change, nor is one percent
between a file and Jito's history: of 5.5 % one may tell 6 % and the other 5 %.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from django.db.models import Max

from validators.models import CommissionChange, CommissionSource, Origin, ValidatorEpoch
from validators.services import bulk
from validators.services.settled_past import Past
from validators.services.stretches import MOST_NAMED_KEYS
from validators.solana.arithmetic import BPS_PER_PERCENT
from validators.solana.whole_percent import may_be_rounded, stayed


class ToldSpan(NamedTuple):
    """Epochs in a row with one commission, or one in which it moved: in basis points, and who says so."""

    epoch: int
    last_epoch: int
    source: str
    first: int
    last: int
    lowest: int
    highest: int

    @property
    def is_told(self) -> bool:
        return self.source == CommissionSource.IMPORTED

    def knows(self, bps: int) -> bool:
        """Of what our own looks saw, only what a second one confirmed is between the extremes."""
        return self.is_told or self.lowest <= bps <= self.highest

    def stayed_until(self, after: "ToldSpan") -> bool:
        return stayed(self.last, after.first, before_is_whole=self.is_told, after_is_whole=after.is_told)

    def means(self, told_bps: int, seen_bps: int) -> bool:
        """Whether a commission of these epochs is the one that a fetch saw."""
        return may_be_rounded(told_bps, seen_bps) if self.is_told else told_bps == seen_bps


class Change(NamedTuple):
    """In the order of the columns; `in_first_look` where it may have been made in the epoch before."""

    key: int
    epoch: int
    from_bps: int
    to_bps: int
    in_first_look: bool


_HISTORIES: Final = {Origin.IMPORTED.value, Origin.HISTORY.value}
# A change that fetches saw: the two commissions, and the epoch. By validator's key:
SeenChange = tuple[int, int, int]
Seen = Mapping[int, Sequence[SeenChange]]


def refresh_told_changes(pasts: Mapping[int, Past], *, since: int = -1, until: int | None = None) -> bool:
    """Bring the changes of these validators (by key) to what their pasts tell, those after `since` and not
    after `until`.

    What fetches saw as well is not told twice. Call inside a transaction; returns whether any changed.
    """
    keys = list(pasts)
    seen = _seen(keys)
    wanted = {
        change
        for key, past in pasts.items()
        for change in _told(key, _complete(past), seen)
        if change.epoch > since and (until is None or change.epoch <= until)
    }
    wanted -= _between_histories(wanted)
    told = CommissionChange.objects.filter(validator_id__in=keys, source=Origin.IMPORTED, epoch__gt=since)
    told = told if until is None else told.filter(epoch__lte=until)
    columns = ("validator_id", "epoch", "from_bps", "to_bps", "in_first_look")
    stored = {
        Change._make((*change, bool(in_first_look))): pk
        for *change, in_first_look, pk in bulk.read_rows(told.values_list(*columns, "pk"))
    }
    gone = [pk for change, pk in stored.items() if change not in wanted]
    CommissionChange.objects.filter(pk__in=gone).delete()
    new = sorted(wanted - stored.keys())
    bulk.insert_rows(
        CommissionChange,
        fields=columns,
        rows=new,
        constants={"source": Origin.IMPORTED.value, "seen_at": None},
    )
    return bool(gone or new)


def _between_histories(changes: Collection[Change]) -> set[Change]:
    """Those by one percent where one history ends and another goes on: each rounds in its own direction."""
    by_one = [
        one for one in changes if one.in_first_look and abs(one.to_bps - one.from_bps) == BPS_PER_PERCENT
    ]
    if not by_one:
        return set()
    epochs = {epoch for one in by_one for epoch in (one.epoch - 1, one.epoch)}
    rows = ValidatorEpoch.objects.filter(
        validator_id__in={one.key for one in by_one},
        epoch__in=epochs,
        commission_source=CommissionSource.IMPORTED,
    )
    columns = rows.values_list("validator_id", "epoch", "source")
    of = {(key, epoch): source for key, epoch, source in bulk.read_rows(columns)}
    return {
        one
        for one in by_one
        if {of.get((one.key, epoch)) for epoch in (one.epoch - 1, one.epoch)} == _HISTORIES
    }


def last_told(keys: Collection[int]) -> dict[int, int]:
    """The last epoch whose commission a history tells, by the keys of those validators of whom one does."""
    rows = ValidatorEpoch.objects.filter(commission_source=CommissionSource.IMPORTED)
    # Many are asked for at the second fetch of all, when few rows are there: planning would take longer.
    if len(keys) <= MOST_NAMED_KEYS:
        rows = rows.filter(validator_id__in=keys)
    told = bulk.read_rows(rows.values_list("validator_id").annotate(Max("epoch")))
    return {key: last for key, last in told if key in keys}


def _complete(past: Past) -> list[ToldSpan]:
    """What is known of a commission in part says nothing of what changed."""
    return [ToldSpan._make(one) for one in past.stretches if None not in one]


def _told(key: int, stretches: Sequence[ToldSpan], seen: Seen) -> Iterator[Change]:
    by_fetches = seen.get(key, ())
    for earlier, before, one in zip([None, None, *stretches], [None, *stretches], stretches, strict=False):
        if one.is_told and one.first != one.last:
            yield Change(key, one.epoch, one.first, one.last, False)
        if before is None or before.last_epoch != one.epoch - 1:
            continue
        from_bps = _changed_from(earlier, before, one, by_fetches)
        until = _next_look(stretches, one.epoch)
        if from_bps is not None and not _was_seen(before, one, by_fetches, until=until):
            yield Change(key, one.epoch, from_bps, one.first, True)


def _changed_from(
    earlier: ToldSpan | None, before: ToldSpan, one: ToldSpan, by_fetches: Iterable[SeenChange]
) -> int | None:
    """What the commission was before `one`; None where it stayed, or fetches alone can tell of it."""
    if not before.stayed_until(one):
        is_known = before.knows(before.last) and one.knows(one.first)
        return before.last if is_known and (before.is_told or one.is_told) else None
    if earlier is None or not _moved_around(earlier, before, one):
        return None
    return None if _was_seen(earlier, before, by_fetches, until=before.epoch) else earlier.last


def _moved_around(earlier: ToldSpan, between: ToldSpan, one: ToldSpan) -> bool:
    """Whether a history tells two commissions, each of which may be the one that we saw between them."""
    is_around = earlier.is_told and one.is_told and not between.is_told
    is_joined = earlier.last_epoch == between.epoch - 1 and earlier.stayed_until(between)
    return is_around and is_joined and earlier.last != one.first


def _was_seen(before: ToldSpan, after: ToldSpan, by_fetches: Iterable[SeenChange], *, until: int) -> bool:
    """Whether fetches saw that change, in the first epoch after it or in the one when we looked next."""
    return any(
        after.epoch <= epoch <= until
        for from_bps, to_bps, epoch in by_fetches
        if before.means(before.last, from_bps) and after.means(after.first, to_bps)
    )


def _next_look(stretches: Sequence[ToldSpan], epoch: int) -> int:
    """In which we looked next ourselves, and saw what had changed while we did not."""
    return min((one.epoch for one in stretches if one.epoch >= epoch and not one.is_told), default=epoch)


def _seen(keys: Sequence[int]) -> Seen:
    found: defaultdict[int, list[SeenChange]] = defaultdict(list)
    changes = CommissionChange.objects.filter(validator_id__in=keys, source=Origin.LIVE)
    for key, epoch, before, after in changes.values_list("validator_id", "epoch", "from_bps", "to_bps"):
        found[key].append((before, after, epoch))
    return found
