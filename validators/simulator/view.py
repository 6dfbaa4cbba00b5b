"""The cluster as a JSON-RPC method sees it."""

from dataclasses import dataclass
from typing import Any

from validators.simulator import params
from validators.simulator.clock import Moment
from validators.simulator.cluster import Cluster

Params = list[Any]


@dataclass(frozen=True, slots=True)
class ClusterView:
    """The cluster at one moment."""

    cluster: Cluster
    moment: Moment


def options_of(view: ClusterView, parameters: Params, place: int = 0) -> dict[str, Any]:
    """The options object of a request, checked for what every method takes."""
    return params.options_at(parameters, place, slot=view.moment.absolute_slot)
