"""The past of the simulated cluster as a history file: a line per vote account and ended epoch.

It says what somebody would have noted who looked a few times in every epoch and asked for the
blocks of each once it had ended.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from validators.simulator import gossip
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment, first_slot_of
from validators.simulator.cluster import Cluster, ValidatorOutlook
from validators.simulator.commission import BPS_PER_PERCENT, commission_at
from validators.simulator.leaders import Production
from validators.simulator.ledger import Ledger, page_of
from validators.simulator.methods import DELINQUENT_SLOTS
from validators.simulator.production import production_by_identity
from validators.simulator.tenants import identity_of

COLUMNS = (
    *("epoch", "vote_account", "identity", "activated_stake"),
    *("commission_first", "commission_last", "commission_min", "commission_max"),
    *("version", "snapshots", "delinquent_snapshots"),
    *("credits", "cumulative_credits_at_start", "skip_rate_percent"),
    *("credits_unit", "leader_slots", "blocks_produced"),
)
LINE_END = "\r\n"
SNAPSHOTS = 4
_SKIP_RATE_DECIMALS = 10


@dataclass(frozen=True, slots=True)
class _EndedEpoch:
    """What all lines of an epoch share."""

    cluster: Cluster
    epoch: int
    production: dict[str, Production]
    versions: dict[str, str]


def history_lines(cluster: Cluster, epochs: range) -> Iterator[str]:
    """The header and the lines of whole epochs, oldest first, each with its line end."""
    yield ",".join(COLUMNS) + LINE_END
    for epoch in epochs:
        first = first_slot_of(epoch)
        outlooks = cluster.outlooks(epoch)
        ended = _EndedEpoch(
            cluster,
            epoch,
            production_by_identity(cluster.field, first=first, last=first + SLOTS_PER_EPOCH - 1),
            _versions(cluster, outlooks),
        )
        rows = zip(outlooks, cluster.ledgers(epoch), strict=True)
        for outlook, ledger in sorted(rows, key=lambda row: row[0].tenant.vote_account):
            if outlook.tenant.born <= epoch:
                yield ",".join(_fields(ended, outlook, ledger)) + LINE_END


def _versions(cluster: Cluster, outlooks: tuple[ValidatorOutlook, ...]) -> dict[str, str]:
    """By identity, of its first entry in gossip."""
    nodes = gossip.nodes(cluster.seed, outlooks)
    return {node.identity: node.version or "unknown" for node in reversed(nodes)}


def _fields(ended: _EndedEpoch, outlook: ValidatorOutlook, ledger: Ledger) -> list[str]:
    moments = [
        Moment(ended.epoch, SLOTS_PER_EPOCH * (2 * place + 1) // (2 * SNAPSHOTS))
        for place in range(SNAPSHOTS)
    ]
    percents = [
        -(-commission_at(outlook.commission, moment.slot_index) // BPS_PER_PERCENT) for moment in moments
    ]
    delinquent = sum(
        moment.absolute_slot - ended.cluster.last_vote(outlook, moment) >= DELINQUENT_SLOTS
        for moment in moments
    )
    credits, unit = _credits(ended, outlook)
    produced = _production(ended, outlook)
    return [
        *(str(ended.epoch), outlook.tenant.vote_account, outlook.identity, str(outlook.activated_stake)),
        *map(str, (percents[0], percents[-1], min(percents), max(percents))),
        *(ended.versions.get(outlook.identity, "unknown"), str(SNAPSHOTS), str(delinquent)),
        *(credits, str(ledger.votes + ledger.lamports), _skip_rate(produced)),
        *(unit, str(produced.leader_slots), str(produced.blocks_produced)),
    ]


def _credits(ended: _EndedEpoch, outlook: ValidatorOutlook) -> tuple[str, str]:
    """What was earned and in which unit; the migration epoch has both units, and so no one number."""
    cluster = ended.cluster
    page = page_of(cluster.world, cluster.field, outlook.seat, outlook.tenant, ended.epoch)
    split = cluster.world.alpenglow_epoch
    if split is None or ended.epoch < split:
        return str(page.votes), "vote_credits"
    return ("" if ended.epoch == split else str(page.lamports)), "lamports"


def _production(ended: _EndedEpoch, outlook: ValidatorOutlook) -> Production:
    """Under the identity of the epoch and, as the schedule was made then, under that of the epoch before."""
    earlier = identity_of(outlook.seat, outlook.tenant, ended.epoch - 1)
    made = [
        ended.production[identity]
        for identity in dict.fromkeys((outlook.identity, earlier))
        if identity in ended.production
    ]
    return Production(sum(one.leader_slots for one in made), sum(one.blocks_produced for one in made))


def _skip_rate(produced: Production) -> str:
    """Percent of the leader slots without a block; empty when it led none."""
    if not produced.leader_slots:
        return ""
    percent = 100 * (1 - produced.blocks_produced / produced.leader_slots)
    digits = f"{percent:.{_SKIP_RATE_DECIMALS}f}".rstrip("0")
    return f"{digits}0" if digits.endswith(".") else digits
