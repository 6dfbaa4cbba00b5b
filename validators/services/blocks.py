"""Writing down whose the blocks of an epoch were: the chain counts by identity, we keep by vote account."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from django.db.models import Q

from validators.models import BlocksBasis, ClusterEpoch, IdentityChange, ValidatorEpoch
from validators.services import bulk
from validators.services.performances import stakes_in
from validators.solana.arithmetic import CreditsUnit
from validators.solana.production import Leader

# The leader schedule is fixed in advance: an identity given up goes on leading for so many epochs.
EPOCHS_OF_AN_OLD_IDENTITY: Final = 2
# What stands there already is kept against what is worth less.
_WORTH: Final = {"": 0, BlocksBasis.PARTIAL: 1, BlocksBasis.SCHEDULE: 2, BlocksBasis.FINAL: 3}
_FIELDS: Final = ("leader_slots", "blocks_produced", "skip_rate", "blocks_basis")


def record_blocks(epoch: int, leaders: Mapping[str, Leader], *, basis: BlocksBasis, slots: int) -> int | None:
    """Store leader slots and blocks of an epoch, counted in so many slots of it. Call inside a transaction.

    Returns how many rows changed; None, and changes nothing, where more is known of that epoch already.
    """
    cluster = ClusterEpoch.objects.filter(epoch=epoch).first()
    if cluster is None:
        # The unit is a guess until votes of the epoch are seen.
        cluster = ClusterEpoch(epoch=epoch, credits_unit=CreditsUnit.VOTE_CREDITS.value, blocks_basis="")
    led = sum(leader.leader_slots for leader in leaders.values())
    if _tells_less(cluster, basis, slots, led):
        return None
    cluster.leader_slots = led
    cluster.blocks_produced = sum(leader.blocks_produced for leader in leaders.values())
    cluster.blocks_basis, cluster.blocks_slots = basis.value, slots
    cluster.save()
    return _write(epoch, leaders, basis)


def sole_makers(made: Iterable[tuple[int, int, str]]) -> set[tuple[int, int]]:
    """Of (validator's key, epoch, identity) those whose identity made the blocks for no other account."""
    of: dict[tuple[str, int], list[int]] = {}
    for key, epoch, identity in made:
        of.setdefault((identity or str(key), epoch), []).append(key)
    return {(keys[0], epoch) for (_, epoch), keys in of.items() if len(keys) == 1}


def counted_in_part(*, running: int, since: int = 0) -> Q | None:
    """The rows of ended epochs whose blocks were counted in a part of them; None where there are none."""
    partial = ClusterEpoch.objects.filter(
        epoch__gte=since, epoch__lt=running, blocks_basis=BlocksBasis.PARTIAL
    )
    epochs = list(partial.values_list("epoch", flat=True))
    if not epochs:
        return None
    return Q(epoch__in=epochs, blocks_basis__in=[BlocksBasis.PARTIAL.value, BlocksBasis.SHARED.value])


def _tells_less(cluster: ClusterEpoch, basis: BlocksBasis, slots: int, led: int) -> bool:
    """Of a node that is behind: what passed of an epoch only grows, and so do the leader slots in it."""
    worth, stored = _WORTH[basis], _WORTH[cluster.blocks_basis]
    if worth != stored:
        return worth < stored
    return slots < (cluster.blocks_slots or 0) or led < (cluster.leader_slots or 0)


def _write(epoch: int, leaders: Mapping[str, Leader], basis: BlocksBasis) -> int:
    rows = bulk.read_rows(
        ValidatorEpoch.objects.filter(epoch=epoch).values_list("pk", "validator_id", *_FIELDS)
    )
    identities = _identities(epoch)
    owners = _owners(identities, epoch)
    changed = []
    for pk, key, *stored in rows:
        numbers = _numbers(identities.get(key, frozenset()), leaders, basis, owners)
        if numbers is not None and list(numbers) != stored:
            changed.append((*numbers, pk))
    bulk.update_rows(ValidatorEpoch, fields=_FIELDS, rows=changed, constants={})
    return len(changed)


def _numbers(
    identities: frozenset[str], leaders: Mapping[str, Leader], basis: BlocksBasis, owners: Mapping[str, int]
) -> tuple[int | None, int | None, float | None, str] | None:
    """In the order of _FIELDS; None where there is nothing to say.

    Who is missing among the leaders of a whole epoch led no slot of it; in a part of one that is not told.
    """
    led = [leaders[identity] for identity in identities if identity in leaders]
    if not identities or (not led and basis == BlocksBasis.PARTIAL):
        return None
    slots, blocks = sum(one.leader_slots for one in led), sum(one.blocks_produced for one in led)
    skip_rate = 1 - blocks / slots if slots else None
    shared = any(owners[identity] > 1 for identity in identities)
    return slots, blocks, skip_rate, (BlocksBasis.SHARED if shared else basis).value


def _identities(epoch: int) -> dict[int, frozenset[str]]:
    """Every identity that an account led under in an epoch: those it had then, and just before."""
    first = epoch - EPOCHS_OF_AN_OLD_IDENTITY
    found: defaultdict[int, set[str]] = defaultdict(set)
    rows = ValidatorEpoch.objects.filter(epoch__range=(first, epoch)).exclude(identity="")
    for key, identity in bulk.read_rows(rows.values_list("validator_id", "identity").distinct()):
        found[key].add(identity)
    changes = IdentityChange.objects.filter(epoch__range=(first, epoch))
    for key, *both in bulk.read_rows(changes.values_list("validator_id", "from_identity", "to_identity")):
        found[key].update(both)
    return {key: frozenset(identities) for key, identities in found.items()}


def _owners(identities: Mapping[int, frozenset[str]], epoch: int) -> Counter[str]:
    """How many accounts that may have led in an epoch had each identity; without stake nobody leads."""
    before, now = stakes_in(epoch - 1), stakes_in(epoch)
    # Where the stake of the epoch before is unknown, that of the epoch stands in; unknown too, it may lead.
    led = (ids for key, ids in identities.items() if before.get(key, now.get(key)) != 0)
    return Counter(identity for ids in led for identity in ids)
