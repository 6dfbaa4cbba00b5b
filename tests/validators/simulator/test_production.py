import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.cluster import Cluster
from validators.simulator.leaders import Production
from validators.simulator.production import production_by_identity

CLUSTER = Cluster(seed=7, count=120)
SLOT_INDEXES = st.integers(min_value=0, max_value=SLOTS_PER_EPOCH - 1)


def whole_epoch(cluster: Cluster, epoch: int) -> dict[str, Production]:
    first = epoch * SLOTS_PER_EPOCH
    return production_by_identity(cluster.field, first=first, last=first + SLOTS_PER_EPOCH - 1)


@settings(max_examples=25, deadline=None)
@given(st.integers(min_value=900, max_value=905), SLOT_INDEXES, SLOT_INDEXES)
def test_every_slot_of_a_range_has_one_leader_and_at_most_one_block(epoch: int, one: int, other: int) -> None:
    first, last = sorted((one, other))
    start = epoch * SLOTS_PER_EPOCH
    production = production_by_identity(CLUSTER.field, first=start + first, last=start + last)

    assert all(0 <= made.blocks_produced <= made.leader_slots for made in production.values())
    assert sum(made.leader_slots for made in production.values()) == last - first + 1


@settings(max_examples=25, deadline=None)
@given(SLOT_INDEXES, SLOT_INDEXES)
def test_two_stretches_add_up_to_the_whole_of_them_across_a_boundary_too(one: int, other: int) -> None:
    first, middle, last = 900 * SLOTS_PER_EPOCH + one, 901 * SLOTS_PER_EPOCH, 901 * SLOTS_PER_EPOCH + other
    whole = production_by_identity(CLUSTER.field, first=first, last=last)
    parts = [
        production_by_identity(CLUSTER.field, first=first, last=middle - 1),
        production_by_identity(CLUSTER.field, first=middle, last=last),
    ]

    for identity in whole.keys() | parts[0].keys() | parts[1].keys():
        added = [part.get(identity, Production(0, 0)) for part in parts]
        assert whole[identity] == Production(
            sum(one.leader_slots for one in added), sum(one.blocks_produced for one in added)
        )


def test_a_whole_epoch_is_led_by_the_stake_of_the_epoch_before_and_mostly_made() -> None:
    weights = CLUSTER.field.weights(1_000)
    total = sum(weights)
    production = whole_epoch(CLUSTER, 1_000)
    made = sum(made.blocks_produced for made in production.values())

    assert 0.9 < made / SLOTS_PER_EPOCH < 1
    assert all(made.leader_slots % 4 == 0 for made in production.values())
    for outlook, weight in zip(CLUSTER.outlooks(999), weights, strict=True):
        assert weight in (0, outlook.activated_stake)
    identities = [outlook.identity for outlook in CLUSTER.outlooks(999)]
    for identity, weight in zip(identities, weights, strict=True):
        if identities.count(identity) == 1 and weight:
            turns, expected = production[identity].leader_slots / 4, 108_000 * weight / total
            # Five standard deviations of a draw of 108,000.
            assert turns == pytest.approx(expected, abs=5 * expected**0.5)


def test_the_twins_slots_are_counted_under_the_shared_identity() -> None:
    shared = CLUSTER.outlooks(1_000)[0].identity
    twins = [outlook.seat.index for outlook in CLUSTER.outlooks(1_000) if outlook.identity == shared]
    leaders = list(CLUSTER.field.schedule(1_000).leaders)

    assert len(twins) == 2
    assert whole_epoch(CLUSTER, 1_000)[shared].leader_slots == 4 * sum(leaders.count(seat) for seat in twins)


def test_who_changes_its_identity_leads_under_the_old_one_until_the_next_schedule() -> None:
    cluster = Cluster(seed=7, count=24)
    mover = next(seat.index for seat in cluster.seats if seat.temperament == "mover")
    keys = {epoch: cluster.outlooks(epoch)[mover].identity for epoch in range(1_000, 1_013)}
    change = next(epoch for epoch in range(1_001, 1_013) if keys[epoch] != keys[epoch - 1])

    assert keys[change - 1] in whole_epoch(cluster, change)
    assert keys[change] not in whole_epoch(cluster, change)
    assert keys[change] in whole_epoch(cluster, change + 1)
