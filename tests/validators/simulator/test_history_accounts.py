"""Jito's histories in the simulated cluster: what they tell is what its other methods tell, and told."""

import base64
from typing import Any

import pytest

from validators.simulator.clock import Moment, first_slot_of
from validators.simulator.cluster import Cluster
from validators.simulator.history import COLUMNS, history_lines
from validators.simulator.history_accounts import EPOCHS_COUNTED, EPOCHS_WRITTEN, HISTORY_PROGRAM
from validators.simulator.jsonrpc import RpcError
from validators.simulator.methods import call
from validators.simulator.view import ClusterView
from validators.simulator.world import World
from validators.solana.programs.validator_history import LENGTH, PROGRAM, ToldHistory, address_of, decoded

WORLD = World(first_epoch=900)
EPOCH = 903


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster(seed=3, count=30, world=WORLD)


def votes(cluster: Cluster) -> list[str]:
    return [outlook.tenant.vote_account for outlook in cluster.outlooks(EPOCH)]


def told(cluster: Cluster, vote_account: str, moment: Moment) -> ToldHistory:
    """As a node sends it and our own decoder reads it."""
    address = address_of(PROGRAM, vote_account)
    reply: Any = call(ClusterView(cluster, moment), "getAccountInfo", [address, {"encoding": "base64"}])
    sent = reply["value"]
    data = base64.b64decode(sent["data"][0])
    found = decoded(
        address=address, vote_account=vote_account, program=PROGRAM, owner=sent["owner"], data=data
    )
    assert found is not None
    assert not found.refused
    return found


def test_histories_tell_what_the_history_file_of_the_cluster_tells(cluster: Cluster) -> None:
    epochs = range(EPOCH - 12, EPOCH)
    histories = {
        vote: {entry.epoch: entry for entry in told(cluster, vote, Moment(EPOCH, 1_000)).entries}
        for vote in votes(cluster)
    }
    _, *lines = history_lines(cluster, epochs)
    compared = 0
    for line in lines:
        row = dict(zip(COLUMNS, line.rstrip().split(","), strict=True))
        if row["vote_account"] not in histories:
            continue
        entry = histories[row["vote_account"]][int(row["epoch"])]
        assert (str(entry.stake), str(entry.credits)) == (row["activated_stake"], row["credits"])
        percents = range(int(row["commission_min"]), int(row["commission_max"]) + 1)
        assert entry.commission_percent in percents
        if entry.epoch >= WORLD.first_epoch - EPOCHS_COUNTED:
            assert (str(entry.leader_slots), str(entry.blocks)) == (
                row["leader_slots"],
                row["blocks_produced"],
            )
            assert entry.block_slot == first_slot_of(entry.epoch + 1)
        else:
            assert (entry.leader_slots, entry.blocks, entry.block_slot) == (None, None, None)
        # Gossip does not know everybody, and not every version fits.
        assert row["version"] == "unknown" or entry.version in ("", row["version"].partition("-")[0])
        compared += 1
    assert compared > 300


def test_a_history_ends_with_the_running_epoch_and_begins_with_the_keepers(cluster: Cluster) -> None:
    found = told(cluster, votes(cluster)[0], Moment(EPOCH, 100_000))

    assert [entry.epoch for entry in found.entries] == list(range(EPOCH, 899 - EPOCHS_WRITTEN, -1))
    running, ended = found.entries[:2]
    assert (running.vote_slot, ended.vote_slot) == (
        first_slot_of(EPOCH) + 86_400,
        first_slot_of(EPOCH) - 43_200,
    )
    # A quarter of its tips lies there, but nobody knows how much it will be.
    assert (running.mev_earned, running.blocks) == (None, None)


def test_the_program_has_the_histories_of_those_who_left_too(cluster: Cluster) -> None:
    options = {
        "encoding": "base64",
        "filters": [{"dataSize": LENGTH}],
        "dataSlice": {"offset": 12, "length": 32},
        "withContext": True,
    }
    reply: Any = call(
        ClusterView(cluster, Moment(EPOCH, 9)), "getProgramAccounts", [HISTORY_PROGRAM, options]
    )

    addresses = {one["pubkey"] for one in reply["value"]}
    present = {address_of(PROGRAM, vote) for vote in votes(cluster)}
    assert present < addresses
    assert {len(base64.b64decode(one["account"]["data"][0])) for one in reply["value"]} == {32}
    assert reply["context"]["slot"] == first_slot_of(EPOCH) + 9


@pytest.mark.parametrize(
    "filters", [{}, [{"dataSize": 1}] * 5, [{"memcmp": {"offset": 0}}], [{"memcmp": 1}], ["x"]]
)
def test_filters_that_a_node_would_not_take_are_refused(cluster: Cluster, filters: Any) -> None:
    options = {"encoding": "base64", "filters": filters or {"dataSize": 1}}
    with pytest.raises(RpcError):
        call(ClusterView(cluster, Moment(EPOCH, 9)), "getProgramAccounts", [HISTORY_PROGRAM, options])


def test_nobody_has_a_history_before_its_account(cluster: Cluster) -> None:
    late = next(one for one in cluster.outlooks(EPOCH) if one.tenant.born > EPOCH - 5)
    address = address_of(PROGRAM, late.tenant.vote_account)
    for epoch, is_there in ((late.tenant.born - 1, False), (late.tenant.born, True)):
        reply: Any = call(ClusterView(cluster, Moment(epoch, 5)), "getMultipleAccounts", [[address]])
        assert (reply["value"][0] is not None) == is_there
