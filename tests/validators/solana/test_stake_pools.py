"""What stake pools and their lists say, and that whatever is not as laid out is refused by its name."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import RECORDED
from tests.validators import pool_accounts, replies
from tests.validators.pool_accounts import JITO, SANCTUM, SANCTUM_MULTI, SPL, Entry, validator_list
from validators.exceptions import LayoutError
from validators.solana.features import SYSTEM_PROGRAM
from validators.solana.programs.stake_pools import (
    EntryStatus,
    PoolEntry,
    StakePool,
    decoded_list,
    decoded_pool,
    entries_listed,
    token_value,
)

EPOCH, FIRST, SECOND = replies.EPOCH, replies.key("first"), replies.key("second")
LIST = validator_list([Entry(FIRST, 70, 5, EPOCH - 1), Entry(SECOND, status=3)])
USED = LIST[: 9 + 2 * 73]


def pool_of(data: bytes, *, owner: str = SPL, latest_epoch: int = EPOCH) -> StakePool | None:
    return decoded_pool(address=JITO, owner=owner, data=data, latest_epoch=latest_epoch)


def read_pool(program: str = SPL) -> StakePool:
    found = pool_of(pool_accounts.pool(JITO), owner=program)
    assert found is not None
    return found


@pytest.mark.parametrize("program", [SPL, SANCTUM, SANCTUM_MULTI])
def test_a_pool_and_its_list_are_read_of_each_program(program: str) -> None:
    pool = read_pool(program)

    assert (pool.program, pool.validator_list) == (program, pool_accounts.list_of(JITO))
    assert (pool.mint, pool.updated_epoch) == (replies.key(f"mint {JITO}"), EPOCH)
    assert (pool.total_lamports, pool.supply, token_value(1_200, 1_000)) == (1_200, 1_000, 1.2)
    assert entries_listed(pool, owner=program, data=LIST[:9]) == 2
    assert decoded_list(pool, owner=program, data=USED, latest_epoch=EPOCH) == (
        PoolEntry(FIRST, 70, 5, EPOCH - 1, EntryStatus.ACTIVE),
        PoolEntry(SECOND, 5_000, 0, EPOCH, EntryStatus.DEACTIVATING_VALIDATOR),
    )


def test_a_token_that_nobody_holds_has_no_value() -> None:
    assert (token_value(0, 0), token_value(5, None), token_value(None, 5)) == (None, None, None)


def test_nothing_was_made_where_only_lamports_lie() -> None:
    assert pool_of(b"", owner=SYSTEM_PROGRAM) is None


REFUSED_POOLS: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "owner": (pool_accounts.pool(JITO), {"owner": SYSTEM_PROGRAM}, "which is no program of stake pools"),
    "closed": (b"", {}, "0 bytes instead of 611"),
    "longer": (pool_accounts.pool(JITO) + b"\0", {}, "612 bytes instead of 611"),
    "uninitialized": (pool_accounts.pool(JITO, kind=0), {}, "type 0 instead of 1"),
    "a list": (pool_accounts.pool(JITO, kind=2), {}, "type 2 instead of 1"),
    "too much": (pool_accounts.pool(JITO, total=2**63), {}, "total lamports 9223372036854775808 is more"),
    "of tomorrow": (pool_accounts.pool(JITO), {"latest_epoch": EPOCH - 1}, "epoch of the last update"),
}


@pytest.mark.parametrize("name", REFUSED_POOLS)
def test_a_pool_that_is_not_as_laid_out_is_refused_by_its_address(name: str) -> None:
    data, about, said = REFUSED_POOLS[name]

    with pytest.raises(LayoutError, match=said) as refused:
        pool_of(data, **about)

    assert str(refused.value).startswith(f"stake pool {JITO}: ")


def with_entry(**fields: Any) -> bytes:
    return validator_list([Entry(FIRST)._replace(**fields)])[: 9 + 73]


REFUSED_LISTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "type would end at byte 1 of 0"),
    "a pool": (validator_list([], kind=1)[:9], "type 1 instead of 2"),
    "cut": (USED[:-1], "154 bytes instead of 155"),
    "more than asked for": (USED + b"\0", "156 bytes instead of 155"),
    "more entries than there is room for": (validator_list([Entry(FIRST)] * 2, most=1)[:155], "more than 1"),
    "more room than an account has": (validator_list([], most=2**20)[:9], "most entries 1048576 is more"),
    "a status": (with_entry(status=5), "status 5 is more than 4"),
    "of tomorrow": (with_entry(updated_epoch=EPOCH + 1), "epoch of an entry's update"),
    "too much": (with_entry(active=2**63), "active stake 9223372036854775808 is more"),
    "too much in all": (with_entry(active=2**63 - 1, transient=1), "its stake is more than"),
    "twice": (validator_list([Entry(FIRST), Entry(FIRST, 7)])[:155], "names a vote account twice"),
}


@pytest.mark.parametrize("name", REFUSED_LISTS)
def test_a_list_that_is_not_as_laid_out_is_refused_by_its_pool(name: str) -> None:
    data, said = REFUSED_LISTS[name]
    pool = read_pool()

    with pytest.raises(LayoutError, match=said) as refused:
        decoded_list(pool, owner=SPL, data=data, latest_epoch=EPOCH)

    assert str(refused.value).startswith(f"validator list {pool.validator_list} of stake pool {JITO}: ")


@pytest.mark.parametrize("read", [entries_listed, decoded_list])
def test_a_list_of_another_program_is_refused(read: Callable[..., Any]) -> None:
    about = {"latest_epoch": EPOCH} if read is decoded_list else {}
    with pytest.raises(LayoutError, match=f"owned by {SANCTUM} instead of {SPL}"):
        read(read_pool(), owner=SANCTUM, data=USED[:9], **about)


def recorded(name: str) -> tuple[str, str, bytes]:
    path = RECORDED / "accounts" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    told = json.loads(path.read_text())
    return told["pubkey"], told["account"]["owner"], base64.b64decode(told["account"]["data"][0])


@pytest.mark.parametrize(
    ("name", "epoch", "program", "value"),
    [("jupsol-stake-pool", 751, SANCTUM_MULTI, 1.090_29), ("picosol-stake-pool", 1, SANCTUM, 1.333_34)],
)
def test_recorded_pools(name: str, epoch: int, program: str, value: float) -> None:
    address, owner, data = recorded(name)

    pool = decoded_pool(address=address, owner=owner, data=data, latest_epoch=epoch)

    assert pool is not None
    assert (pool.program, pool.updated_epoch) == (program, epoch)
    assert token_value(pool.total_lamports, pool.supply) == pytest.approx(value, abs=1e-5)


def test_a_recorded_list_of_one() -> None:
    address, owner, data = recorded("picosol-validator-list")
    pool = replace(read_pool(SANCTUM), validator_list=address)

    assert entries_listed(pool, owner=owner, data=data[:9]) == 1
    [entry] = decoded_list(pool, owner=owner, data=data, latest_epoch=1)
    assert (entry.active, entry.transient, entry.status) == (1_000_002_282_880, 0, EntryStatus.ACTIVE)
