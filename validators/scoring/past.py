"""From epoch rows to each validator's past. Pure."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from operator import mul
from typing import Any, Final, NamedTuple

from validators.scoring.facts import Past
from validators.solana.arithmetic import LAMPORTS_PER_SOL
from validators.solana.performance import could_not_vote, was_looked_at

# As far as any method looks back; in the fit, older epochs changed no score by 0.01.
EPOCHS_KEPT: Final = 60
# Known of less than this share of the present stake, an epoch is no measure of the cluster.
LEAST_COVERED: Final = 0.5
# Of this share of fetches on, an unknown performance is read off delinquency; below, it stays unknown.
EVIDENT_DELINQUENCY: Final = 0.03

# Of these most validators have the same, which is kept once; performance and stake are everybody's own.
OFTEN_EQUAL: Final = frozenset(Past._fields) - {"performance", "stake"}


class EpochRow(NamedTuple):
    """One validator in one epoch, as tables and files have it; None is unknown.

    Stake in lamports, commissions in basis points, `fetches` of which `delinquent_fetches` saw
    it delinquent, the skip rate a fraction. A plain tuple in this order will do.
    """

    key: Any
    epoch: int
    vote_performance: float | None
    stake: int | None
    fetches: int
    delinquent_fetches: int
    commission_bps: int | None
    highest_bps: int | None
    skip_rate: float | None
    leader_slots: int | None
    delinquent_at_end: bool | None = None
    end_performance: float | None = None


class EpochColumns(NamedTuple):
    """The rows of one epoch, by column: the fields of EpochRow without the epoch, in their order."""

    keys: Sequence[Any]
    performances: Sequence[float | None]
    stakes: Sequence[int]
    fetches: Sequence[int]
    delinquent_fetches: Sequence[int]
    commission_bps: Sequence[int | None]
    highest_bps: Sequence[int | None]
    skip_rates: Sequence[float | None]
    leader_slots: Sequence[int | None]
    delinquent_at_end: Sequence[bool | None]
    end_performance: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class EpochTable:
    """One epoch of everybody: what a past is made of, and how much stake stands behind its means.

    `columns` are of the keys, in the order of Past, `covered` the stake with a known performance. `voteless`
    are those whose delinquency says nothing.
    """

    epoch: int
    keys: Sequence[Any]
    columns: Sequence[Sequence[Any]]
    covered: int
    skip_rate: float | None
    voteless: Collection[Any] = frozenset()


def epoch_columns(rows: Iterable[EpochRow]) -> EpochColumns:
    """The columns of rows of one epoch, of which there is at least one."""
    keys, _, *rest = zip(*rows, strict=True)
    return EpochColumns(keys, *rest)


def pasts(tables: Iterable[EpochTable], *, present_stake: int) -> dict[Any, Past]:
    """Each key's past from the tables, newest first; epochs that tell too little of the cluster show no
    performance."""
    tables = list(tables)
    everybody = list(dict.fromkeys(chain.from_iterable(table.keys for table in tables)))
    least = LEAST_COVERED * present_stake
    known = [table.columns if table.covered >= least else _without_performance(table) for table in tables]
    absent = {
        key for table in tables if table.keys != everybody for key in {*everybody}.difference(table.keys)
    }
    aligned = [
        columns if table.keys == everybody else _aligned(columns, table.keys, everybody)
        for table, columns in zip(tables, known, strict=True)
    ]
    # One zip for each column: row by row would make tuples of a cluster times sixty epochs first.
    whole = [
        _shared(zip(*columns, strict=True)) if name in OFTEN_EQUAL else list(zip(*columns, strict=True))
        for name, columns in zip(Past._fields, zip(*aligned, strict=True), strict=True)
    ]
    return {
        key: _of_those_there(columns) if key in absent else Past._make(columns)
        for key, columns in zip(everybody, zip(*whole, strict=True), strict=True)
    }


def _shared(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Equal ones as one object."""
    seen: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    return [seen.setdefault(row, row) for row in rows]


def _aligned(
    columns: Sequence[Sequence[Any]], keys: Sequence[Any], everybody: Sequence[Any]
) -> Sequence[Sequence[Any]]:
    """The columns of everybody; who is absent has no epoch there."""
    places = {key: place for place, key in enumerate(keys)}
    found = [places.get(key, len(keys)) for key in everybody]
    return [[padded[place] for place in found] for padded in ([*column, None] for column in columns)]


def _of_those_there(columns: Sequence[Sequence[Any]]) -> Past:
    there = [epoch is not None for epoch in columns[0]]
    return Past._make(tuple(compress(column, there)) for column in columns)


def _without_performance(table: EpochTable) -> Sequence[Sequence[Any]]:
    epochs, performances, *rest = table.columns
    return [epochs, [None] * len(performances), *rest]


