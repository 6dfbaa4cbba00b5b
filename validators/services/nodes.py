"""Storing what each validator's node runs, and where it is."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.utils import timezone

from validators.exceptions import ImplausibleError
from validators.figures import number_or_none, percent
from validators.models import ClusterEpoch, Fetch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.attempts import attempt, newest_fetch
from validators.services.concentrations import record_concentrations
from validators.services.events import Kind, News, record_events
from validators.services.operators import Marking, compared_operators, evidence_marks, mark_operators
from validators.services.places import Places, places_of, record_places
from validators.services.sources import Source, record_success
from validators.solana.nodes import METHOD, Node, ask_nodes
from validators.solana.records import Records
from validators.solana.standing import Software, Stake, Standing, standing_of

# A validator or two may be missing in gossip, not half of them.
LEAST_STAKE_KNOWN: Final = 0.5
# A node that told no version for longer than so many epochs begins anew, and where it is is not known.
EPOCHS_REMEMBERED: Final = 10


class ToldSoftware(NamedTuple):
    """What gossip says that a node runs, and the epoch in which it last said a version."""

    version: str
    client: str
    version_epoch: int | None


class Where(NamedTuple):
    """Where gossip says that a node is, the epoch in which it last said so, and what that place is."""

    address: str
    address_epoch: int | None
    network: str = ""
    network_name: str = ""
    country: str = ""


_FIELDS: Final = (*ToldSoftware._fields, "version_current", *Where._fields)


@dataclass(frozen=True, slots=True)
class ComparedNodes:
    """What gossip says beside what was stored: `changed` are rows of `_FIELDS` and the key.

    `known` is how many validators it tells of; `moves` what each node was said to run before, and is now.
    """

    places: Places
    known: int
    changed: bulk.Rows
    moves: Sequence[tuple[int, ToldSoftware, ToldSoftware]]
    standing: Standing
    operators: Marking


def fetch_nodes() -> dict[str, Any]:
    """Ask what the nodes run, and where, and store it by vote account.

    Who is not in gossip keeps what was known.
    """
    newest = newest_fetch()
    stakes = Validator.objects.present().values_list("identity", "activated_stake", "version")
    present: Counter[str] = Counter()
    versioned: Counter[str] = Counter()
    for identity, stake, version in bulk.read_rows(stakes):
        present[identity] += stake
        versioned[identity] += stake if version else 0
    return attempt(
        Source.NODES,
        newest=newest,
        ask=ask_nodes,
        judge=lambda endpoint, nodes: _judged(endpoint, nodes, present, versioned, newest),
        store=lambda nodes, found: _store(nodes, newest, found),
    )


def _judged(
    endpoint: str,
    nodes: Records[Node],
    present: Mapping[str, int],
    versioned: Mapping[str, int],
    newest: Fetch,
) -> ComparedNodes:
    """Looked up and compared here: the database is not locked while a large file is read."""
    _judge(endpoint, nodes, present, versioned)
    places = places_of(node.address for node in nodes.good if node.identity in present)
    return _compared(nodes, newest, places)


def _judge(
    endpoint: str, nodes: Records[Node], present: Mapping[str, int], versioned: Mapping[str, int]
) -> None:
    """Raises an ImplausibleError where the nodes of most of the stake are missing, or their versions."""
    known = [node.identity for node in nodes.good if node.identity in present]
    share = sum(present[identity] for identity in known) / (sum(present.values()) or 1)
    if not known or (share < LEAST_STAKE_KNOWN and any(present.values())):
        cause = (
            f"{number_or_none(len(known))} of its {len(nodes.good):,} nodes are known validators, with "
            f"{percent(share, 0)} of the stake, so it looks like another cluster"
        )
        raise ImplausibleError(endpoint, METHOD, cause)
    silent = sum(versioned.get(node.identity, 0) for node in nodes.good if not node.version)
    if silent > LEAST_STAKE_KNOWN * sum(versioned.values()):
        # One node may fall silent; when most do, it is the one who answers, and what was known stands.
        lost = percent(silent / sum(versioned.values()), 0)
        cause = f"it tells no version of {lost} of the stake whose versions were known"
        raise ImplausibleError(endpoint, METHOD, cause)


def _compared(nodes: Records[Node], newest: Fetch, places: Places) -> ComparedNodes:
    """Also inside the transaction that stores it; then others wait for as long."""
    by_identity, marks = {node.identity: node for node in nodes.good}, evidence_marks()
    columns = ("pk", "vote_account", "identity", "activated_stake", *_FIELDS)
    validators = bulk.read_rows(Validator.objects.present().values_list(*columns))
    told, where = dict[str, ToldSoftware](), dict[str, Where]()
    for _, account, identity, _, *known in validators:
        node = by_identity.get(identity)
        told[account] = _told(node, ToldSoftware(*known[:3]), newest.epoch)
        where[account] = _where(node, Where(*known[4:]), newest.epoch, places)
    standing = standing_of(
        Stake(account, stake, Software(*told[account][:2])) for _, account, _, stake, *_ in validators
    )
    return ComparedNodes(
        places=places,
        known=sum(identity in by_identity for _, _, identity, *_ in validators),
        changed=[
            (*now, key)
            for key, account, _, _, *known in validators
            if (now := (*told[account], standing.current[account], *where[account])) != tuple(known)
        ],
        moves=[(key, ToldSoftware(*known[:3]), told[account]) for key, account, _, _, *known in validators],
        standing=standing,
        operators=compared_operators(
            marks, "address", {account: (place.address,) for account, place in where.items()}
        ),
    )


def _store(nodes: Records[Node], newest: Fetch, found: ComparedNodes) -> dict[str, Any]:
    bulk.serialize_writers()
    if not found.operators.is_current:
        found = _compared(nodes, newest, found.places)
    bulk.update_rows(Validator, fields=_FIELDS, rows=found.changed, constants={})
    if found.changed:
        # The page of the cluster need not wait for the next fetch of votes.
        ClusterEpoch.objects.filter(epoch=newest.epoch).update(
            stake_by_client=dict(found.standing.by_client), stake_by_version=dict(found.standing.by_version)
        )
    now = timezone.now()
    _store_what_follows(found, newest.epoch, at=now)
    record_success(Source.NODES, endpoint=nodes.endpoint, rejected=nodes.rejected, at=now)
    record_events(_version_news(found.moves, newest.epoch), epoch=newest.epoch, at=now)
    return {
        "endpoint": nodes.endpoint,
        "nodes": len(nodes.good),
        "validators": found.known,
        "changed": len(found.changed),
        "rejected": len(nodes.rejected),
        **({"asn_database": found.places.problem} if found.places.problem else {}),
    }


def _store_what_follows(found: ComparedNodes, epoch: int, *, at: datetime) -> None:
    """From where everybody is: who runs whom, and how stake is spread."""
    record_places(found.places, at=at)
    mark_operators(found.operators)
    record_concentrations(epoch=epoch, has_database=bool(found.places.mark), at=at)


def _where(node: Node | None, known: Where, epoch: int, places: Places) -> Where:
    """A node that gossip does not tell of is still where it was, for some epochs."""
    if node is not None and node.address and places.covers(node.address):
        place = places.place(node.address)
        return Where(node.address, epoch, place.network, place.name, place.country)
    if known.address_epoch is None or epoch > known.address_epoch + EPOCHS_REMEMBERED:
        return Where("", None)
    place = places.place(known.address)
    return Where(known.address, known.address_epoch, place.network, place.name, place.country)


def _told(node: Node | None, known: ToldSoftware, epoch: int) -> ToldSoftware:
    """A node that does not say its version still runs what it said it does, for an epoch."""
    if node is None:
        return known
    if node.version:
        return ToldSoftware(node.version, node.client, epoch)
    is_fresh = known.version and known.version_epoch is not None and epoch <= known.version_epoch + 1
    return known if is_fresh else ToldSoftware(node.version, node.client, None)


def _version_news(moves: Iterable[tuple[int, ToldSoftware, ToldSoftware]], epoch: int) -> list[News]:
    """By key, what a node was said to run before and is now: told where both are known and not the same."""
    changed = [
        (key, before, after)
        for key, before, after in moves
        if after.version and before.version != after.version
    ]
    silent = [key for key, before, _ in changed if not before.version]
    remembered = _remembered(silent, epoch) if silent else {}
    pairs = ((key, remembered.get(key, before), after) for key, before, after in changed)
    return [
        News(
            Kind.VERSION,
            key,
            {"from": old.version, "to": new.version, "from_client": old.client, "to_client": new.client},
        )
        for key, old, new in pairs
        if old.version not in ("", new.version)
    ]


def _remembered(keys: Iterable[int], epoch: int) -> dict[int, ToldSoftware]:
    """What nodes that told no version of late ran before, as their epochs tell."""
    wanted = set(keys)
    rows = ValidatorEpoch.objects.filter(epoch__gte=epoch - EPOCHS_REMEMBERED).exclude(version="")
    columns = ("validator_id", "version", "client", "epoch")
    found = bulk.read_rows(rows.order_by("epoch").values_list(*columns))
    return {key: ToldSoftware(*told) for key, *told in found if key in wanted}
