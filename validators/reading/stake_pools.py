"""Stake pools, and what they stake with whom: each number with its epoch."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from validators.models import PoolStake, StakePool, Validator


@dataclass(frozen=True, slots=True)
class PoolShare:
    """What a pool stakes with a validator; `share` is of its activated stake, None where that is not known.

    It is also None where a pool has more there than the validator had active: that is not active yet.
    """

    stake: PoolStake
    share: float | None


@dataclass(frozen=True, slots=True)
class WhoStakes:
    """Of one validator, the largest first; `sentences` say what the rows do not."""

    shares: Sequence[PoolShare]
    sentences: Sequence[str]


def stake_pools() -> list[StakePool]:
    """Those that were looked at, the largest first; those that are not there any more come last."""
    looked_at = StakePool.objects.exclude(looked_at=None)
    return list(looked_at.order_by("-is_there", F("total_lamports").desc(nulls_last=True), "address"))


def who_stakes(validator: Validator) -> WhoStakes:
    """Two queries."""
    shares = pool_shares({validator.pk: validator.activated_stake})[validator.pk]
    there: Any = StakePool.objects.filter(is_there=True).exclude(epoch=None)
    looks = list(there.order_by("epoch").values_list("epoch", flat=True))
    return WhoStakes(shares, [one for one in (_pools_said(shares, looks), _stale_said(shares)) if one])


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
    return rows.order_by("-active", "pool__address")


def _share(active: int, activated: int | None) -> float | None:
    return active / activated if activated and active <= activated else None


def _pools_said(shares: Sequence[PoolShare], looks: Sequence[int]) -> str:
    if not looks:
        return "No stake pool of this cluster is known yet, so which of them stake with it is not known."
    pools = f"{len(looks)} stake pool{'' if len(looks) == 1 else 's'}"
    epochs = f"epoch {looks[0]}" if looks[0] == looks[-1] else f"epochs {looks[0]} to {looks[-1]}"
    if not shares:
        return f"It is on no list of the {pools} that were looked at in {epochs}; others may stake with it."
    return (
        f"By the pools' own lists of validators, {pools} in {epochs}. What is not theirs is staked by "
        "wallets and by pools that are not looked at."
    )


def _stale_said(shares: Sequence[PoolShare]) -> str:
    if not any(one.stake.is_stale for one in shares):
        return ""
    return (
        "A pool reckons its stakes anew some time into each epoch; what is older is of the epoch beside it."
    )
