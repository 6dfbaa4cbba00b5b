"""The rows of the epoch that runs, of which every fetch writes nearly all again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from validators.models import Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.epoch_numbers import (
    SEEN_LIVE,
    EarnedNumbers,
    LiveNumbers,
    credits_at_start,
    earned_numbers,
    live_numbers,
    merged_with,
    touched_by_fetch,
)
from validators.services.performances import running_performances
from validators.services.stored import StoredValidator
from validators.solana.arithmetic import Earned, unit_in
from validators.solana.snapshot import AccountState

_NUMBERS: Final = (*EarnedNumbers._fields, *LiveNumbers._fields)
_ALL: Final = (*_NUMBERS, "vote_performance")
# What every fetch shows anew; most rows change in nothing else but a count, and are written without the rest.
_MOVING: Final = ("vote_performance", "credits")


class StoredRunning(NamedTuple):
    """A row as the fetch before left it: the fields of EarnedNumbers and of LiveNumbers, side by side."""

    key: int
    pk: int
    performance: float | None
    credits: int | None
    credits_unit: str
    credits_before_split: int | None
    cumulative_credits_at_start: int | None
    credits_final: bool
    commission_first_bps: int | None
    commission_last_bps: int | None
    commission_min_bps: int | None
    commission_max_bps: int | None
    commission_source: str
    activated_stake: int | None
    identity: str
    version: str
    client: str
    fetches: int
    delinquent_fetches: int
    delinquent_at_end: bool | None

    @property
    def earned(self) -> EarnedNumbers:
        return EarnedNumbers(*self[3:8])

    @property
    def live(self) -> LiveNumbers:
        return LiveNumbers(*self[8:20])


def running_rows(epoch: int) -> dict[int, StoredRunning]:
    """The rows of that epoch, by validator's key."""
    columns = ("validator_id", "pk", "vote_performance", *_NUMBERS)
    rows = ValidatorEpoch.objects.filter(epoch=epoch).values_list(*columns)
    return {row.key: row for row in bulk.read_records(StoredRunning, rows)}


class _Touched(NamedTuple):
    """A row as this fetch leaves it, and the primary key it has unless it is new."""

    key: int
    pk: int | None
    earned: EarnedNumbers
    live: LiveNumbers


@dataclass(frozen=True, slots=True)
class RunningChanges:
    """What a fetch writes: what moves of the `steady`, all of the `changed`, performance of the `others`."""

    epoch: int
    steady: bulk.Staged
    changed: bulk.Staged
    others: bulk.Staged
    inserts: Sequence[tuple[Any, ...]]

    def write(self, stored_at: datetime, *, newcomers: Mapping[int, int]) -> int:
        """`newcomers` are the keys that those have now whom no row was of. Returns how many rows were added
        or changed."""
        constants = touched_by_fetch(stored_at)
        self.others.write({})
        self.steady.write({**constants, "fetches": bulk.ONE_MORE})
        self.changed.write(constants)
        bulk.insert_rows(
            ValidatorEpoch,
            fields=("validator_id", *_ALL),
            rows=[(newcomers.get(row[0], row[0]), *row[1:]) for row in self.inserts],
            constants={**constants, "epoch": self.epoch},
        )
        return len(self.steady) + len(self.changed) + len(self.inserts)


