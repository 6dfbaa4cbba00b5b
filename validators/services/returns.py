"""What stakers earned in each ended epoch, and what that is in a year."""

from collections.abc import Iterable, Mapping
from typing import Any

from validators.models import ClusterEpoch, ValidatorEpoch
from validators.services import bulk
from validators.services.performances import JUDGED, performances
from validators.services.yields import refresh_yields
from validators.solana.arithmetic import CreditsUnit
from validators.solana.economics import (
    EPOCHS_UNTIL_COMMISSION_APPLIES,
    alpenglow_return,
    inflation_rewards,
    tower_return,
)


def refresh_returns(epochs: Iterable[int]) -> bool:
    """Work out the returns of these ended epochs, and everybody's APY. Call inside a transaction.

    Returns whether any changed.
    """
    clusters = list(ClusterEpoch.objects.filter(epoch__in=list(epochs)).order_by("epoch"))
    changed = [_refresh_epoch(cluster) for cluster in clusters]
    if clusters:
        changed.append(refresh_yields())
    return any(changed)


def refresh_ended(epochs: Iterable[int]) -> bool:
    """Performances and returns of these ended epochs, written at once, and everybody's APY.

    Call inside a transaction. Returns whether any changed.
    """
    clusters = list(ClusterEpoch.objects.filter(epoch__in=list(epochs)).order_by("epoch"))
    changed = [_refresh_both(cluster) for cluster in clusters]
    if clusters:
        changed.append(refresh_yields())
    return any(changed)


def _refresh_both(cluster: ClusterEpoch) -> bool:
    judged, returned = performances(cluster, ended=True), _returns(cluster)
    rows = [
        (*judged[key][0], value, key) for key, (value, is_new) in returned.items() if is_new or judged[key][1]
    ]
    bulk.update_rows(ValidatorEpoch, fields=(*JUDGED, "estimated_return"), rows=rows, constants={})
    return bool(rows)


def _refresh_epoch(cluster: ClusterEpoch) -> bool:
    changed = [(value, key) for key, (value, is_new) in _returns(cluster).items() if is_new]
    bulk.update_rows(ValidatorEpoch, fields=("estimated_return",), rows=changed, constants={})
    return bool(changed)


def _returns(cluster: ClusterEpoch) -> dict[int, tuple[float | None, bool]]:
    """By the keys of its rows what each earned for its stakers, and whether that is new."""
    commissions = _applied_commissions(cluster.epoch)
    rows = ValidatorEpoch.objects.filter(epoch=cluster.epoch)
    numbers = ("credits", "credits_final", "credits_unit", "credits_before_split", "activated_stake")
    found = bulk.read_rows(rows.values_list("pk", "validator_id", *numbers, "estimated_return"))
    # The migration epoch paid in two ways, of which each number tells one part.
    whole = all(before_split is None for *_, before_split, _, _ in found)
    returned = {}
    for pk, key, credits, is_final, unit, _, stake, stored in found:
        earned = credits if whole and is_final and unit == cluster.credits_unit else None
        value = _return(cluster, earned, stake, commissions.get(key))
        returned[pk] = (value, value != stored)
    return returned


def _return(cluster: ClusterEpoch, credits: int | None, stake: int | None, bps: int | None) -> float | None:
    if cluster.credits_unit == CreditsUnit.LAMPORTS:
        return alpenglow_return(commission_bps=bps, lamports=credits, stake=stake)
    rewards, points = tower_rewards(cluster)
    return tower_return(commission_bps=bps, rewards=rewards, credits=credits, points=points)


def tower_rewards(cluster: ClusterEpoch) -> tuple[float | None, float | None]:
    """Lamports for all stakers of a Tower epoch and its points: as recorded, else by inflation."""
    if cluster.reward_points and cluster.rewards_total is not None:
        return cluster.rewards_total, float(cluster.reward_points)
    rewards = inflation_rewards(
        total_supply=cluster.total_supply,
        validator_inflation=cluster.inflation_validator,
        slots=cluster.slots,
        slot_ms=cluster.slot_ms,
    )
    return rewards, cluster.credit_stake_sum if cluster.credits_final else None


def _applied_commissions(epoch: int) -> Mapping[int, int]:
    """The commission in basis points that the epoch's rewards were shared by, where it is known.

    That is the one at the end of the epoch two before. Where the first look of the epoch after that saw
    another one, it may have been changed on either side of the boundary, so it is unknown.
    """
    end = ValidatorEpoch.objects.filter(
        epoch=epoch - EPOCHS_UNTIL_COMMISSION_APPLIES, commission_last_bps__isnull=False
    )
    after = ValidatorEpoch.objects.filter(
        epoch=epoch - EPOCHS_UNTIL_COMMISSION_APPLIES + 1, commission_first_bps__isnull=False
    )
    firsts: dict[int, Any] = dict(bulk.read_rows(after.values_list("validator_id", "commission_first_bps")))
    return {
        key: bps
        for key, bps in bulk.read_rows(end.values_list("validator_id", "commission_last_bps"))
        if firsts.get(key, bps) == bps
    }