def voteless(
    columns: EpochColumns,
    before: EpochColumns | None,
    *,
    unit: str,
    unit_before: str,
    met: Collection[Any],
) -> frozenset[Any]:
    """Who was seen delinquent in an epoch in which no vote of it could count, by the columns of the epoch
    before and what both paid. Nobody where that one is not there. `met` are those whom any earlier one has.
    """
    # Nobody either where not even no stake would say so, which is told before anybody is looked at.
    if before is None or not could_not_vote(unit=unit, unit_before=unit_before, stake_before=0):
        return frozenset()
    seen = {
        *compress(columns.keys, columns.delinquent_fetches),
        *compress(columns.keys, columns.delinquent_at_end),
    }
    stakes = dict(zip(before.keys, before.stakes, strict=True)) if seen else {}
    accounts = len(before.stakes)
    looked_at = was_looked_at(stakes=accounts - before.stakes.count(None), accounts=accounts)
    return frozenset(
        key
        for key in seen
        if could_not_vote(
            unit=unit,
            unit_before=unit_before,
            stake_before=stakes.get(key),
            is_new=key not in met,
            looked_at=looked_at,
        )
    )


def epoch_table(
    epoch: int,
    columns: EpochColumns,
    *,
    present_stakes: Mapping[Any, int],
    slots_in_epoch: int,
    voteless: Collection[Any] = frozenset(),
) -> EpochTable:
    """One epoch; where a stake in it is unknown the present one stands in. That somebody of the `voteless`
    was delinquent is no evidence, so it is unknown."""
    told = columns.stakes
    if None in columns.stakes:
        stakes = [
            present_stakes.get(key, 0) if stake is None else stake
            for key, stake in zip(columns.keys, columns.stakes, strict=True)
        ]
        columns = columns._replace(stakes=stakes)
    shares: Sequence[float | None] = _delinquent_shares(columns)
    at_end = columns.delinquent_at_end
    if voteless:
        shares, at_end = (_unknown_of(voteless, columns.keys, told) for told in (shares, at_end))
    values = (
        [epoch] * len(columns.keys),
        _performances(columns, shares),
        shares,
        columns.commission_bps,
        columns.highest_bps,
        columns.skip_rates,
        _leader_slots(columns, slots_in_epoch),
        [None if stake is None else stake / LAMPORTS_PER_SOL for stake in told],
        at_end,
        columns.end_performance,
    )
    unknown = (
        stake for stake, known in zip(columns.stakes, columns.performances, strict=True) if known is None
    )
    covered = sum(columns.stakes) - (sum(unknown) if None in columns.performances else 0)
    return EpochTable(epoch, columns.keys, values, covered, _skip_rate(columns), voteless)


def _unknown_of(some: Collection[Any], keys: Sequence[Any], column: Sequence[Any]) -> Sequence[Any]:
    return [None if key in some else value for key, value in zip(keys, column, strict=True)]


def _delinquent_shares(columns: EpochColumns) -> list[float | None]:
    return [
        delinquent / fetches if delinquent else (0.0 if fetches else None)
        for delinquent, fetches in zip(columns.delinquent_fetches, columns.fetches, strict=True)
    ]


def _performances(columns: EpochColumns, shares: Sequence[float | None]) -> Sequence[float | None]:
    """As they are known; read off evident delinquency where they are not."""
    if None not in columns.performances:
        return columns.performances
    return [
        (1.0 - share if share is not None and share >= EVIDENT_DELINQUENCY and stake else None)
        if known is None
        else known
        for known, share, stake in zip(columns.performances, shares, columns.stakes, strict=True)
    ]


def _skip_rate(columns: EpochColumns) -> float | None:
    """The cluster's, stake-weighted over those whose own is known."""
    stakes = [
        stake for rate, stake in zip(columns.skip_rates, columns.stakes, strict=True) if rate is not None
    ]
    rates = [rate for rate in columns.skip_rates if rate is not None]
    total = sum(stakes)
    # fsum does not depend on the order of the rows.
    return math.fsum(map(mul, rates, stakes)) / total if total else None


def _leader_slots(columns: EpochColumns, slots: int) -> list[int | None]:
    """As counted, else by the stake's share, which is how they are drawn; None without a skip rate."""
    if None not in columns.leader_slots:
        return list(columns.leader_slots)
    if columns.skip_rates.count(None) == len(columns.skip_rates):
        return [None] * len(columns.skip_rates)
    total = sum(columns.stakes)
    return [
        None if rate is None else (round(slots * stake / total) if counted is None and total else counted)
        for rate, stake, counted in zip(columns.skip_rates, columns.stakes, columns.leader_slots, strict=True)
    ]


def powers(ratio: float) -> tuple[float, ...]:
    """1, ratio, ratio squared ... by multiplication alone, one for each epoch that is looked at."""
    series = [1.0]
    for _ in range(EPOCHS_KEPT - 1):
        series.append(series[-1] * ratio)
    return tuple(series)
