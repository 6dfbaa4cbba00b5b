"""Jito's accounts in the simulated cluster: made with the first block, a root after the epoch, closed."""

import base64
from typing import Any

import pytest

from validators.simulator.clock import FIRST_EPOCH, SLOTS_PER_EPOCH, Moment
from validators.simulator.cluster import Cluster
from validators.simulator.methods import call
from validators.simulator.view import ClusterView
from validators.solana.programs.jito import PRIORITY_FEES, TIPS, Distribution, Kind, decoded_distribution

EPOCH = FIRST_EPOCH + 3


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster(seed=3, count=40)


def account(cluster: Cluster, kind: Kind, seat: int, moment: Moment) -> Distribution | None:
    """Of EPOCH, as a node sends it and our own decoder reads it."""
    vote = cluster.field.tenant(cluster.seats[seat], EPOCH).vote_account
    address = kind.address(kind.program, vote, EPOCH)
    reply: Any = call(ClusterView(cluster, moment), "getMultipleAccounts", [[address]])
    [sent] = reply["value"]
    if sent is None:
        return None
    return decoded_distribution(
        kind,
        address=address,
        vote_account=vote,
        epoch=EPOCH,
        program=kind.program,
        owner=sent["owner"],
        lamports=sent["lamports"],
        data=base64.b64decode(sent["data"][0]),
    )


def test_an_account_is_made_with_the_first_block_and_grows_until_its_root(cluster: Cluster) -> None:
    tips = cluster.tips
    seat = next(one.index for one in cluster.seats if tips.fee_commission(one, EPOCH) is not None)
    commissions = {
        TIPS: tips.tip_commission(cluster.seats[seat], EPOCH),
        PRIORITY_FEES: tips.fee_commission(cluster.seats[seat], EPOCH),
    }
    schedule = cluster.field.schedule(EPOCH)
    first = next(
        slot for slot in range(SLOTS_PER_EPOCH) if schedule.production(slot, slot).get(seat) is not None
    )
    for kind, commission in commissions.items():
        rent = (128 + kind.space) * 6_960
        assert account(cluster, kind, seat, Moment(EPOCH, max(0, first - 1))) is None or first == 0
        totals = []
        for moment in (Moment(EPOCH, first + 3), Moment(EPOCH, 300_000), Moment(EPOCH + 1, 100)):
            found = account(cluster, kind, seat, moment)
            assert found is not None
            assert (found.root, found.commission_bps) == (None, commission)
            totals.append(found.total(rent) or 0)
        assert 0 < totals[0] < totals[1] < totals[2]
        whole = account(cluster, kind, seat, Moment(EPOCH + 1, 200_000))
        assert whole is not None
        assert whole.root is not None
        assert whole.total(None) == totals[2]
        assert whole.lamports == rent + totals[2] - whole.root.claimed
        assert account(cluster, kind, seat, Moment(EPOCH + 10, 0)) is not None
        assert account(cluster, kind, seat, Moment(EPOCH + 11, 0)) is None


def test_of_priority_fees_only_what_a_commission_leaves_is_paid_in(cluster: Cluster) -> None:
    fee_commission = cluster.tips.fee_commission
    blocks = cluster.field.schedule(EPOCH).production(0, SLOTS_PER_EPOCH - 1)
    of_block = {}
    for seat in cluster.seats:
        commission, made = fee_commission(seat, EPOCH), blocks.get(seat.index)
        found = account(cluster, PRIORITY_FEES, seat.index, Moment(EPOCH + 1, 100))
        if commission is not None and made is not None and found is not None:
            of_block[seat.index] = (found.total(None) or 0) / made.blocks_produced / (1 - commission / 10_000)

    assert len(of_block) > 2
    assert all(999_999 < lamports < 6_000_001 for lamports in of_block.values())


def test_some_run_jito_at_different_commissions_and_some_do_not(cluster: Cluster) -> None:
    commissions = [cluster.tips.tip_commission(seat, EPOCH) for seat in cluster.seats]
    without = commissions.index(None)

    assert len(set(commissions)) > 4
    assert account(cluster, TIPS, without, Moment(EPOCH + 1, 200_000)) is None
