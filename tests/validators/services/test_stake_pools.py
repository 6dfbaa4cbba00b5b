"""Who stakes with whom, by pool and epoch, as the pools' own accounts tell it."""

from typing import Any

import pytest
from django.utils import timezone

from scheduling.exceptions import SkipRun
from tests.validators import pool_accounts, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import rpc_error
from tests.validators.nodes.trial import START_EPOCH, Trial
from tests.validators.pool_accounts import JITO, SANCTUM, SPL, Entry, searched
from tests.validators.rows import fetch, validator
from tests.validators.services.sources import state
from validators import tasks
from validators.exceptions import ValidatorsError
from validators.models import Fetch, PoolStake, StakePool, Validator
from validators.services import stake_pools
from validators.solana.programs.stake_pools import KNOWN

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EPOCH, ALICE, BOB, STRANGER = (replies.EPOCH, *map(replies.key, ("alice", "bob", "stranger")))
SMALL = replies.key("small pool")


def test_pools_of_a_cluster_are_found_and_read_with_their_epochs(trial: Trial) -> None:
    trial.fetch()
    result = trial.fetch("pools").result or {}
    told = ("pools", "strangers", "missing", "rejected")
    assert [result[name] for name in told] == [2, 0, 2, 0]
    assert (trial.fetch("pool-search").result or {})["new"] == 1
    assert StakePool.objects.filter(looked_at=None).count() == 1

    assert (trial.fetch("pools").result or {})["pools"] == 3

    assert sorted(StakePool.objects.values_list("name", flat=True)) == ["", "JitoSOL", "bSOL"]
    stakes = PoolStake.objects.select_related("validator", "pool")
    assert stakes.count() == sum(pool.entries or 0 for pool in StakePool.objects.all())
    for one in stakes:
        assert 0 < one.active < one.validator.activated_stake
        assert (one.epoch, one.updated_epoch, one.is_stale) == (START_EPOCH, START_EPOCH, False)

    # Of the next epoch none has reckoned anew yet.
    trial.go_to(START_EPOCH + 1, 0.001)
    trial.fetch()
    trial.fetch("pools")
    assert all(one.is_stale for one in PoolStake.objects.filter(epoch=START_EPOCH + 1))
    assert stakes.filter(epoch=START_EPOCH).exists()
    assert all(pool.is_stale and pool.epoch == START_EPOCH + 1 for pool in StakePool.objects.all())


def test_of_a_list_no_more_is_read_than_it_uses(node: AccountsEndpoint) -> None:
    _look(node, {JITO: [Entry(ALICE, 70, 5, EPOCH - 1, 3), Entry(STRANGER, 30)]})

    slices = [options.get("dataSlice") for _, options in node.questions]
    assert slices == [None, {"offset": 0, "length": 9}, {"offset": 0, "length": 9 + 2 * 73}]
    assert node.methods[:3] == ["getMultipleAccounts"] * 2 + ["getAccountInfo"]
    pool = StakePool.objects.get()
    assert (pool.name, pool.program, pool.is_there) == ("JitoSOL", SPL, True)
    assert (pool.total_lamports, pool.supply, pool.token_value) == (1_200, 1_000, 1.2)
    assert (pool.active, pool.transient, pool.entries, pool.strangers) == (100, 5, 2, 1)
    [stake] = PoolStake.objects.all()
    assert (stake.validator.vote_account, stake.active, stake.transient) == (ALICE, 70, 5)
    assert (stake.status, stake.updated_epoch, stake.is_stale) == ("deactivating_validator", EPOCH - 1, True)


def test_who_is_taken_off_a_list_has_nothing_there_in_that_epoch_any_more(node: AccountsEndpoint) -> None:
    _look(node, {JITO: [Entry(ALICE), Entry(BOB)]})

    node.slots = [node.slots[-1] + 5]
    _look(node, {JITO: [Entry(BOB, 9)]})

    assert list(PoolStake.objects.values_list("validator__vote_account", "active")) == [(BOB, 9)]


def test_an_older_look_takes_nothing_back(node: AccountsEndpoint) -> None:
    _look(node, {JITO: [Entry(ALICE, 70)]})
    node.slots = [node.slots[-1] - 1]

    _look(node, {JITO: [Entry(ALICE, 60)]})

    assert PoolStake.objects.get().active == 70


@pytest.mark.parametrize("bad", ["pool", "list", "no list"])
def test_a_bad_account_is_left_out_and_named_and_takes_no_other_pool_down(
    node: AccountsEndpoint, bad: str
) -> None:
    found = StakePool.objects.create(address=SMALL, program=SANCTUM, found_at=timezone.now())
    _put(node, {JITO: [Entry(ALICE)], SMALL: [Entry(ALICE)]})
    spoilt = SMALL if bad == "pool" else pool_accounts.list_of(SMALL)
    node.accounts[spoilt]["owner"] = replies.key("another program")
    if bad == "no list":
        del node.accounts[spoilt]

    result = _ask(node)

    assert (result["pools"], result["rejected"]) == (1, 1)
    [rejected] = state("pools").rejected
    assert rejected["key"] == SMALL
    assert SMALL in rejected["reason"]
    found.refresh_from_db()
    assert (found.looked_at, found.total_lamports, found.is_there) == (None, None, None)


