"""The accounts of the chain itself: features that changed its rules, and sysvars."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from validators.simulator import draws
from validators.simulator.admission import is_admitted
from validators.simulator.clock import Moment, block_height, first_slot_of
from validators.simulator.cluster import Cluster
from validators.simulator.economy import epoch_pool
from validators.simulator.ledger import page_of
from validators.simulator.world import SLOT_TIME_FEATURES, World

FEATURE_PROGRAM = "Feature111111111111111111111111111111111111"
ALPENGLOW_FEATURE = "A1pengvuM6JEcyNuTnMqepBKhwHE3N6PmUrdATGawhJS"
VAT_FEATURE = "VAT9huvhPjRN9cyrPytq9rwvEJ3J4ADtjdncgZRyANJ"
SYSVAR_OWNER = "Sysvar1111111111111111111111111111111111111"
CLOCK = "SysvarC1ock11111111111111111111111111111111"
EPOCH_REWARDS = "SysvarEpochRewards1111111111111111111111111"
STAKE_HISTORY = "SysvarStakeHistory1111111111111111111111111"

# The chain keeps up to 512; so many cover what any score looks at, and cost a second less.
_EPOCHS_OF_STAKE_HISTORY = 64
# Rewards are paid out over some blocks at the start of the next epoch.
_PARTITIONS = 243


@dataclass(frozen=True, slots=True)
class Rewards:
    """What the chain says of an ended epoch: points are vote credits times lamports of stake."""

    points: int
    lamports: int


def is_feature(address: str) -> bool:
    return address in (ALPENGLOW_FEATURE, VAT_FEATURE, *SLOT_TIME_FEATURES.values())


def features(world: World, moment: Moment) -> dict[str, bytes]:
    """By address the feature accounts that exist: on, or waiting for the next boundary."""
    # A slot time, and who is let in, are in effect in the epoch after the one they were switched on in.
    switched = [(SLOT_TIME_FEATURES[ms], since - 1) for since, ms in world.slot_times]
    if world.vat_epoch is not None:
        switched.append((VAT_FEATURE, world.vat_epoch - 1))
    if world.alpenglow_epoch is not None:
        switched.append((ALPENGLOW_FEATURE, world.alpenglow_epoch))
    found = {}
    for address, epoch in switched:
        if moment.epoch >= epoch:
            found[address] = struct.pack("<BQ", 1, first_slot_of(epoch))
        elif moment.epoch == epoch - 1:
            found[address] = bytes(9)
    return found


def clock(world: World, moment: Moment) -> tuple[bytes, dict[str, object]]:
    started = world.chain_time(Moment(moment.epoch, 0))
    now = world.chain_time(moment)
    raw = struct.pack("<QqQQq", moment.absolute_slot, started, moment.epoch, moment.epoch + 1, now)
    return raw, {
        "slot": moment.absolute_slot,
        "epochStartTimestamp": started,
        "epoch": moment.epoch,
        "leaderScheduleEpoch": moment.epoch + 1,
        "unixTimestamp": now,
    }


def rewards_of(cluster: Cluster, epoch: int) -> Rewards:
    """Of a whole epoch; there are no points in an epoch that paid lamports."""
    world, field = cluster.world, cluster.field
    if world.alpenglow_epoch is not None and epoch >= world.alpenglow_epoch:
        return Rewards(0, sum(payment.lamports for payment in field.paid(epoch)))
    points = 0
    for seat in cluster.seats:
        tenant = field.tenant(seat, epoch)
        # Who is not let in brings its stakers nothing; weight of its own it needs none.
        if is_admitted(world, seat, epoch):
            points += page_of(world, field, seat, tenant, epoch).votes * field.stake(seat, epoch)
    return Rewards(points, epoch_pool(world, epoch))


def epoch_rewards(cluster: Cluster, moment: Moment) -> tuple[bytes, dict[str, object]]:
    """Of the epoch before the running one."""
    rewards = rewards_of(cluster, moment.epoch - 1)
    height = block_height(first_slot_of(moment.epoch))
    blockhash = draws.public_key(cluster.seed, "blockhash", moment.epoch)
    parent = draws.key_bytes(blockhash)
    points = rewards.points.to_bytes(16, "little")
    raw = struct.pack("<QQ", height, _PARTITIONS) + parent + points
    raw += struct.pack("<QQB", rewards.lamports, rewards.lamports, 0)
    return raw, {
        "distributionStartingBlockHeight": height,
        "numPartitions": _PARTITIONS,
        "parentBlockhash": blockhash,
        "totalPoints": str(rewards.points),
        "totalRewards": str(rewards.lamports),
        "distributedRewards": str(rewards.lamports),
        "active": False,
    }


def stake_history(cluster: Cluster, moment: Moment) -> tuple[bytes, list[dict[str, object]]]:
    """Active stake of the ended epochs, newest first, and what was coming and going in each."""
    rows = list(_stakes(cluster, moment.epoch))
    raw = struct.pack("<Q", len(rows)) + b"".join(struct.pack("<QQQQ", *row) for row in rows)
    return raw, [
        {
            "epoch": row[0],
            "stakeHistory": dict(zip(("effective", "activating", "deactivating"), row[1:], strict=True)),
        }
        for row in rows
    ]


def _stakes(cluster: Cluster, epoch: int) -> Iterable[tuple[int, int, int, int]]:
    after = list(_of_seats(cluster, epoch))
    for past in range(epoch - 1, epoch - 1 - _EPOCHS_OF_STAKE_HISTORY, -1):
        stakes = list(_of_seats(cluster, past))
        coming = going = 0
        for (newer, new), (older, old) in zip(after, stakes, strict=True):
            # Who follows on a seat brings all of his stake, and who left it took all of his away.
            kept = min(newer, older) if new == old else 0
            coming, going = coming + newer - kept, going + older - kept
        yield past, sum(stake for stake, _ in stakes), coming, going
        after = stakes


def _of_seats(cluster: Cluster, epoch: int) -> Iterator[tuple[int, str]]:
    """Of each seat the active stake, and the vote account of whoever holds it."""
    for seat in cluster.seats:
        yield cluster.field.stake(seat, epoch), cluster.field.tenant(seat, epoch).vote_account
