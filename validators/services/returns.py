"""What stakers earned in each ended epoch, and what that is in a year."""

from collections.abc import Iterable, Mapping, Sequence

from validators.models import ClusterEpoch, CommissionSource, ValidatorEpoch
from validators.services import bulk
from validators.services.performances import JUDGED, EpochRow, epoch_rows, performances
from validators.services.yields import refresh_yields
from validators.solana.arithmetic import CreditsUnit
from validators.solana.economics import (
    EPOCHS_UNTIL_COMMISSION_APPLIES,
    alpenglow_return,
    tower_return,
)
from validators.solana.whole_percent import stayed


def refresh_ended(epochs: Iterable[int]) -> bool:
    """Performances and returns of these ended epochs, written at once, and everybody's APY.

    Call inside a transaction. Returns whether any changed.
    """
    clusters = list(ClusterEpoch.objects.filter(epoch__in=list(epochs)).order_by("epoch"))
    changed = [refresh_ended_epoch(cluster) for cluster in clusters]
    if clusters:
        changed.append(refresh_yields())
    return any(changed)


def refresh_ended_epoch(cluster: ClusterEpoch) -> bool:
    """Of one ended epoch both, without the APY. Call inside a transaction; returns whether any changed.

    Written by the epoch: for several at once PostgreSQL would rather read the whole table.
    """
    rows = epoch_rows(cluster.epoch)
    judged, returned = performances(cluster, rows, ended=True), _returns(cluster, rows)
    changed = [
        (*judged[key][0], value, key) for key, (value, is_new) in returned.items() if is_new or judged[key][1]
    ]
    bulk.update_rows(ValidatorEpoch, fields=(*JUDGED, "estimated_return"), rows=changed, constants={})
    return bool(changed)


def _returns(cluster: ClusterEpoch, rows: Sequence[EpochRow]) -> dict[int, tuple[float | None, bool]]:
    """By the keys of its rows what each earned for its stakers, and whether that is new."""
    rewards, points = tower_rewards(cluster)
    lamports = cluster.credits_unit == CreditsUnit.LAMPORTS
    if not lamports and (rewards is None or not points):
        # As of epochs that only a file tells of: nothing is known of anybody, whatever the commission.
        return {row.pk: (None, row.estimated_return is not None) for row in rows}
    commissions = _applied_commissions(cluster.epoch)
    # The migration epoch paid in two ways, of which each number tells one part.
    whole = all(row.credits_before_split is None for row in rows)
    returned = {}
    for row in rows:
        is_told = whole and row.credits_final and row.credits_unit == cluster.credits_unit
        earned, bps = row.credits if is_told else None, commissions.get(row.validator_id)
        value = (
            alpenglow_return(commission_bps=bps, lamports=earned, stake=row.activated_stake)
            if lamports
            else tower_return(commission_bps=bps, rewards=rewards, credits=earned, points=points)
        )
        returned[row.pk] = (value, value != row.estimated_return)
    return returned


def tower_rewards(cluster: ClusterEpoch) -> tuple[float | None, float | None]:
    """Lamports for all stakers of a Tower epoch and its points: as recorded, else by inflation."""
    points = cluster.credit_stake_sum if cluster.credits_final else None
    return cluster.recorded_rewards or (cluster.inflation_rewards, points)


def _applied_commissions(epoch: int) -> Mapping[int, int]:
    """The commission in basis points that the epoch's rewards were shared by, where it is known.

    That is the one at the end of the epoch two before. Where the first look of the epoch after that saw
    another one, it may have been changed on either side of the boundary, so it is unknown.
    """
    ended = _commissions(epoch - EPOCHS_UNTIL_COMMISSION_APPLIES, "commission_last_bps")
    began = _commissions(epoch - EPOCHS_UNTIL_COMMISSION_APPLIES + 1, "commission_first_bps")
    found = {}
    for key, (bps, is_whole) in ended.items():
        after_bps, after_is_whole = began.get(key, (bps, is_whole))
        if stayed(bps, after_bps, before_is_whole=is_whole, after_is_whole=after_is_whole):
            found[key] = after_bps if is_whole else bps
    return found


def _commissions(epoch: int, column: str) -> dict[int, tuple[int, bool]]:
    """The known ones of an epoch by validator's key, in basis points, and whether only in whole percent."""
    rows = ValidatorEpoch.objects.filter(epoch=epoch, **{f"{column}__isnull": False})
    return {
        key: (bps, source == CommissionSource.IMPORTED)
        for key, bps, source in bulk.read_rows(rows.values_list("validator_id", column, "commission_source"))
    }
