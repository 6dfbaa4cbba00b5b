"""The nodes seen in gossip: where they listen and what they run."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from validators.simulator import draws
from validators.simulator.clients import patched, software_of
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.cluster import ValidatorOutlook
from validators.simulator.hosting import address_of
from validators.simulator.operators import withdrawing_operator
from validators.simulator.work import SHIFTS_PER_ROSTER, Shift
from validators.simulator.world import World

SHRED_VERSION = 50_093
FEATURE_SET = 3_345_198_602

# Nodes that serve RPC and do not vote, for each validator. Mainnet has more than four.
_NODES_WITHOUT_VOTES_PER_VALIDATOR = 0.5
# One validator in so many is unknown to gossip, and as many appear twice.
_VALIDATORS_PER_ABSENT_ONE = 60
_VALIDATORS_PER_DOUBLED_ONE = 150


@dataclass(frozen=True, slots=True)
class Node:
    """One gossip entry. `address` is IPv4, `first_port` the lowest of the ports it uses."""

    identity: str
    address: str
    first_port: int
    version: str | None
    client: str | None
    serves_rpc: bool


def restarted(world: World, outlooks: Iterable[ValidatorOutlook], moment: Moment) -> frozenset[str]:
    """The identities whose nodes came back with the world's patch release, which they were stopped for."""
    since = world.patch_epoch
    if since is None:
        return frozenset()
    return frozenset(
        outlook.identity for outlook in outlooks if _was_restarted(outlook, since=since, moment=moment)
    )


def _was_restarted(outlook: ValidatorOutlook, *, since: int, moment: Moment) -> bool:
    """Within a roster each shift comes once, so that no more epochs than it has need be looked at."""
    tenant = outlook.tenant
    ended = range(max(since, tenant.born, moment.epoch - SHIFTS_PER_ROSTER), moment.epoch)
    if since <= moment.epoch and _came_back(outlook.shift, by=moment.slot_index):
        return True
    return any(_came_back(tenant.shift(epoch), by=SLOTS_PER_EPOCH) for epoch in ended)


def _came_back(shift: Shift, *, by: int) -> bool:
    return shift.is_ever_away and shift.away_until < SLOTS_PER_EPOCH and shift.away_until <= by


def nodes(
    seed: int, outlooks: Iterable[ValidatorOutlook], *, restarted: Collection[str] = frozenset()
) -> list[Node]:
    """Validators, a few missing and a few twice, and the nodes that do not vote."""
    hosts = {outlook.identity: withdrawing_operator(outlook.seat) for outlook in outlooks}
    identities = list(hosts)
    found = [
        _node(identity, copy, hosts[identity], serves_rpc=False, was_restarted=identity in restarted)
        for identity in identities
        for copy in range(_appearances(identity))
    ]
    others = int(len(identities) * _NODES_WITHOUT_VOTES_PER_VALIDATOR)
    names = (draws.public_key(seed, "node", index) for index in range(others))
    return found + [_node(name, 0, None, serves_rpc=True, was_restarted=False) for name in names]


def _appearances(identity: str) -> int:
    drawn = draws.number(identity, "gossip")
    if drawn % _VALIDATORS_PER_ABSENT_ONE == 0:
        return 0
    return 2 if drawn % _VALIDATORS_PER_DOUBLED_ONE == 1 else 1


def _node(identity: str, copy: int, operator: str | None, *, serves_rpc: bool, was_restarted: bool) -> Node:
    drawn = draws.number(identity, "address", copy)
    version, client = software_of(identity)
    return Node(
        identity=identity,
        address=address_of(identity, copy, operator=operator),
        first_port=8_000 + drawn % 20 * 100,
        version=patched(version) if was_restarted else version,
        client=client,
        serves_rpc=serves_rpc,
    )
