"""What the runtime says of itself: features, clock, rewards, stake history, rent, and which chain it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final, TypeVar

from pydantic import BeforeValidator, Field

from validators.exceptions import (
    EndpointError,
    ForbiddenError,
    GoneError,
    HttpStatusError,
    LayoutError,
    MalformedReplyError,
    RpcError,
)
from validators.solana.accounts import METHOD, Sent, ask_accounts, readable
from validators.solana.arithmetic import LARGEST
from validators.solana.asking import is_refusal
from validators.solana.features import (
    CLOCK,
    EPOCH_REWARDS,
    FEATURE_PROGRAM,
    FEATURES,
    STAKE_HISTORY,
    SYSTEM_PROGRAM,
    SYSVAR_PROGRAM,
)
from validators.solana.layouts import (
    VOTE_BYTES,
    Clock,
    EpochRewards,
    Feature,
    StakeHistoryEntry,
    decoded_clock,
    decoded_epoch_rewards,
    decoded_feature,
    decoded_stake_history,
)
from validators.solana.rpc import Endpoint
from validators.solana.schemas import Key, Reply

_KEYS: Final = (*FEATURES, CLOCK, EPOCH_REWARDS, STAKE_HISTORY)

Part = TypeVar("Part")
_Lamports = Annotated[int, Field(strict=True, gt=0, le=LARGEST)]


def _has_certificate(sent: object) -> object:
    if sent is None or (isinstance(sent, dict) and sent):
        return sent is not None
    raise ValueError("neither null nor a certificate")


class _GenesisCertificate(Reply[bool]):
    """A reply whose null is an answer: the votes are still on the chain."""

    result: Annotated[bool | None, BeforeValidator(_has_certificate)] = None


@dataclass(frozen=True, slots=True)
class ChainLook:
    """What one endpoint said; a part is None when it does not offer it, which is unknown.

    `features` has each feature account by its address, None where nobody has scheduled it. `rewards`
    is also None where the chain has no points. `migrated`: whether Alpenglow has taken over.
    `rent` is what a vote account must hold, in lamports.
    """

    endpoint: str
    slot: int | None = None
    features: Mapping[str, Feature | None] | None = None
    clock: Clock | None = None
    rewards: EpochRewards | None = None
    stake_history: list[StakeHistoryEntry] | None = None
    migrated: bool | None = None
    rent: int | None = None
    genesis_hash: str | None = None


def ask_chain_state(endpoint: Endpoint, *, genesis_known: bool) -> ChainLook:
    """What the endpoint offers of it; the genesis hash only when it is not known.

    Raises an EndpointError, and the last refusal when nothing at all is offered.
    """
    refusals: list[EndpointError] = []

    def unless_refused(ask: Callable[[], Part]) -> Part | None:
        try:
            return ask()
        except (ForbiddenError, GoneError, RpcError) as exc:
            if not isinstance(exc, ForbiddenError) and not is_refusal(exc):
                raise
            refusals.append(exc)
            return None

    def if_told(ask: Callable[[], Part]) -> Part | None:
        # Some endpoints answer a method that they do not know with 404 or 429; these are no loss.
        try:
            return ask()
        except (HttpStatusError, RpcError) as exc:
            refusals.append(exc)
            return None

    told = unless_refused(lambda: _ask_runtime(endpoint)) or ChainLook(endpoint.name)
    migrated = if_told(lambda: endpoint.call("getAgGenesisCert", [], _GenesisCertificate))
    rent = if_told(lambda: _ask_rent(endpoint))
    genesis_hash = None if genesis_known else if_told(lambda: _ask_genesis_hash(endpoint))
    if len(refusals) == (3 if genesis_known else 4):
        # The last one, because the endpoint has counted it and would count any other again.
        raise refusals[-1]
    return replace(told, migrated=migrated, rent=rent, genesis_hash=genesis_hash)


def _ask_rent(endpoint: Endpoint) -> int:
    return endpoint.call("getMinimumBalanceForRentExemption", [VOTE_BYTES], Reply[_Lamports])


def _ask_genesis_hash(endpoint: Endpoint) -> str:
    return endpoint.call("getGenesisHash", [], Reply[Key])


def _ask_runtime(endpoint: Endpoint) -> ChainLook:
    """What the accounts say, as of one slot."""
    answer = ask_accounts(endpoint, _KEYS)
    accounts = dict(zip(_KEYS, answer.accounts, strict=True))

    def decoded(address: str, owner: str, decode: Callable[[bytes], Part]) -> Part | None:
        try:
            return _decoded(accounts[address], owner, decode)
        except LayoutError as exc:
            raise MalformedReplyError(endpoint.name, METHOD, f"account {address}: {exc}") from exc

    rewards = decoded(EPOCH_REWARDS, SYSVAR_PROGRAM, decoded_epoch_rewards)
    return ChainLook(
        endpoint=endpoint.name,
        slot=answer.slot,
        features={address: decoded(address, FEATURE_PROGRAM, decoded_feature) for address in FEATURES},
        clock=decoded(CLOCK, SYSVAR_PROGRAM, decoded_clock),
        rewards=rewards if rewards and rewards.total_points else None,
        stake_history=decoded(STAKE_HISTORY, SYSVAR_PROGRAM, decoded_stake_history),
    )


def _decoded(sent: Sent, owner: str, decode: Callable[[bytes], Part]) -> Part | None:
    account = readable(sent)
    # Anybody can send lamports to an address that nothing is at yet.
    if account is None or (account.owner == SYSTEM_PROGRAM and not account.data):
        return None
    if account.owner != owner:
        raise LayoutError(f"owned by {account.owner} instead of {owner}")
    return decode(account.data)
