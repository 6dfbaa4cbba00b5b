"""History epoch by epoch, for asking what a method would have said at the end of each. Pure.

`facts_at` hands out nothing of later epochs, so that no method can look ahead.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from validators.scoring.facts import BAD_PERFORMANCE, ClusterFacts, EpochFacts, ValidatorFacts
from validators.scoring.past import (
    EPOCHS_KEPT,
    EpochRow,
    EpochTable,
    epoch_columns,
    epoch_table,
    pasts,
    voteless,
)
from validators.solana.arithmetic import CreditsUnit
from validators.solana.economics import kept_share
from validators.solana.performance import Work, verdicts

SLOTS_IN_EPOCH: Final = 432_000
# As many complete epochs as a reply of the chain tells of.
EPOCHS_WITH_CREDITS: Final = 5


class RecordedRow(NamedTuple):
    """One validator, by vote account, in one epoch: what it earned, and what it ran (empty when unknown).

    Of history that was never judged before, `row.vote_performance` is None, and the credits tell, with the
    blocks of the whole epoch where they are lamports.
    """

    row: EpochRow
    version: str
    credits: int | None
    unit: str = CreditsUnit.VOTE_CREDITS.value
    blocks: int | None = None


@dataclass(frozen=True, slots=True)
class RecordedEpoch:
    """One epoch of everybody, by vote account.

    `measured` is what was earned against the cluster's mean, of accounts without stake too: the truth that
    methods are judged on, and no input of any.
    """

    rows: Mapping[str, EpochRow]
    measured: Mapping[str, float | None]
    versions: Mapping[str, str]
    table: EpochTable


# epoch -> what was recorded of it
Timeline = Mapping[int, RecordedEpoch]


class Outcome(NamedTuple):
    """What became of a validator in the epoch after the one it was scored at the end of.

    `bad` is None where it is there, and what it earned is unknown. `earned` is what a delegator kept of a
    perfect 0 % validator's reward: nothing of one that was delisted or of which nothing is known. `now` and
    `before` are what it earned in the epoch it was scored at the end of, and in the one before.
    """

    bad: bool | None
    performance: float | None
    earned: float
    now: float | None
    before: float | None


def timeline(recorded: Iterable[RecordedRow]) -> dict[int, RecordedEpoch]:
    """The epochs that the rows tell of. Of two rows of one validator and epoch the later counts."""
    by_epoch: defaultdict[int, dict[str, RecordedRow]] = defaultdict(dict)
    for one in recorded:
        by_epoch[one.row.epoch][one.row.key] = one
    found: dict[int, RecordedEpoch] = {}
    met: set[str] = set()
    for epoch in sorted(by_epoch):
        found[epoch] = _recorded_epoch(epoch, by_epoch[epoch], by_epoch.get(epoch - 1, {}), met)
        met.update(by_epoch[epoch])
    return found


def _judged(
    by_key: Mapping[str, RecordedRow], before: Mapping[str, RecordedRow]
) -> Mapping[str, RecordedRow]:
    """An epoch with its performances, worked out here where none is known yet."""
    if any(one.row.vote_performance is not None for one in by_key.values()):
        return by_key
    unit = _unit(by_key)
    works = [
        Work(
            credits=one.credits if one.unit == unit else None,
            stake=one.row.stake,
            stake_before=before[key].row.stake if key in before else None,
            blocks=one.blocks,
        )
        for key, one in by_key.items()
    ]
    found = verdicts(works, unit=unit, blocks=sum(one.blocks or 0 for one in by_key.values()) or None)
    return {
        key: one._replace(row=one.row._replace(vote_performance=verdict.performance))
        for (key, one), verdict in zip(by_key.items(), found, strict=True)
    }


def _unit(by_key: Mapping[str, RecordedRow]) -> CreditsUnit:
    lamports = any(one.unit == CreditsUnit.LAMPORTS for one in by_key.values())
    return CreditsUnit.LAMPORTS if lamports else CreditsUnit.VOTE_CREDITS


def _recorded_epoch(
    epoch: int, by_key: Mapping[str, RecordedRow], before: Mapping[str, RecordedRow], met: Collection[str]
) -> RecordedEpoch:
    by_key = _judged(by_key, before)
    rows = {key: one.row for key, one in by_key.items()}
    columns = epoch_columns(rows.values())
    earlier = epoch_columns(one.row for one in before.values()) if before else None
    table = epoch_table(
        epoch,
        columns,
        present_stakes={},
        slots_in_epoch=SLOTS_IN_EPOCH,
        voteless=voteless(columns, earlier, unit=_unit(by_key), unit_before=_unit(before), met=met),
    )
    versions = {key: one.version for key, one in by_key.items()}
    return RecordedEpoch(rows, _measured(by_key), versions, table)


def _measured(by_key: Mapping[str, RecordedRow]) -> dict[str, float | None]:
    """Vote credits against their stake-weighted mean; of lamports, the performance of those with stake."""
    votes = CreditsUnit.VOTE_CREDITS
    counted = [
        (one.credits, one.row.stake)
        for one in by_key.values()
        if one.credits is not None and one.row.stake and one.unit == votes
    ]
    staked = sum(stake for _, stake in counted)
    mean = sum(credits * stake for credits, stake in counted) / staked if staked else 0.0
    return {
        key: one.credits / mean
        if one.unit == votes and one.credits is not None and mean
        else one.row.vote_performance
        for key, one in by_key.items()
    }


def facts_at(history: Timeline, epoch: int) -> ClusterFacts:
    """The cluster at the end of that epoch, which must be in the history: nothing after it is in here."""
    now = history[epoch]
    past = [history[e] for e in range(epoch, epoch - EPOCHS_KEPT, -1) if e in history]
    present = sum(row.stake or 0 for row in now.rows.values())
    columns = pasts([one.table for one in past], present_stake=present)
    recent = _recent([one.rows for one in past if one.table.epoch > epoch - EPOCHS_WITH_CREDITS])
    validators = [
        ValidatorFacts(
            position,
            key,
            row.stake or 0,
            row.commission_bps,
            bool(row.delinquent_at_end),
            recent.pop(key, []),
            now.versions[key],
            columns[key],
            could_not_vote=key in now.table.voteless,
        )
        for position, (key, row) in enumerate(now.rows.items())
        # As in a scoring run: those without stake are given no score.
        if row.stake
    ]
    skip_rates = {one.table.epoch: one.table.skip_rate for one in past if one.table.skip_rate is not None}
    return ClusterFacts(0, epoch + 1, 0.0, validators, skip_rates)


def _recent(newest_first: Sequence[Mapping[str, EpochRow]]) -> dict[str, list[EpochFacts]]:
    found: defaultdict[str, list[EpochFacts]] = defaultdict(list)
    for rows in reversed(newest_first):
        for key, row in rows.items():
            found[key].append(EpochFacts(row.epoch, row.vote_performance, None))
    return found


def outcomes_after(history: Timeline, epoch: int) -> dict[str, Outcome]:
    """Of each validator of that epoch; the next epoch must be in the history too."""
    now, following = history[epoch], history[epoch + 1]
    before = history[epoch - 1].measured if epoch - 1 in history else {}
    return {key: _outcome(key, following, now.measured[key], before.get(key)) for key in history[epoch].rows}


def _outcome(key: str, following: RecordedEpoch, now: float | None, before: float | None) -> Outcome:
    after = following.rows.get(key)
    if after is None:
        return Outcome(True, None, 0.0, now, before)
    performance = following.measured[key]
    bad = None if performance is None else performance < BAD_PERFORMANCE
    return Outcome(bad, performance, kept(after, performance), now, before)


def kept(after: EpochRow, performance: float | None) -> float:
    """Of a perfect 0 % validator's reward; an unknown commission takes all of it."""
    return (kept_share(after.commission_bps) or 0.0) * (performance or 0.0)
