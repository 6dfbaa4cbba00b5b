"""The epochs of validators as stretches in which nothing changed: how many there are, their commissions.

What is over is summed up by the clean-up and kept beside the validator; what came since is read from the
rows. So a list costs the same after ten years as after ten days, and says the same.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from django.db import transaction

from validators.models import Fetch, SettledPast, Validator
from validators.services import bulk
from validators.services.stretches import read_spans, read_stretches, validators_of

# A fetch still writes to the running epoch and the one before it; what it writes to earlier ones is rare.
OPEN_EPOCHS: Final = 2
# Of one transaction, which fetches wait for, so many epochs: a fifth of a second.
EPOCHS_AT_ONCE: Final = 20_000
# It begins with so many validators: of whom nothing is summed up nobody knows how many epochs there are.
FIRST_AT_ONCE: Final = 5
MOST_AT_ONCE: Final = 500
MOST_NEW_AT_ONCE: Final = 50
# In each epoch one validator of so many is summed up from all of its rows: what a version wrote that does not
# know of sums, or somebody by hand, is told a month later at most.
ANEW_EVERY: Final = 32


class Stretch(NamedTuple):
    """Epochs of one validator without a gap, all with the same commission; one alone may hold a change."""

    first: int
    last: int
    source: str
    first_bps: int | None
    last_bps: int | None
    min_bps: int | None
    max_bps: int | None

    @property
    def commission(self) -> tuple[Any, ...]:
        return self[2:]

    @property
    def moved(self) -> bool:
        return len({self.first_bps, self.last_bps, self.min_bps, self.max_bps} - {None}) > 1


class Past(NamedTuple):
    """What is known of one validator's epochs, oldest first, and the commission that two looks agreed on."""

    stretches: Sequence[Stretch] = ()
    confirmed_bps: int | None = None

    @property
    def first_epoch(self) -> int | None:
        return self.stretches[0].first if self.stretches else None

    @property
    def epochs_known(self) -> int:
        return sum(one.last - one.first + 1 for one in self.stretches)

    def until(self, epoch: int | None) -> "Past":
        """The same without what came after that epoch."""
        if epoch is None:
            return self
        kept = (one._replace(last=min(one.last, epoch)) for one in self.stretches if one.first <= epoch)
        return self._replace(stretches=list(kept))


class Span(NamedTuple):
    """The first epoch of which anything is known, how many there are, and of how many its commission is."""

    first_epoch: int | None = None
    epochs_known: int = 0
    commissions_known: int = 0


def spans_of(keys: Sequence[int], *, until: int | None = None) -> dict[int, Span]:
    """By key, of those that there are, what `pasts_of` tells as well, for a fifth of its time; `until` an
    epoch, no later. Three queries at most, two once all are summed up."""
    if not keys:
        return {}
    columns = ("pk", "settled_past__before", "settled_past__stretches")
    spans: dict[int, Span] = {}
    by_before: defaultdict[int, list[int]] = defaultdict(list)
    for key, before, stretches in bulk.read_rows(validators_of(keys).values_list(*columns)):
        spans[key] = _span(stretches, until)
        by_before[before or 0].append(key)
    for before, some in by_before.items():
        within = set(some)
        for key, first, *known in read_spans(some, before, None if until is None else until + 1):
            if key in within:
                settled = spans[key]
                began = first if settled.first_epoch is None else settled.first_epoch
                spans[key] = Span(began, settled[1] + known[0], settled[2] + known[1])
    return spans


# Sums change once in an epoch, so that their text is mostly one that was read before.
@lru_cache(maxsize=8_192)
def _span(stretches: str | None, until: int | None) -> Span:
    first, epochs, commissions = None, 0, 0
    for begins, ends, _, _, last_bps, *_ in _plain(stretches):
        length = (ends if until is None else min(ends, until)) - begins + 1
        if length > 0:
            first = begins if first is None else first
            epochs += length
            commissions += 0 if last_bps is None else length
    return Span(first, epochs, commissions)


def settled_above(bps: int, *, before: int) -> Iterator[tuple[int, int, int]]:
    """Key, epoch and commission as it ended, above so many: of the epochs before one that are summed up."""
    for key, stretches in bulk.read_rows(SettledPast.objects.values_list("pk", "stretches")):
        for first, last, _, _, last_bps, *_ in _plain(stretches):
            if last_bps is not None and last_bps > bps:
                for epoch in range(first, min(last + 1, before)):
                    yield key, epoch, last_bps


def pasts_of(keys: Sequence[int]) -> dict[int, Past]:
    """By key, of those that there are. Three queries at most, two once all are summed up."""
    if not keys:
        return {}
    confirmed, settled = _settled(keys)
    later = _later(settled)
    return {
        key: Past(joined(settled[key][1], later.get(key, ())), confirmed[key])
        for key in keys
        if key in settled
    }


def pasts_since(keys: Sequence[int], epoch: int) -> dict[int, Past]:
    """By key, of those with a row since that epoch, what these rows alone say."""
    return {key: Past(found) for key, found in _later(dict.fromkeys(keys, (epoch, ()))).items()}


def settle() -> int:
    """Sum up what is over, some validators at a time; returns of how many something new was stored."""
    newest = Fetch.objects.newest()
    if newest is None:
        return 0
    before = newest.epoch - OPEN_EPOCHS
    open_ones = Validator.objects.exclude(settled_past__before__gte=before).order_by("pk")
    by_having: defaultdict[bool, list[int]] = defaultdict(list)
    for key, summed_until in open_ones.values_list("pk", "settled_past__before"):
        is_anew = key % ANEW_EVERY == before % ANEW_EVERY
        by_having[summed_until is not None and not is_anew].append(key)
    _settle_in_parts(by_having[True], before, most=MOST_AT_ONCE)
    _settle_in_parts(by_having[False], before, most=MOST_NEW_AT_ONCE, anew=True)
    return sum(map(len, by_having.values()))


