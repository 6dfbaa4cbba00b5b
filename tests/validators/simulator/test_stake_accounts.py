"""Stake accounts of the simulated cluster: they add up to what the votes tell, now and in the next epoch."""

import base64
from collections import defaultdict
from typing import Any

import pytest

from validators.simulator.clock import FIRST_EPOCH, Moment
from validators.simulator.cluster import Cluster
from validators.simulator.jsonrpc import RpcError
from validators.simulator.methods import call
from validators.simulator.runtime_accounts import stake_history
from validators.simulator.view import ClusterView
from validators.simulator.vote_accounts import withdrawer
from validators.solana.programs.stakes import STAKE_PROGRAM, Stake, decoded_stake, summed

MOMENT = Moment(FIRST_EPOCH + 3, 100)
PART = {"offset": 0, "length": 180}


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster(seed=3, count=60)


def found(cluster: Cluster, program: str = STAKE_PROGRAM, moment: Moment = MOMENT, **options: Any) -> Any:
    return call(
        ClusterView(cluster, moment), "getProgramAccounts", [program, {"encoding": "base64", **options}]
    )


def stakes(items: list[Any]) -> list[Stake]:
    return [
        decoded_stake(
            owner=one["account"]["owner"],
            data=base64.b64decode(one["account"]["data"][0]),
            latest_epoch=MOMENT.epoch + 9,
        )
        for one in items
    ]


def test_they_add_up_to_what_votes_tell_and_what_moves_is_there_in_the_next_epoch(cluster: Cluster) -> None:
    for epoch in range(MOMENT.epoch, MOMENT.epoch + 5):
        of: dict[str, list[Stake]] = defaultdict(list)
        for one in stakes(found(cluster, moment=Moment(epoch, 100), dataSlice=PART)):
            of[one.voter].append(one)
        after = {one.tenant.vote_account: one.activated_stake for one in cluster.outlooks(epoch + 1)}
        for outlook in cluster.outlooks(epoch):
            key = outlook.tenant.vote_account
            told = summed(of[key], epoch=epoch, withdrawer=withdrawer(outlook))
            assert told.active == outlook.activated_stake
            assert told.active + told.activating - told.deactivating == after.get(key, 0)
            assert (told.own or 0) > 0 or not told.active


def test_the_chains_history_tells_of_what_came_and_left_as_the_accounts_do(cluster: Cluster) -> None:
    """But for whoever is not there yet: what comes to him is seen with him."""
    for epoch in range(MOMENT.epoch, MOMENT.epoch + 8):
        accounts = stakes(found(cluster, moment=Moment(epoch, 100), dataSlice=PART))
        coming = sum(one.lamports for one in accounts if one.activation_epoch == epoch)
        going = sum(one.lamports for one in accounts if one.deactivation_epoch == epoch)
        first = sum(
            one.activated_stake for one in cluster.outlooks(epoch + 1) if one.tenant.born == epoch + 1
        )
        _, [newest, *_] = stake_history(cluster, Moment(epoch + 1, 0))

        assert newest["epoch"] == epoch
        assert newest["stakeHistory"] == {
            "effective": sum(one.activated_stake for one in cluster.outlooks(epoch)),
            "activating": coming + first,
            "deactivating": going,
        }


def test_they_are_narrowed_and_cut_as_they_are_asked_for(cluster: Cluster) -> None:
    everybody = found(cluster, dataSlice=PART)
    voter = stakes(everybody)[0].voter
    of_voter = {"memcmp": {"offset": 124, "bytes": voter}}

    narrowed = found(cluster, dataSlice=PART, filters=[{"dataSize": 200}, of_voter], withContext=True)

    assert narrowed["context"]["slot"] == MOMENT.absolute_slot
    assert narrowed["value"] == [
        one for one, told in zip(everybody, stakes(everybody), strict=True) if told.voter == voter
    ]
    kind = {"memcmp": {"offset": 0, "bytes": "AgAAAA==", "encoding": "base64"}}
    assert len(found(cluster, filters=[of_voter, kind])) == len(narrowed["value"])
    for nobody in ({"dataSize": 199}, {"memcmp": {"offset": 0, "bytes": "2"}}):
        assert found(cluster, filters=[of_voter, nobody]) == []


REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "Too many filters provided; max 4": (-32602, {"filters": [{"dataSize": 200}] * 5}),
    "at most 128 bytes": (-32602, {"filters": [{"memcmp": {"offset": 0, "bytes": "1" * 129}}]}),
    "memcmp with offset": (
        -32602,
        {"filters": [{"memcmp": {"offset": 0, "bytes": "0OIl"}}]},
    ),
    "please use Base64 encoding": (-32600, {"encoding": "base58"}),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_nodes_refuse_is_refused(cluster: Cluster, said: str) -> None:
    code, options = REFUSED[said]
    with pytest.raises(RpcError, match=said) as refused:
        found(cluster, **options)
    assert refused.value.code == code


def test_no_index_is_kept_of_the_token_programs(cluster: Cluster) -> None:
    with pytest.raises(RpcError, match="excluded from account secondary indexes") as refused:
        found(cluster, "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
    assert refused.value.code == -32010
