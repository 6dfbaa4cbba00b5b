"""The stored epochs of the cluster, and how old each source is."""

from validators.models import ChainState, ClusterEpoch, SourceState
from validators.monitoring.sources import states


def cluster_epochs(*, running: int | None, before: int | None = None, limit: int) -> list[ClusterEpoch]:
    """Newest first; those before a number where one is given.

    `running` is the epoch of the newest fetch, None before the first: while no fetch is stored, other sources
    write down numbers of the epoch after it already, of which neither stake nor votes are known.
    """
    found = ClusterEpoch.objects.order_by("-epoch")
    if running is not None:
        found = found.filter(epoch__lte=running)
    if before is not None:
        found = found.filter(epoch__lt=before)
    return list(found[:limit])


def chain_state() -> ChainState | None:
    """What the chain last said of itself; None before it was asked."""
    return ChainState.objects.first()


def sources() -> list[SourceState]:
    """Of every source, by name; also of those never asked, which are a gap of ours."""
    return sorted(states(), key=lambda state: state.source)
