"""How well everybody voted in an epoch, worked out from its rows by the one function there is for it."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from validators.models import BlocksBasis, ClusterEpoch, ValidatorEpoch
from validators.services import bulk
from validators.solana.performance import Verdict, Work, verdicts

# Blocks of a part of an epoch say nothing of the whole: scaled up they are wrong by 4 %.
WHOLE: Final = frozenset({BlocksBasis.FINAL.value, BlocksBasis.SCHEDULE.value})
_COLUMNS: Final = (
    *("pk", "validator_id", "credits", "credits_unit", "activated_stake", "validator__activated_stake"),
    *("blocks_produced", "blocks_basis", "identity", "vote_performance", "leader_luck"),
)
# In the order of Verdict.
_JUDGED: Final = ("vote_performance", "leader_luck")


def refresh_performances(epochs: Iterable[int]) -> bool:
    """Bring the performances of these epochs to what their rows say. Call inside a transaction.

    Returns whether any changed.
    """
    clusters = ClusterEpoch.objects.filter(epoch__in=list(epochs)).order_by("epoch")
    changed = [_refresh(cluster) for cluster in clusters]
    return any(changed)


def _refresh(cluster: ClusterEpoch) -> bool:
    rows = bulk.read_rows(ValidatorEpoch.objects.filter(epoch=cluster.epoch).values_list(*_COLUMNS))
    judged = _judged(cluster, rows)
    changed = [
        (*verdict, row[0])
        for row, verdict in zip(rows, judged, strict=True)
        if tuple(verdict) != tuple(row[-2:])
    ]
    bulk.update_rows(ValidatorEpoch, fields=_JUDGED, rows=changed, constants={})
    return bool(changed)


def _judged(cluster: ClusterEpoch, rows: list[tuple[Any, ...]]) -> list[Verdict]:
    before = _stakes(cluster.epoch - 1)
    whole = cluster.blocks_basis in WHOLE
    # Whose the blocks of an identity are cannot be told where two accounts with stake had it.
    owners = Counter(row[8] for row in rows if before.get(row[1], row[4]) != 0)
    works = [
        Work(
            # Votes and lamports are never compared.
            credits=credits if unit == cluster.credits_unit else None,
            stake=present if stake is None else stake,
            stake_before=before.get(key),
            blocks=blocks if whole and basis in WHOLE and owners[identity] <= 1 else None,
        )
        for _, key, credits, unit, stake, present, blocks, basis, identity, _, _ in rows
    ]
    found = verdicts(works, unit=cluster.credits_unit, blocks=cluster.blocks_produced if whole else None)
    if not _is_migration(cluster.epoch):
        return found
    # Its votes are of one part of the epoch, its lamports of the other, its blocks of both.
    return [Verdict(None, verdict.leader_luck) for verdict in found]


def _stakes(epoch: int) -> dict[int, int | None]:
    return dict(
        bulk.read_rows(
            ValidatorEpoch.objects.filter(epoch=epoch).values_list("validator_id", "activated_stake")
        )
    )


def _is_migration(epoch: int) -> bool:
    return ValidatorEpoch.objects.filter(epoch=epoch, credits_before_split__isnull=False).exists()
