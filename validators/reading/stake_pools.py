"""Stake pools, and what they stake with whom: each number with its epoch."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from validators.models import PoolStake, StakePool
from validators.models.by_bytes import ByBytes


@dataclass(frozen=True, slots=True)
class PoolShare:
    """What a pool stakes with a validator; `share` is of its activated stake, None where that is not known.

    It is also None where a pool has more there than the validator had active: that is not active yet.
    """

    stake: PoolStake
    share: float | None


def stake_pools() -> list[StakePool]:
    """Those that were looked at, the largest first; those that are not there any more come last."""
    looked_at = StakePool.objects.exclude(looked_at=None)
    return list(
        looked_at.order_by("-is_there", F("total_lamports").desc(nulls_last=True), ByBytes("address"))
    )


def pool_shares(stakes: dict[int, int | None], *, epoch: int | None = None) -> dict[int, list[PoolShare]]:
    """By key of a validator whose activated stake is given: by the newest look at each pool, or in an epoch.

    One query.
    """
    found: dict[int, list[PoolShare]] = defaultdict(list)
    for row in _rows(list(stakes), epoch):
        found[row.validator_id].append(PoolShare(row, _share(row.active, stakes[row.validator_id])))
    return found


def _rows(keys: Sequence[int], epoch: int | None) -> Any:
    rows: Any = PoolStake.objects.filter(validator__in=keys).select_related("pool")
    if epoch is None:
        rows = rows.filter(epoch=F("pool__epoch"), pool__is_there=True)
    else:
        rows = rows.filter(epoch=epoch)
    return rows.order_by("-active", ByBytes("pool__address"))


def _share(active: int, activated: int | None) -> float | None:
    return active / activated if activated and active <= activated else None
