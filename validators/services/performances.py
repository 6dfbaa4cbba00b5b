"""How well everybody voted in an epoch, worked out from its rows by the one function there is for it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from validators.models import BlocksBasis, ClusterEpoch, Fetch, ValidatorEpoch
from validators.services import bulk
from validators.solana.arithmetic import CreditsUnit
from validators.solana.performance import Verdict, Work, shares_of_mean, verdicts

# Blocks of a part of an epoch say nothing of the whole: scaled up they are wrong by 4 %.
WHOLE: Final = frozenset({BlocksBasis.FINAL.value, BlocksBasis.SCHEDULE.value})
# In the order of Verdict.
JUDGED: Final = ("vote_performance", "leader_luck")


class EpochRow(NamedTuple):
    """What one validator's row of an epoch says that its performance and its return are made of, and both."""

    pk: int
    validator_id: int
    credits: int | None
    credits_unit: str
    activated_stake: int | None
    validator__activated_stake: int
    blocks_produced: int | None
    blocks_basis: str
    identity: str
    credits_before_split: int | None
    credits_final: bool
    vote_performance: float | None
    leader_luck: float | None
    estimated_return: float | None


def epoch_rows(epoch: int) -> list[EpochRow]:
    rows = ValidatorEpoch.objects.filter(epoch=epoch).values_list(*EpochRow._fields)
    return bulk.read_records(EpochRow, rows)


def refresh_performances(epochs: Iterable[int]) -> bool:
    """Bring the performances of these epochs to what their rows say. Call inside a transaction.

    Returns whether any changed.
    """
    newest = Fetch.objects.newest()
    clusters = ClusterEpoch.objects.filter(epoch__in=list(epochs)).order_by("epoch")
    changed = [_refresh(one, ended=newest is None or one.epoch < newest.epoch) for one in clusters]
    return any(changed)


def _refresh(cluster: ClusterEpoch, *, ended: bool) -> bool:
    judged = performances(cluster, epoch_rows(cluster.epoch), ended=ended)
    changed = [(*verdict, key) for key, (verdict, is_new) in judged.items() if is_new]
    bulk.update_rows(ValidatorEpoch, fields=JUDGED, rows=changed, constants={})
    return bool(changed)


def running_performances(
    told: Sequence[tuple[int | None, int | None]], *, unit: str
) -> Sequence[float | None]:
    """Of the epoch that runs, by everybody's credits and stake: what `refresh_performances` makes of them."""
    # Of lamports the leader's part cannot be taken off before all blocks are known.
    return [None] * len(told) if unit == CreditsUnit.LAMPORTS else shares_of_mean(told)


def performances(
    cluster: ClusterEpoch, rows: Sequence[EpochRow], *, ended: bool
) -> dict[int, tuple[Verdict, bool]]:
    """By the keys of its rows what these say, and whether that is new.

    `ended` says whether the votes were looked at since: before, what was earned is not all of it.
    """
    return {
        row.pk: (verdict, verdict != (row.vote_performance, row.leader_luck))
        for row, verdict in zip(rows, _judged(cluster, rows, ended=ended), strict=True)
    }


def _judged(cluster: ClusterEpoch, rows: Sequence[EpochRow], *, ended: bool) -> list[Verdict]:
    whole = ended and cluster.blocks_basis in WHOLE
    # Without blocks nothing is told by the stake of the epoch before.
    before = stakes_in(cluster.epoch - 1) if whole else {}
    # Whose the blocks of an identity are cannot be told where two accounts with stake had it.
    owners = Counter(
        row.identity
        for row in rows
        if whole and row.identity and before.get(row.validator_id, row.activated_stake) != 0
    )
    works = [
        Work(
            # Votes and lamports are never compared, nor a part of an epoch with all of it.
            credits=credits if unit == cluster.credits_unit and (is_final or not ended) else None,
            stake=present if stake is None else stake,
            stake_before=before.get(key),
            blocks=blocks if whole and basis in WHOLE and owners[identity] <= 1 else None,
        )
        for _, key, credits, unit, stake, present, blocks, basis, identity, _, is_final, *_ in rows
    ]
    found = verdicts(works, unit=cluster.credits_unit, blocks=cluster.blocks_produced if whole else None)
    if all(row.credits_before_split is None for row in rows):
        return found
    # In the epoch of the migration votes are of one part, lamports of the other, and blocks of both.
    return [Verdict(None, verdict.leader_luck) for verdict in found]


def stakes_in(epoch: int) -> dict[int, int | None]:
    """Of each validator with a row of the epoch, by key; None is unknown."""
    rows = ValidatorEpoch.objects.filter(epoch=epoch)
    return dict(bulk.read_rows(rows.values_list("validator_id", "activated_stake")))
