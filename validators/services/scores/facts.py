"""What scoring reads: the cluster as the newest fetch left it, and the history behind it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from django.db.models import Case, F, Q, QuerySet, When
from pydantic_core import from_json

from validators.exceptions import PictureChangedError
from validators.models import ClusterEpoch, CommissionSource, Fetch, Validator, ValidatorEpoch, VoteState
from validators.scoring.facts import NO_PAST, ClusterFacts, EpochFacts, Past, ValidatorFacts
from validators.scoring.past import EPOCHS_KEPT, EpochColumns, epoch_table, pasts, voteless
from validators.services.blocks import counted_in_part
from validators.services.bulk import read_columns, read_rows
from validators.solana.admission import oldest_look
from validators.solana.whole_percent import meant

# Fetches are seconds apart and reading takes a fraction of one, so a second try is rare and a fifth a fault.
MOST_READINGS: Final = 5
# The complete epochs that methods look at one by one.
EPOCHS_READ: Final = 5
# The latest, whose commissions apply in the epochs ahead or are what a raise is measured from.
EPOCHS_REFINED: Final = 4


def cluster_facts(*, with_past: bool = False) -> ClusterFacts | None:
    """What the newest fetch left, for scoring; None before the first. All of one fetch, without a lock.

    `with_past` reads 60 epochs of history too. A fetch becomes visible in one instant, so when the
    newest is the same before and after the reading, so is everything between. Raises
    PictureChangedError when it never is.
    """
    for _ in range(MOST_READINGS):
        fetch = Fetch.objects.newest()
        if fetch is None:
            return None
        facts = _cluster(fetch, *_past_of_each(fetch)) if with_past else _cluster(fetch, {}, None)
        if Fetch.objects.newest() == fetch:
            return facts
    raise PictureChangedError(f"A fetch was stored during each of {MOST_READINGS} readings of the newest one")


def _past_of_each(fetch: Fetch) -> tuple[Mapping[int, Past], Mapping[int, float], Collection[int]]:
    """And the cluster's skip rates by epoch, and who could not vote in the running one."""
    columns = _columns_by_epoch(fetch)
    _refine_commissions(fetch, columns)
    stakes = dict(read_rows(Validator.objects.present().values_list("pk", "activated_stake")))
    excused = _voteless(fetch, columns)
    tables = [
        epoch_table(
            epoch,
            those,
            present_stakes=stakes,
            slots_in_epoch=fetch.slots_in_epoch,
            voteless=excused[epoch],
        )
        for epoch, those in columns.items()
    ]
    past = pasts(tables, present_stake=sum(stakes.values()))
    skip_rates = {table.epoch: table.skip_rate for table in tables if table.skip_rate is not None}
    return past, skip_rates, excused.get(fetch.epoch, ())


def _voteless(fetch: Fetch, columns: Mapping[int, EpochColumns]) -> dict[int, Collection[int]]:
    """By epoch, whose delinquency says nothing."""
    rows = ClusterEpoch.objects.filter(epoch__gte=fetch.epoch - EPOCHS_KEPT, epoch__lte=fetch.epoch)
    units: dict[int, str] = dict(read_rows(rows.values_list("epoch", "credits_unit")))
    found: dict[int, Collection[int]] = {}
    met: set[int] = set()
    for epoch in sorted(columns):
        unit, before = units.get(epoch, ""), units.get(epoch - 1, "")
        found[epoch] = voteless(
            columns[epoch], columns.get(epoch - 1), unit=unit, unit_before=before, met=met
        )
        met.update(columns[epoch].keys)
    return found


def _recent(fetch: Fetch) -> Mapping[int, list[EpochFacts]]:
    """The latest epochs of each validator, oldest first."""
    history: defaultdict[int, list[EpochFacts]] = defaultdict(list)
    # Of an epoch that ended and was never seen whole it is not known what was earned.
    told = Case(When(Q(credits_final=True) | Q(epoch__gte=fetch.epoch), then="credits"), default=None)
    # As rows: SQLite's JSON may have fifteen digits of a number, and baseline-v1 shows all of them.
    found = _rows(fetch, EPOCHS_READ).order_by("-epoch").annotate(told=told)
    rows = read_rows(found.values_list("epoch", "vote_performance", "told", "validator_id"))
    # From the end, each let go as it is read: both lists whole would be the most that a score holds.
    while rows:
        row = rows.pop()
        history[row[3]].append(EpochFacts._make(row[:3]))
    return history


_OF_BLOCKS: Final = ("skip_rate", "leader_slots")
# Together in the order of EpochColumns: what means over the long run are made of, and what is looked at of
# the last thirty epochs at most. Of the older ones the latter stays unread, which is a quarter of all values.
_LONG_RUN: Final = ("validator_id", "vote_performance", "activated_stake", "fetches", "delinquent_fetches")
_RECENT: Final = (
    *("commission_last_bps", "commission_max_bps", "skip_rate", "leader_slots"),
    *("delinquent_at_end", "end_performance"),
)
# Thirty, the one before them that a first raise is measured from, and the running one.
EPOCHS_IN_FULL: Final = 32


