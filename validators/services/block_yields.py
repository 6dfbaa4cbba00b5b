"""What block revenue adds to a delegator's year where the chain itself hands it on (SIMD-0123)."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from validators.models import ClusterEpoch, VoteState
from validators.services import bulk
from validators.solana.arithmetic import ALL_BPS
from validators.solana.economics import EpochReturn, added_apy

# With less of an epoch behind it, what waits in an account says little of the whole.
LEAST_SHARE: Final = 0.05


class _Waiting(NamedTuple):
    """What a vote account held for its delegators at a look."""

    key: int
    stake: int
    commission_bps: int
    pending: int
    epoch: int
    slot: int


def block_yields() -> dict[int, float]:
    """By validator's key, an estimate by what waits in its vote account, as if the epoch went on so.

    Nothing of who keeps all, nor of anybody while nothing waits anywhere: then the chain does not hand on
    yet. One whose account was not read, or too early in an epoch, is left out.
    """
    columns = ("validator_id", "validator__activated_stake", "block_commission_bps", "pending_rewards")
    rows = bulk.read_rows(VoteState.objects.values_list(*columns, "epoch", "slot"))
    waiting = list(map(_Waiting._make, rows))
    is_on = any(one.pending for one in waiting)
    looked = ClusterEpoch.objects.filter(epoch__in={one.epoch for one in waiting})
    clusters = {cluster.epoch: cluster for cluster in looked}
    found = {
        one.key: _added(one, clusters) if is_on and one.commission_bps < ALL_BPS else 0.0 for one in waiting
    }
    return {key: added for key, added in found.items() if added is not None}


def _added(one: _Waiting, clusters: Mapping[int, ClusterEpoch]) -> float | None:
    cluster = clusters.get(one.epoch)
    if cluster is None or cluster.first_slot is None or not cluster.slots or not one.stake:
        return None
    share, seconds = (one.slot - cluster.first_slot) / cluster.slots, cluster.seconds
    if share < LEAST_SHARE or seconds is None:
        return None
    return added_apy([EpochReturn(one.pending / share / one.stake, seconds)])
