"""The stored epochs of the cluster, and how old each source is."""

from collections.abc import Sequence

from validators.models import ClusterEpoch, SourceState, ValidatorEpoch
from validators.solana.arithmetic import CreditsUnit


def cluster_epochs(
    of: Sequence[int] | None = None, *, before: int | None = None, limit: int | None = None
) -> list[ClusterEpoch]:
    """Newest first: all, those of these numbers, or those before a number."""
    found = ClusterEpoch.objects.order_by("-epoch")
    if of is not None:
        found = found.filter(epoch__in=of)
    if before is not None:
        found = found.filter(epoch__lt=before)
    return list(found[:limit])


def newest_cluster_epoch() -> ClusterEpoch | None:
    return ClusterEpoch.objects.order_by("-epoch").first()


def sources() -> list[SourceState]:
    return list(SourceState.objects.order_by("source"))


def performance_in(row: ValidatorEpoch, cluster: ClusterEpoch | None) -> float | None:
    """Credits ÷ the cluster's stake-weighted mean; of lamports, those earned for each lamport of stake."""
    if cluster is None or not cluster.mean_credits or row.credits is None:
        return None
    if row.credits_unit != cluster.credits_unit:
        return None
    if row.credits_unit != CreditsUnit.LAMPORTS:
        return row.credits / cluster.mean_credits
    return row.credits / row.activated_stake / cluster.mean_credits if row.activated_stake else None
