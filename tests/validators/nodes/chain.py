"""A simulated cluster whose time is the test's: it stands where the faked wall clock says."""

import time
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.cluster import Cluster
from validators.simulator.methods import call
from validators.simulator.timeline import epoch_seconds, moment_at
from validators.simulator.view import ClusterView
from validators.simulator.world import World

Params = list[Any]


def moment_of(absolute_slot: int) -> Moment:
    return Moment(*divmod(absolute_slot, SLOTS_PER_EPOCH))


@dataclass(frozen=True, slots=True)
class Chain:
    """A cluster seen through the clock that `time.time` reads, which a test fakes and moves."""

    cluster: Cluster

    @property
    def world(self) -> World:
        return self.cluster.world

    def moment(self, *, lag: int = 0) -> Moment:
        """Where the chain stands, or stood so many slots ago."""
        return moment_of(moment_at(time.time(), self.world).absolute_slot - lag)

    def timestamp(self, epoch: int, part: float) -> float:
        """When so much of an epoch has gone by, in a world with one slot time since its first epoch."""
        epochs = epoch + part - self.world.first_epoch
        return self.world.origin.timestamp() + epochs * epoch_seconds(self.world, epoch)

    def says(self, method: str, params: Params, moment: Moment) -> Any:
        """The true answer at a moment; raises the simulator's RpcError."""
        return call(ClusterView(self.cluster, moment), method, params)

    def votes(self, moment: Moment) -> Any:
        return self.says("getVoteAccounts", [{"keepUnstakedDelinquents": True}], moment)


@cache
def simulated_chain(*, seed: int = 7, validators: int = 40, **rules: Any) -> Chain:
    """Tower with 400 ms slots unless the rules of its world say otherwise; kept from test to test."""
    return Chain(Cluster(seed=seed, count=validators, world=replace(World(), **rules)))