def _columns_by_epoch(fetch: Fetch) -> dict[int, EpochColumns]:
    """Newest first."""
    whole, older = _rows(fetch, EPOCHS_IN_FULL), _rows(fetch, EPOCHS_KEPT)
    found = {epoch: EpochColumns(*columns) for epoch, columns in _columns(fetch, whole, _LONG_RUN + _RECENT)}
    for epoch, columns in _columns(fetch, older.filter(epoch__lt=fetch.epoch - EPOCHS_IN_FULL), _LONG_RUN):
        unread = [[None] * len(columns[0])] * len(_RECENT)
        found[epoch] = EpochColumns(*columns, *unread)
    return found


def _refine_commissions(fetch: Fetch, columns: dict[int, EpochColumns]) -> None:
    """Where a history tells the latest epochs in whole percent, what stands now may be meant exactly."""
    rows = _rows(fetch, EPOCHS_REFINED).filter(
        commission_source=CommissionSource.IMPORTED, validator__commission_bps__isnull=False
    )
    of_row = ("epoch", "validator_id", "commission_last_bps", "commission_max_bps")
    told: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    keys: defaultdict[int, set[int]] = defaultdict(set)
    for exact, epoch, key, *whole in read_rows(rows.values_list("validator__commission_bps", *of_row)):
        told[key, exact].update(bps for bps in whole if bps is not None)
        keys[epoch].add(key)
    means = {key: meant(whole, (exact,)) for (key, exact), whole in told.items()}
    # Of an epoch that an import began to store since the columns were read there are none.
    for epoch in keys.keys() & columns.keys():
        of_epoch, those = columns[epoch], keys[epoch]
        refined = [
            [
                bps if bps is None or key not in those else means[key].get(bps, bps)
                for key, bps in zip(of_epoch.keys, column, strict=True)
            ]
            for column in (of_epoch.commission_bps, of_epoch.highest_bps)
        ]
        columns[epoch] = of_epoch._replace(commission_bps=refined[0], highest_bps=refined[1])


def _columns(
    fetch: Fetch, rows: QuerySet[ValidatorEpoch], names: Sequence[str]
) -> Iterator[tuple[int, list[Any]]]:
    """By epoch, newest first."""
    in_part = counted_in_part(since=fetch.epoch - EPOCHS_KEPT, running=fetch.epoch)
    columns = [unless(in_part, name) if name in _OF_BLOCKS else F(name) for name in names]
    for epoch, *texts in read_columns(rows.order_by("-epoch").values_list("epoch"), columns):
        yield epoch, [from_json(text) for text in texts]


def unless(unknown: Q | None, name: str) -> Any:
    """A column, unknown in those rows."""
    return F(name) if unknown is None else Case(When(unknown, then=None), default=F(name))


def _rows(fetch: Fetch, epochs: int) -> QuerySet[ValidatorEpoch]:
    return ValidatorEpoch.objects.filter(epoch__gte=fetch.epoch - epochs, epoch__lte=fetch.epoch)


def _cluster(
    fetch: Fetch,
    past: Mapping[int, Past],
    skip_rates: Mapping[int, float] | None,
    could_not_vote: Collection[int] = (),
) -> ClusterFacts:
    recent = _recent(fetch)
    staked = Validator.objects.present().filter(activated_stake__gt=0).order_by("pk")
    fields = ("pk", "vote_account", "activated_stake", "commission_bps", "delinquent", "version")
    rows: list[tuple[Any, ...]] = read_rows(staked.values_list(*fields))
    left_out = _left_out(fetch)
    validators = [
        ValidatorFacts(
            key, vote_account, stake, bps, bool(delinquent),
            recent.get(key, ()), version, past.get(key, NO_PAST), key in left_out,
            key in could_not_vote,
        )
        for key, vote_account, stake, bps, delinquent, version in rows
    ]  # fmt: skip
    return ClusterFacts(
        fetch.pk, fetch.epoch, fetch.slot_index / fetch.slots_in_epoch, validators, skip_rates
    )


def _left_out(fetch: Fetch) -> frozenset[int]:
    """Who is not let into the next epoch, as its account stood at the boundary that decided it.

    Where nobody looked in this epoch, the last look in the one before stands: a source that is silent, or was
    not asked yet, moves no score. After one more epoch its votes tell.
    """
    out = VoteState.Admission.OUT
    looked = Q(epoch=fetch.epoch, next_epoch=out) | Q(epoch=oldest_look(fetch.epoch + 1), after_next=out)
    return frozenset(
        key for (key,) in read_rows(VoteState.objects.filter(looked).values_list("validator_id"))
    )
