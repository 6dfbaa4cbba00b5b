from hypothesis import given, settings
from hypothesis import strategies as st

from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.cluster import Cluster
from validators.simulator.production import production_by_identity

CLUSTER = Cluster(seed=7, count=120)
SLOT_INDEXES = st.integers(min_value=0, max_value=SLOTS_PER_EPOCH - 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=900, max_value=2_000), SLOT_INDEXES, SLOT_INDEXES)
def test_nobody_makes_more_blocks_than_it_leads_slots(epoch: int, one: int, other: int) -> None:
    first, last = sorted((one, other))
    production = production_by_identity(CLUSTER.outlooks(epoch), first=first, last=last)

    assert all(0 <= made.blocks_produced <= made.leader_slots for made in production.values())
    assert sum(made.leader_slots for made in production.values()) <= last - first + 1 + len(CLUSTER.seats)


def test_a_whole_epoch_is_led_by_stake_and_mostly_made() -> None:
    outlooks = CLUSTER.outlooks(1_000)
    production = production_by_identity(outlooks, first=0, last=SLOTS_PER_EPOCH - 1)
    largest = max(outlooks, key=lambda outlook: outlook.activated_stake)
    led = sum(made.leader_slots for made in production.values())
    made = sum(made.blocks_produced for made in production.values())

    assert 0.99 * SLOTS_PER_EPOCH < led <= SLOTS_PER_EPOCH
    assert 0.9 < made / led < 1
    assert production[largest.identity].leader_slots == max(made.leader_slots for made in production.values())
    assert all(made.leader_slots % 4 == 0 for made in production.values())


def test_the_twins_slots_are_counted_under_the_shared_identity() -> None:
    outlooks = CLUSTER.outlooks(1_000)
    production = production_by_identity(outlooks, first=0, last=SLOTS_PER_EPOCH - 1)
    shared = outlooks[0].identity
    alone = production_by_identity(outlooks[:1], first=0, last=SLOTS_PER_EPOCH - 1)
    stakes = [outlook.activated_stake for outlook in outlooks if outlook.identity == shared]
    total = sum(outlook.activated_stake for outlook in outlooks)

    assert len(stakes) == 2
    assert alone[shared].leader_slots == SLOTS_PER_EPOCH
    assert production[shared].leader_slots == 4 * sum(108_000 * stake // total for stake in stakes)
