"""The stake accounts of validators as an endpoint tells them, one validator a request."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from validators.exceptions import EndpointError, LayoutError, MalformedReplyError, RpcError
from validators.solana.accounts import Part
from validators.solana.program_accounts import SEARCH_METHOD, ask_program_accounts
from validators.solana.programs.stakes import (
    BYTES_READ,
    DELEGATED,
    STAKE_BYTES,
    STAKE_PROGRAM,
    VOTER_OFFSET,
    Stake,
    decoded_stake,
)
from validators.solana.pubkey import encode
from validators.solana.records import Records, Rejected
from validators.solana.rpc import Endpoint

# The node gave up: more accounts than it sends at once (JSON_RPC_SCAN_ERROR).
_SCAN_ABORTED: Final = -32012
# Of a stake account's kind, which is its first four bytes, in base58.
_KIND: Final = encode(DELEGATED.to_bytes(4, "little"))


@dataclass(frozen=True, slots=True)
class StakeLook:
    """Every account that is staked with a validator, as of `slot`."""

    vote_account: str
    slot: int
    stakes: tuple[Stake, ...]


@dataclass(frozen=True, slots=True)
class StakeLooks:
    """What one endpoint said; `slot` is the oldest of it. `stopped` says why the rest was not asked for."""

    endpoint: str
    slot: int
    records: Records[StakeLook]
    stopped: str


def ask_stake_accounts(
    endpoint: Endpoint, vote_accounts: Sequence[str], *, least_slot: int, latest_epoch: int
) -> StakeLooks:
    """Of each, in their order, as of least_slot or later; one request each. Raises an EndpointError.

    What is wrong with one takes no other down. When the endpoint has had enough of us, or the time is up,
    what was read until then is the answer.
    """
    looks: list[StakeLook] = []
    rejected: list[Rejected] = []
    stopped = ""
    for vote_account in vote_accounts:
        try:
            looks.append(_look(endpoint, vote_account, least_slot=least_slot, latest_epoch=latest_epoch))
        except EndpointError as exc:
            if not looks and _concerns_all(exc):
                raise
            if _concerns_all(exc) or endpoint.seconds_left <= 0:
                stopped = str(exc)
                break
            rejected.append(Rejected(vote_account, exc.cause))
    if not looks:
        first = f", first {rejected[0].key}: {rejected[0].reason}" if rejected else ""
        raise MalformedReplyError(
            endpoint.name, SEARCH_METHOD, f"the stake of no validator is readable{first}"
        )
    records = Records(endpoint.name, tuple(looks), tuple(rejected))
    return StakeLooks(endpoint.name, min(look.slot for look in looks), records, stopped)


def _look(endpoint: Endpoint, vote_account: str, *, least_slot: int, latest_epoch: int) -> StakeLook:
    slot, judged = ask_program_accounts(
        endpoint,
        STAKE_PROGRAM,
        filters=list(_filters(vote_account)),
        part=Part(0, BYTES_READ),
        least_slot=least_slot,
        decode=partial(_decoded, vote_account, latest_epoch),
    )
    stakes: dict[str, Stake] = {}
    for one in judged:
        if isinstance(one, Rejected):
            raise MalformedReplyError(endpoint.name, SEARCH_METHOD, f"{one.key}: {one.reason}")
        address, stake = one
        if address in stakes:
            raise MalformedReplyError(endpoint.name, SEARCH_METHOD, f"{address} is there twice")
        stakes[address] = stake
    return StakeLook(vote_account, slot, tuple(stakes.values()))


def _filters(vote_account: str) -> Iterator[dict[str, Any]]:
    yield {"dataSize": STAKE_BYTES}
    yield {"memcmp": {"offset": VOTER_OFFSET, "bytes": vote_account}}
    # Of those that are not staked, the bytes of an earlier voter may be left.
    yield {"memcmp": {"offset": 0, "bytes": _KIND}}


def _decoded(
    vote_account: str, latest_epoch: int, address: str, owner: str, data: bytes
) -> tuple[str, Stake]:
    stake = decoded_stake(owner=owner, data=data, latest_epoch=latest_epoch)
    if stake.voter != vote_account:
        raise LayoutError(f"stake account: staked with {stake.voter} instead of {vote_account}")
    return address, stake


def _concerns_all(error: EndpointError) -> bool:
    """Whether the next question would end no better: unreadable or too much is of one validator."""
    if isinstance(error, RpcError):
        return error.code != _SCAN_ABORTED
    return not isinstance(error, MalformedReplyError)
