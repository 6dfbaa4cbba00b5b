"""A patch release in the simulated cluster: who was restarted runs it, for good, and nobody else does."""

from dataclasses import replace

from validators.simulator import gossip
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.cluster import Cluster
from validators.simulator.world import MAINNET_TODAY

EPOCH = MAINNET_TODAY.first_epoch


def versions(cluster: Cluster, moment: Moment) -> dict[str, str | None]:
    outlooks = cluster.outlooks(moment.epoch)
    restarted = gossip.restarted(cluster.world, outlooks, moment)
    return {node.identity: node.version for node in gossip.nodes(cluster.seed, outlooks, restarted=restarted)}


def test_a_node_runs_the_patch_from_its_restart_on_and_stays_there() -> None:
    cluster = Cluster(seed=7, count=150, world=replace(MAINNET_TODAY, patch_epoch=EPOCH))
    without = Cluster(seed=7, count=150, world=MAINNET_TODAY)
    moments = [
        Moment(epoch, slot) for epoch in range(EPOCH - 1, EPOCH + 40) for slot in (0, SLOTS_PER_EPOCH // 2)
    ]
    seen = [versions(cluster, moment) for moment in moments]

    assert seen[:3] == [versions(without, moment) for moment in moments[:3]]
    upgrades = 0
    for before, after, moment in zip(seen, seen[1:], moments[1:], strict=False):
        back = {one.identity for one in cluster.outlooks(moment.epoch) if one.shift.is_ever_away}
        back |= {one.identity for one in cluster.outlooks(moment.epoch - 1) if one.shift.is_ever_away}
        for identity in before.keys() & after.keys():
            if before[identity] != after[identity]:
                upgrades += 1
                assert (before[identity], after[identity]) != ("4.2.2", "4.2.1")
                assert identity in back
    assert upgrades > 20
