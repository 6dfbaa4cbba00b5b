"""Stake pools as an endpoint tells them: each with its list of validators, and which pools there are."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

from pydantic import ConfigDict, WrapValidator
from pydantic.dataclasses import dataclass as checked_dataclass

from validators.exceptions import LayoutError, MalformedReplyError
from validators.solana.accounts import METHOD, MOST_KEYS, Account, ask_account, ask_accounts
from validators.solana.byte_reader import Reader
from validators.solana.programs.stake_pools import (
    LIST_HEADER,
    POOL_BYTES,
    PROGRAMS,
    PoolEntry,
    StakePool,
    bytes_of_list,
    decoded_list,
    decoded_pool,
    entries_listed,
)
from validators.solana.records import Records, Rejected, or_reason, sorted_out
from validators.solana.rpc import Endpoint
from validators.solana.schemas import Key, Reply

SEARCH_METHOD: Final = "getProgramAccounts"
# Of a pool, where its total lamports are: they tell which pools are large enough to be looked at.
_TOTAL: Final = {"offset": 258, "length": 8}
_LONGEST_TOTAL: Final = 100
# The type of a pool in base58.
_TYPE_OF_POOL: Final = "2"


@dataclass(frozen=True, slots=True)
class PoolLook:
    """A pool and everybody on its list, which is as of `slot`."""

    pool: StakePool
    entries: tuple[PoolEntry, ...]
    slot: int


@dataclass(frozen=True, slots=True)
class Pools:
    """What one endpoint said; `slot` is the oldest of it, `missing` are addresses that no pool is at."""

    endpoint: str
    slot: int
    records: Records[PoolLook]
    missing: tuple[str, ...]


def ask_pools(endpoint: Endpoint, addresses: Sequence[str], *, least_slot: int, latest_epoch: int) -> Pools:
    """Each pool as of least_slot or later, none of it updated after latest_epoch. Raises an EndpointError.

    Two requests, and one for each pool that is there: of its list no more than is used; the rest is room.
    """
    if not 0 < len(addresses) <= MOST_KEYS:
        raise ValueError(f"{len(addresses)} pools in one question, 1 to {MOST_KEYS} are allowed")
    answer = ask_accounts(endpoint, addresses, least_slot=least_slot)
    missing: list[str] = []
    judged: list[PoolLook | Rejected] = []
    pools: list[StakePool] = []
    for address, account in zip(addresses, answer.accounts, strict=True):
        try:
            pool = _pool(address, account, latest_epoch)
        except LayoutError as exc:
            judged.append(Rejected(address, str(exc)))
        else:
            missing += [] if pool else [address]
            pools += [pool] if pool else []
    if pools:
        keys = [pool.validator_list for pool in pools]
        headers = ask_accounts(endpoint, keys, least_slot=least_slot, first_bytes=LIST_HEADER)
        judged += [
            _looked_at(endpoint, pool, header, least_slot=least_slot, latest_epoch=latest_epoch)
            for pool, header in zip(pools, headers.accounts, strict=True)
        ]
    looks = tuple(one for one in judged if isinstance(one, PoolLook))
    rejected = tuple(one for one in judged if isinstance(one, Rejected))
    if rejected and not looks:
        doubt = f"none of {len(rejected)} stake pools is valid, first {rejected[0].reason}"
        raise MalformedReplyError(endpoint.name, METHOD, doubt)
    slot = min((answer.slot, *(look.slot for look in looks)))
    return Pools(endpoint.name, slot, Records(endpoint.name, looks, rejected), tuple(missing))


def _pool(address: str, account: Account | None, latest_epoch: int) -> StakePool | None:
    if account is None:
        return None
    return decoded_pool(address=address, owner=account.owner, data=account.data, latest_epoch=latest_epoch)


def _looked_at(
    endpoint: Endpoint, pool: StakePool, header: Account | None, *, least_slot: int, latest_epoch: int
) -> PoolLook | Rejected:
    """A list that is not as laid out takes no other pool down."""
    try:
        if header is None:
            raise _missing_list(pool)
        number = entries_listed(pool, owner=header.owner, data=header.data)
        wanted = bytes_of_list(number)
        answer = ask_account(endpoint, pool.validator_list, least_slot=least_slot, first_bytes=wanted)
        [account] = answer.accounts
        if account is None:
            raise _missing_list(pool)
        entries = decoded_list(pool, owner=account.owner, data=account.data, latest_epoch=latest_epoch)
    except LayoutError as exc:
        return Rejected(pool.address, str(exc))
    return PoolLook(pool, entries, answer.slot)


def _missing_list(pool: StakePool) -> LayoutError:
    return LayoutError(f"validator list {pool.validator_list} of stake pool {pool.address}: it is not there")


class FoundPool(NamedTuple):
    """A pool that a program has, by its address."""

    address: str
    program: str
    total_lamports: int


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(strict=True))
class _WireAccount:
    data: Any
    owner: Key


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(strict=True))
class _WirePool:
    pubkey: Key
    account: _WireAccount


if TYPE_CHECKING:
    _Item = _WirePool | str
else:
    _Item = Annotated[_WirePool, WrapValidator(or_reason)]


def ask_which_pools(endpoint: Endpoint) -> Records[FoundPool]:
    """Every pool of each program: one request a program, for eight bytes a pool. Raises an EndpointError."""
    options = {
        "encoding": "base64",
        "filters": [{"dataSize": POOL_BYTES}, {"memcmp": {"offset": 0, "bytes": _TYPE_OF_POOL}}],
        "dataSlice": _TOTAL,
    }
    judged = [
        one
        for program in PROGRAMS
        for one in _found(program, endpoint.call(SEARCH_METHOD, [program, options], Reply[list[_Item]]))
    ]
    # Another cluster may have none, which is no fault of the reply.
    return sorted_out(endpoint, SEARCH_METHOD, judged) if judged else Records(endpoint.name, (), ())


def _found(program: str, items: list[_WirePool | str]) -> Iterator[FoundPool | Rejected]:
    for place, item in enumerate(items):
        if isinstance(item, str):
            yield Rejected(f"record {place}", item)
        elif item.account.owner != program:
            yield Rejected(item.pubkey, f"owned by {item.account.owner} instead of {program}")
        else:
            yield _with_total(program, item)


def _with_total(program: str, item: _WirePool) -> FoundPool | Rejected:
    match item.account.data:
        case [str(text), "base64"] if len(text) < _LONGEST_TOTAL:
            try:
                sent = base64.b64decode(text, validate=True)
            except ValueError:
                return Rejected(item.pubkey, "no base64")
        case _:
            return Rejected(item.pubkey, 'not a short [text, "base64"]')
    reader = Reader(f"stake pool {item.pubkey}", sent)
    try:
        reader.expect_length(_TOTAL["length"])
        return FoundPool(item.pubkey, program, reader.unsigned(8, "total lamports"))
    except LayoutError as exc:
        return Rejected(item.pubkey, str(exc))
