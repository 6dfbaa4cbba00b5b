"""Stake pools of the simulated cluster: what they stake with whom, and how old it is."""

import base64
from collections import Counter
from typing import Any

import pytest

from validators.simulator.clock import FIRST_EPOCH, Moment
from validators.simulator.cluster import Cluster
from validators.simulator.jsonrpc import RpcError
from validators.simulator.methods import call
from validators.simulator.view import ClusterView
from validators.solana.programs.stake_pools import (
    KNOWN,
    PROGRAMS,
    PoolEntry,
    StakePool,
    decoded_list,
    decoded_pool,
    entries_listed,
    token_value,
)
from validators.solana.programs.stakes import STAKE_PROGRAM, decoded_stake

EPOCH = FIRST_EPOCH + 3
EARLY, LATE = Moment(EPOCH, 100), Moment(EPOCH, 300_000)


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    return Cluster(seed=3, count=60)


def ask(cluster: Cluster, moment: Moment, method: str, *params: Any) -> Any:
    return call(ClusterView(cluster, moment), method, list(params))


def part_of(cluster: Cluster, moment: Moment, key: str, length: int) -> tuple[str, bytes]:
    options = {"encoding": "base64", "dataSlice": {"offset": 0, "length": length}}
    value = ask(cluster, moment, "getAccountInfo", key, options)["value"]
    return value["owner"], base64.b64decode(value["data"][0])


def found(cluster: Cluster, program: str, **options: Any) -> list[Any]:
    filters = [{"dataSize": 611}, {"memcmp": {"offset": 0, "bytes": "2"}}]
    narrowed = {"encoding": "base64", "filters": filters, **options}
    found: list[Any] = ask(cluster, LATE, "getProgramAccounts", program, narrowed)
    return found


def pools(cluster: Cluster, moment: Moment) -> list[tuple[StakePool, tuple[PoolEntry, ...]]]:
    """By our own decoders, as a node sends them."""
    told = []
    for address in [one["pubkey"] for program in PROGRAMS for one in found(cluster, program)]:
        owner, data = part_of(cluster, moment, address, 611)
        pool = decoded_pool(address=address, owner=owner, data=data, latest_epoch=moment.epoch)
        assert pool is not None
        owner, data = part_of(cluster, moment, pool.validator_list, 9)
        used = 9 + 73 * entries_listed(pool, owner=owner, data=data)
        owner, data = part_of(cluster, moment, pool.validator_list, used)
        told.append((pool, decoded_list(pool, owner=owner, data=data, latest_epoch=moment.epoch)))
    return told


def test_three_pools_stake_a_part_of_what_validators_have(cluster: Cluster) -> None:
    told = pools(cluster, LATE)
    stakes = {one.vote_account: one.activated_stake for one in cluster.validators(LATE)}
    by_validator: dict[str, int] = {}
    for _, entries in told:
        for entry in entries:
            by_validator[entry.vote_account] = by_validator.get(entry.vote_account, 0) + entry.active

    assert len(told) == 3
    assert len([pool for pool, _ in told if pool.address in KNOWN]) == 2
    assert all(0 < staked < stakes[key] for key, staked in by_validator.items())
    assert len(by_validator) < sum(stake > 0 for stake in stakes.values())
    for pool, entries in told:
        staked = sum(entry.active + entry.transient for entry in entries)
        assert staked < pool.total_lamports < 1.02 * staked
        assert 1 < (token_value(pool.total_lamports, pool.supply) or 0) < 2
        assert any(entry.transient for entry in entries)


def test_what_is_on_its_way_is_listed_there_alone(cluster: Cluster) -> None:
    """By the stake accounts of a pool: those that work or come with the next epoch, each counted once."""
    options = {"encoding": "base64", "dataSlice": {"offset": 0, "length": 180}}
    accounts = [
        decoded_stake(
            owner=one["account"]["owner"],
            data=base64.b64decode(one["account"]["data"][0]),
            latest_epoch=EPOCH,
        )
        for one in ask(cluster, LATE, "getProgramAccounts", STAKE_PROGRAM, options)
    ]
    holders = {key for seat in cluster.seats for key, _ in cluster.pools.holders(seat)}
    held = Counter[str]()
    for one in accounts:
        if one.withdrawer in holders and one.deactivation_epoch >= EPOCH:
            held[one.voter] += one.lamports
    listed = Counter[str]()
    for _, entries in pools(cluster, LATE):
        for entry in entries:
            listed[entry.vote_account] += entry.active + entry.transient

    assert listed.keys() == held.keys()
    # Each account is rounded down by itself.
    assert all(abs(listed[key] - held[key]) <= 6 for key in listed)


def test_a_pool_is_of_the_epoch_before_until_it_reckons_anew(cluster: Cluster) -> None:
    early, late = pools(cluster, EARLY), pools(cluster, LATE)

    for (before, stakes_before), (after, stakes_after) in zip(early, late, strict=True):
        assert (before.updated_epoch, after.updated_epoch) == (EPOCH - 1, EPOCH)
        assert {entry.updated_epoch for entry in stakes_before} == {EPOCH - 1}
        assert {entry.updated_epoch for entry in stakes_after} == {EPOCH}


def test_accounts_of_a_program_are_cut_and_narrowed_as_they_are_asked_for(cluster: Cluster) -> None:
    [program] = {pool.program for pool, _ in pools(cluster, LATE) if pool.address not in KNOWN}
    [pool] = found(cluster, program, dataSlice={"offset": 258, "length": 8})
    everything = ask(cluster, LATE, "getProgramAccounts", program, {"encoding": "base64"})

    assert len(base64.b64decode(pool["account"]["data"][0])) == 8
    assert len(everything) == 2
    for refused in ([{"size": 611}], [{"dataSize": 611}] * 5, {"dataSize": 611}):
        with pytest.raises(RpcError, match="filter"):
            found(cluster, program, filters=refused)