class RunningEpoch:
    """What a fetch changes in it: `add` each account, then ask for the `changes`."""

    def __init__(self, epoch: int, *, split_epoch: int | None, stored: Mapping[int, StoredRunning]) -> None:
        """`stored` are its `running_rows`."""
        self._epoch = epoch
        self._unit = unit_in(epoch, split_epoch=split_epoch)
        # Rows of validators that this fetch does not show stay in here.
        self._stored = dict(stored)
        # Credits and primary key; beside each its credits, where they are compared, and stake.
        self._steady: list[tuple[Any, ...]] = []
        self._steady_told: list[tuple[int | None, int | None]] = []
        self._touched: list[_Touched] = []

    def add(self, key: int, earned: Earned, state: AccountState, known: StoredValidator | None) -> None:
        """The account of that primary key; `known` is its row of the fetch before."""
        row = self._stored.pop(key, None)
        if row is None:
            live = live_numbers(state, known, LiveNumbers())
            self._touched.append(_Touched(key, None, earned_numbers(earned, state), live))
        elif known is not None and _is_steady(row, earned, state, known):
            self._steady.append((earned.credits, row.pk))
            self._steady_told.append(self._told(earned.credits, row.credits_unit, row.activated_stake))
        else:
            numbers = merged_with(row.earned, earned_numbers(earned, state))
            self._touched.append(_Touched(key, row.pk, numbers, live_numbers(state, known, row.live)))

    def changes(self) -> RunningChanges:
        performances = iter(self._performances())
        # In this order, or `zip` would take one too many.
        steady = [(performance, *row) for row, performance in zip(self._steady, performances, strict=False)]
        inserts: list[tuple[Any, ...]] = []
        changed: list[tuple[Any, ...]] = []
        for key, pk, earned, live in self._touched:
            values = (*earned, *live, next(performances))
            if pk is None:
                inserts.append((key, *values))
            else:
                changed.append((*values, pk))
        return RunningChanges(
            epoch=self._epoch,
            steady=bulk.Staged(ValidatorEpoch, name="steady", fields=_MOVING, rows=steady),
            changed=bulk.Staged(ValidatorEpoch, name="changed", fields=_ALL, rows=changed),
            others=self._others(performances),
            inserts=inserts,
        )

    def _performances(self) -> Sequence[float | None]:
        """Of the steady rows, then the touched, then the others; the mean is over all of them."""
        others = self._stored.values()
        without = [row.key for row in others if row.activated_stake is None]
        present = dict(Validator.objects.filter(pk__in=without).values_list("pk", "activated_stake"))
        told = [
            *self._steady_told,
            *(self._told(one[0], one[1], live.activated_stake) for _, _, one, live in self._touched),
            *(
                self._told(row.credits, row.credits_unit, present.get(row.key, row.activated_stake))
                for row in others
            ),
        ]
        rows: list[EarnedNumbers | StoredRunning] = [*(one.earned for one in self._touched), *others]
        if any(row.credits_before_split is not None for row in rows):
            # Votes are of one part of the migration's epoch, and lamports of the other.
            return [None] * len(told)
        return running_performances(told, unit=self._unit)

    def _told(self, credits: int | None, unit: str, stake: int | None) -> tuple[int | None, int | None]:
        """Votes and lamports are never compared."""
        return credits if unit == self._unit else None, stake

    def _others(self, performances: Iterator[float | None]) -> bulk.Staged:
        """Of validators that this fetch does not show, only the performance may be another."""
        moved = [
            (performance, row.pk)
            for row, performance in zip(self._stored.values(), performances, strict=True)
            if performance != row.performance
        ]
        return bulk.Staged(ValidatorEpoch, name="others", fields=("vote_performance",), rows=moved)


def _is_steady(row: StoredRunning, earned: Earned, state: AccountState, known: StoredValidator) -> bool:
    """Whether `merged_with` and `live_numbers` would leave all as it is, but for what moves.

    Not said of who is delinquent, or had another commission in this epoch: their rows are written in full.
    """
    account, bps = state.account, known.commission_bps
    node = (account.identity, known.version, known.client)
    return (
        row[8:17] == (bps, bps, bps, bps, SEEN_LIVE, account.activated_stake, *node)
        and row[4:8] == (earned.unit, None, credits_at_start(earned, state), False)
        and bps is not None
        and account.commission_bps == bps
        and not state.delinquent
        and row.delinquent_at_end is not None
        and not row.delinquent_at_end
        and earned.credits_before_split is None
        and row.credits is not None
        and earned.credits is not None
        and earned.credits >= row.credits
    )