def test_where_every_account_is_bad_nothing_is_stored_but_the_error(node: AccountsEndpoint) -> None:
    _put(node, {JITO: [Entry(ALICE, status=9)]})

    with pytest.raises(ValidatorsError, match="none of 1 stake pools is valid, first validator list"):
        _ask(node)

    assert not StakePool.objects.exists()
    assert "status 9 is more than 4" in state("pools").last_error


def test_an_endpoint_that_lacks_pools_that_were_there_is_not_believed(node: AccountsEndpoint) -> None:
    _look(node, {JITO: [Entry(ALICE)]})
    node.accounts.clear()

    with pytest.raises(ValidatorsError, match="1 of 1 stake pools are missing that were there"):
        _ask(node)

    assert StakePool.objects.get().is_there


def test_one_of_many_that_is_closed_keeps_its_numbers_and_says_so(node: AccountsEndpoint) -> None:
    _look(node, {address: [Entry(ALICE)] for address in KNOWN})
    node.slots = [node.slots[-1] + 5]
    del node.accounts[JITO]

    _ask(node)

    closed = StakePool.objects.get(is_there=False)
    assert (closed.address, closed.total_lamports) == (JITO, 1_200)


def test_a_run_looks_at_no_more_than_it_may_and_the_next_one_at_the_others(
    node: AccountsEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stake_pools, "MOST_POOLS", len(KNOWN) + 2)
    others = [replies.key(f"pool {number}") for number in range(4)]
    now = timezone.now()
    StakePool.objects.bulk_create(StakePool(address=one, program=SPL, found_at=now) for one in others)
    there = {one: [Entry(ALICE)] for one in others}

    for looked_at in (2, 4):
        _look(node, there)
        assert StakePool.objects.exclude(looked_at=None).count() == looked_at


def test_the_largest_pools_are_remembered_with_nothing_known_of_them(
    node: AccountsEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stake_pools, "MOST_FOUND", 1)
    fetch(epoch=EPOCH)
    sent = {SPL: [searched(JITO, 900), searched(BOB, 700)], SANCTUM: [searched(SMALL, 800, owner=SANCTUM)]}
    node.results["getProgramAccounts of pools"] = sent

    result = tasks.fetch_pool_search()

    assert (result["pools"], result["new"], result["left_out"]) == (3, 1, 1)
    pool = StakePool.objects.get()
    assert (pool.address, pool.program, pool.name) == (SMALL, SANCTUM, "")
    assert (pool.total_lamports, pool.epoch, pool.is_there) == (None, None, None)
    program, options = node.params["getProgramAccounts"]
    assert program == pool_accounts.SANCTUM_MULTI
    assert options["dataSlice"] == {"offset": 258, "length": 8}
    assert {"dataSize": 611} in options["filters"]

    # Again it brings nothing new, and a reply that is mostly bad is mistrusted as a whole.
    assert tasks.fetch_pool_search()["new"] == 0
    sent[SPL] = [searched(JITO, 900, owner=SANCTUM)]
    with pytest.raises(ValidatorsError, match=f"first {JITO}: stake pool: owned by {SANCTUM} "):
        tasks.fetch_pool_search()


def test_which_pools_there_are_is_skipped_with_the_reason_where_nobody_tells(node: AccountsEndpoint) -> None:
    fetch(epoch=EPOCH)
    node.faults = [rpc_error(-32010, "excluded from account secondary indexes")]

    with pytest.raises(SkipRun, match=r"not offered, asked again at .*: .excluded from account"):
        tasks.fetch_pool_search()

    assert state("pool-search").unavailable_until is not None
    # What is known by name is looked at all the same.
    _look(node, {JITO: [Entry(ALICE)]})
    assert StakePool.objects.get().name == "JitoSOL"


def _look(node: AccountsEndpoint, pools: dict[str, list[Entry]]) -> dict[str, Any]:
    _put(node, pools)
    return _ask(node)


def _put(node: AccountsEndpoint, pools: dict[str, list[Entry]]) -> None:
    """These pools, of the program that is known of each; ALICE and BOB are validators."""
    for name in (ALICE, BOB):
        if not Validator.objects.filter(vote_account=name).exists():
            validator(Validator.objects.count(), vote_account=name)
    for address, entries in pools.items():
        program = SANCTUM if address == SMALL else SPL
        node.accounts |= pool_accounts.sent(address, entries, program=program)


def _ask(node: AccountsEndpoint) -> dict[str, Any]:
    """The epoch runs, as a fetch saw it just now."""
    slot = EPOCH * replies.SLOTS + replies.SLOTS // 2
    if not Fetch.objects.exists():
        fetch(epoch=EPOCH, absolute_slot=slot, slot_index=replies.SLOTS // 2, stored_at=timezone.now())
    node.slots = node.slots or [slot + 1]
    return tasks.fetch_pools()