def sum_up(*, keep: timedelta, now: datetime, dry_run: bool) -> dict[str, int]:
    """`settle` as a part of the clean-up (`RETENTION_TASKS`), which deletes nothing."""
    if not dry_run:
        settle()
    return {}


def settle_again(written: Iterable[tuple[int, int]]) -> None:
    """Bring the sums to which these (validator's key, epoch) belong to the rows, in the transaction that
    wrote them."""
    epochs: defaultdict[int, set[int]] = defaultdict(set)
    for key, epoch in written:
        epochs[key].add(epoch)
    if not epochs or not _may_be_over(min(map(min, epochs.values()))):
        return
    _, settled = _settled(list(epochs))
    stale = {key: settled[key] for key in epochs if key in settled and min(epochs[key]) < settled[key][0]}
    if not stale:
        return
    # Of all of them, for what is read of an epoch that was not written is as true.
    anew = sorted(set().union(*(epochs[key] for key in stale)))
    found: defaultdict[int, list[Stretch]] = defaultdict(list)
    for key, *stretch in read_stretches(list(stale), epochs=anew):
        found[key].append(Stretch._make(stretch))
    spliced = {
        key: (before, _spliced(stretches, Past(found[key]).until(before - 1).stretches, anew))
        for key, (before, stretches) in stale.items()
    }
    _store({key: told for key, told in spliced.items() if told != stale[key]})


def joined(earlier: Iterable[Stretch], later: Iterable[Stretch]) -> list[Stretch]:
    found = list(earlier)
    for one in later:
        last = found[-1] if found else None
        goes_on = last is not None and last.last + 1 == one.first and last.commission == one.commission
        if last is not None and goes_on and not one.moved:
            found[-1] = last._replace(last=one.last)
        else:
            found.append(one)
    return found


def _may_be_over(epoch: int) -> bool:
    """Without a question to the sums, which every fetch would ask."""
    newest = Fetch.objects.newest()
    return newest is None or epoch < newest.epoch - OPEN_EPOCHS


def _spliced(told: Iterable[Stretch], anew: Iterable[Stretch], epochs: Sequence[int]) -> list[Stretch]:
    """The stretches, with what the rows say of those epochs now."""
    kept = (piece for one in told for piece in _without(one, epochs))
    return joined((), sorted([*kept, *anew], key=lambda one: one.first))


def _without(one: Stretch, epochs: Sequence[int]) -> Iterator[Stretch]:
    first = one.first
    for epoch in epochs[bisect_left(epochs, one.first) : bisect_right(epochs, one.last)]:
        if first < epoch:
            yield one._replace(first=first, last=epoch - 1)
        first = epoch + 1
    if first <= one.last:
        yield one._replace(first=first)


def _settle_in_parts(keys: Sequence[int], before: int, *, most: int, anew: bool = False) -> None:
    """As many at once as have the epochs of one transaction, by how many those before them had."""
    start, at_once = 0, FIRST_AT_ONCE
    while some := keys[start : start + at_once]:
        with transaction.atomic():
            bulk.serialize_writers()
            if anew:
                SettledPast.objects.filter(pk__in=some).delete()
            epochs = _settle(some, before)
        start += len(some)
        at_once = max(1, min(most, 4 * at_once, len(some) * EPOCHS_AT_ONCE // max(epochs, 1)))


def _settle(keys: Sequence[int], before: int) -> int:
    """Returns how many epochs were read for it."""
    _, settled = _settled(keys)
    later = _later(settled, until=before)
    _store({key: (before, joined(stretches, later.get(key, ()))) for key, (_, stretches) in settled.items()})
    return sum(Past(stretches).epochs_known for stretches in later.values())


def _store(sums: Mapping[int, tuple[int, Sequence[Stretch]]]) -> None:
    SettledPast.objects.bulk_create(
        [SettledPast(pk=key, before=before, stretches=told) for key, (before, told) in sums.items()],
        update_conflicts=True,
        unique_fields=["validator"],
        update_fields=["before", "stretches"],
    )


def _settled(keys: Sequence[int]) -> tuple[dict[int, int | None], dict[int, tuple[int, list[Stretch]]]]:
    """By key the confirmed commission; and from which epoch on rows are read beside which stretches."""
    columns = ("pk", "commission_confirmed_bps", "settled_past__before", "settled_past__stretches")
    confirmed: dict[int, int | None] = {}
    settled: dict[int, tuple[int, list[Stretch]]] = {}
    for key, bps, before, stretches in bulk.read_rows(validators_of(keys).values_list(*columns)):
        confirmed[key], settled[key] = bps, (before or 0, list(map(Stretch._make, _plain(stretches))))
    return confirmed, settled


def _plain(stretches: Any) -> Any:
    """As lists: the driver gives JSON as text."""
    return msgspec.json.decode(stretches) if isinstance(stretches, str) else stretches or ()


def _later(
    settled: Mapping[int, tuple[int, Sequence[Stretch]]], *, until: int | None = None
) -> dict[int, list[Stretch]]:
    """What the rows say of epochs that are not summed up; who has no sum is asked for in a query apart."""
    by_having: defaultdict[bool, list[int]] = defaultdict(list)
    for key, (before, _) in settled.items():
        by_having[before > 0].append(key)
    found: defaultdict[int, list[Stretch]] = defaultdict(list)
    for keys in by_having.values():
        since = min(settled[key][0] for key in keys)
        for key, *stretch in read_stretches(keys, since, until):
            one = Stretch._make(stretch)
            if key in settled and one.last >= settled[key][0]:
                found[key].append(one._replace(first=max(one.first, settled[key][0])))
    return found
