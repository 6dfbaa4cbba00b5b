"""The epochs of validators as stretches in which nothing changed: how many there are, their commissions.

What is over is summed up by the clean-up and kept beside the validator; what came since is read from the
rows. So a list costs the same after ten years as after ten days, and says the same.
"""
# ruff: noqa: S608 - every name in a statement comes from a model, every value goes beside it

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from validators.models import Fetch, SettledPast, Validator, ValidatorEpoch
from validators.services import bulk

# A fetch still writes to the running epoch and the one before it; what it writes to earlier ones is rare.
OPEN_EPOCHS: Final = 2
# Of one transaction: the first time all of their epochs are read.
VALIDATORS_AT_ONCE: Final = 5
# More are asked for by their lowest and highest key: these are most that there are.
MOST_NAMED_KEYS: Final = 500

_COMMISSIONS: Final = "commission_first_bps, commission_last_bps, commission_min_bps, commission_max_bps"
_EPOCHS: Final = ValidatorEpoch._meta.db_table
# Epochs that follow one another are a stretch while the commission stands; one in which it moved is apart.
_STRETCHES: Final = f"""
SELECT validator_id, min(epoch), max(epoch), commission_source, {_COMMISSIONS}
FROM (
    SELECT found.*, epoch - row_number() OVER (
        PARTITION BY validator_id, commission_source, {_COMMISSIONS}, apart ORDER BY epoch
    ) AS island
    FROM (
        SELECT validator_id, epoch, commission_source, {_COMMISSIONS}, CASE
            WHEN commission_min_bps IS NULL AND commission_max_bps IS NULL THEN 0
            WHEN commission_min_bps = commission_max_bps
                AND coalesce(commission_first_bps, commission_min_bps) = commission_min_bps
                AND coalesce(commission_last_bps, commission_min_bps) = commission_min_bps THEN 0
            ELSE epoch END AS apart
        FROM {_EPOCHS} WHERE {{which}}
    ) AS found
) AS numbered
GROUP BY validator_id, commission_source, {_COMMISSIONS}, apart, island
ORDER BY 1, 2
"""


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


def settle() -> int:
    """Sum up what is over, some validators at a time; returns of how many something new was stored."""
    newest = Fetch.objects.newest()
    if newest is None:
        return 0
    before = newest.epoch - OPEN_EPOCHS
    open_keys = Validator.objects.exclude(settled_past__before__gte=before).order_by("pk")
    keys = list(open_keys.values_list("pk", flat=True))
    for start in range(0, len(keys), VALIDATORS_AT_ONCE):
        with transaction.atomic():
            bulk.serialize_writers()
            _settle(keys[start : start + VALIDATORS_AT_ONCE], before)
    return len(keys)


def sum_up(*, keep: timedelta, now: datetime, dry_run: bool) -> dict[str, int]:
    """`settle` as a part of the clean-up (`RETENTION_TASKS`), which deletes nothing."""
    if not dry_run:
        settle()
    return {}


def unsettle(written: Iterable[tuple[int, int]]) -> None:
    """Forget the sums to which these (validator's key, epoch) belong, in the transaction that writes them."""
    earliest: dict[int, int] = {}
    for key, epoch in written:
        earliest[key] = min(epoch, earliest.get(key, epoch))
    newest = Fetch.objects.newest() if earliest else None
    if newest is None or min(earliest.values()) >= newest.epoch - OPEN_EPOCHS:
        return
    sums = SettledPast.objects.filter(pk__in=earliest).values_list("pk", "before")
    stale = [key for key, before in sums if earliest[key] < before]
    SettledPast.objects.filter(pk__in=stale).delete()


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


def _settle(keys: Sequence[int], before: int) -> None:
    _, settled = _settled(keys)
    later = _later(settled, until=before)
    SettledPast.objects.bulk_create(
        [
            SettledPast(pk=key, before=before, stretches=joined(stretches, later.get(key, ())))
            for key, (_, stretches) in settled.items()
        ],
        update_conflicts=True,
        unique_fields=["validator"],
        update_fields=["before", "stretches"],
    )


def _settled(keys: Sequence[int]) -> tuple[dict[int, int | None], dict[int, tuple[int, list[Stretch]]]]:
    """The confirmed commissions, and since which epoch what is to be read beside which stretches."""
    # Of more than a few the database would plan longer than it reads.
    named = {"pk__in": keys} if len(keys) <= MOST_NAMED_KEYS else {"pk__range": (min(keys), max(keys))}
    validators = Validator.objects.filter(**named)
    columns = ("pk", "commission_confirmed_bps", "settled_past__before", "settled_past__stretches")
    confirmed: dict[int, int | None] = {}
    settled: dict[int, tuple[int, list[Stretch]]] = {}
    for key, bps, before, stretches in bulk.read_rows(validators.values_list(*columns)):
        told = json.loads(stretches) if isinstance(stretches, str) else stretches or ()
        confirmed[key], settled[key] = bps, (before or 0, [Stretch._make(one) for one in told])
    return confirmed, settled


def _later(
    settled: Mapping[int, tuple[int, Sequence[Stretch]]], *, until: int | None = None
) -> dict[int, list[Stretch]]:
    """What the rows say of the epochs that are not summed up; of whom nothing is, in a question apart."""
    by_having: defaultdict[bool, list[int]] = defaultdict(list)
    for key, (before, _) in settled.items():
        by_having[before > 0].append(key)
    found: defaultdict[int, list[Stretch]] = defaultdict(list)
    for keys in by_having.values():
        since = min(settled[key][0] for key in keys)
        for key, *stretch in _read(keys, since, until):
            one = Stretch._make(stretch)
            if key in settled and one.last >= settled[key][0]:
                found[key].append(one._replace(first=max(one.first, settled[key][0])))
    return found


def _read(keys: Sequence[int], since: int, until: int | None) -> list[tuple[Any, ...]]:
    if len(keys) <= MOST_NAMED_KEYS:
        which, values = f"validator_id IN ({', '.join(['%s'] * len(keys))})", list(keys)
    else:
        which, values = "validator_id >= %s AND validator_id <= %s", [min(keys), max(keys)]
    if since:
        which, values = f"{which} AND epoch >= %s", [*values, since]
    if until is not None:
        which, values = f"{which} AND epoch < %s", [*values, until]
    with connection.cursor() as cursor:
        cursor.execute(_STRETCHES.format(which=which), values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
