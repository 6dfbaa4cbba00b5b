"""The stored epochs of the cluster, and how old each source is."""

from collections.abc import Sequence

from validators.models import ChainState, ClusterEpoch, SourceState
from validators.models.by_bytes import ByBytes


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


def chain_state() -> ChainState | None:
    """What the chain last said of itself; None before it was asked."""
    return ChainState.objects.first()


def sources() -> list[SourceState]:
    return list(SourceState.objects.order_by(ByBytes("source")))
