"""Stake pools as an endpoint tells them: each with its list of validators, and which pools there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from validators.exceptions import LayoutError, MalformedReplyError
from validators.solana.accounts import METHOD, MOST_KEYS, Part, Sent, ask_account, ask_accounts, readable
from validators.solana.byte_reader import Reader
from validators.solana.program_accounts import SEARCH_METHOD, ask_program_accounts
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
from validators.solana.records import Records, Rejected, sorted_out
from validators.solana.rpc import Endpoint

# Of a pool, where its total lamports are: they tell which pools are large enough to be looked at.
_TOTAL: Final = Part(258, 8)
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
        headers = ask_accounts(endpoint, keys, least_slot=least_slot, part=Part(0, LIST_HEADER))
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


def _pool(address: str, sent: Sent, latest_epoch: int) -> StakePool | None:
    account = readable(sent)
    if account is None:
        return None
    return decoded_pool(address=address, owner=account.owner, data=account.data, latest_epoch=latest_epoch)


def _looked_at(
    endpoint: Endpoint, pool: StakePool, sent: Sent, *, least_slot: int, latest_epoch: int
) -> PoolLook | Rejected:
    """A list that is not as laid out takes no other pool down."""
    try:
        header = readable(sent)
        if header is None:
            raise _missing_list(pool)
        number = entries_listed(pool, owner=header.owner, data=header.data)
        wanted = bytes_of_list(number)
        answer = ask_account(endpoint, pool.validator_list, least_slot=least_slot, part=Part(0, wanted))
        account = readable(answer.accounts[0])
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


@dataclass(frozen=True, slots=True)
class FoundPools:
    """Of all programs; `slot` is the oldest of what was said."""

    slot: int
    records: Records[FoundPool]


def ask_which_pools(endpoint: Endpoint, *, least_slot: int) -> FoundPools:
    """Every pool of each program: one request a program, for eight bytes a pool. Raises an EndpointError."""
    of_type = {"offset": 0, "bytes": _TYPE_OF_POOL}
    filters: list[dict[str, Any]] = [{"dataSize": POOL_BYTES}, {"memcmp": of_type}]
    slots: list[int] = []
    judged: list[FoundPool | Rejected] = []
    for program in PROGRAMS:
        slot, found = ask_program_accounts(
            endpoint,
            program,
            filters=filters,
            part=_TOTAL,
            least_slot=least_slot,
            decode=partial(_found_pool, program),
        )
        slots.append(slot)
        judged += found
    # Another cluster may have none, which is no fault of the reply.
    nothing: Records[FoundPool] = Records(endpoint.name, (), ())
    return FoundPools(min(slots), sorted_out(endpoint, SEARCH_METHOD, judged) if judged else nothing)


def _found_pool(program: str, address: str, owner: str, data: bytes) -> FoundPool:
    reader = Reader("stake pool", data)
    if owner != program:
        raise reader.refusal(f"owned by {owner} instead of {program}")
    reader.expect_length(_TOTAL.length)
    return FoundPool(address, program, reader.unsigned(8, "total lamports"))
