"""Asking several endpoints in order, within one time limit, until one gives an answer that can be true."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from scheduling.engine.execution import report_pressure
from validators.exceptions import (
    EndpointError,
    ForbiddenError,
    GoneError,
    ImplausibleError,
    NoEndpointAnsweredError,
    NotConfiguredError,
    RateLimitedError,
    RpcError,
    ValidatorsError,
)
from validators.solana.endpoint_names import masked
from validators.solana.plausibility import EPOCH_METHOD, GENESIS_METHOD, Doubt, doubt_about_genesis
from validators.solana.request_counts import NOT_OFFERED
from validators.solana.rpc import Endpoint
from validators.solana.schemas import Key, Reply

logger = logging.getLogger(__name__)

# Behind one address may be many nodes: when one is behind, the next connection may reach another.
TRIES_AT_AN_ADDRESS: Final = 3

NO_ENDPOINT: Final = (
    "No endpoint to ask: set SOLANA_RPC_URL, for example to https://api.mainnet-beta.solana.com, "
    "or to http://127.0.0.1:8899 with `manage.py simulate_cluster --port 8899` running."
)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Chain:
    """Which chain is followed. The endpoints in `checked`, by name, were found on it a short while ago."""

    genesis_hash: str
    checked: frozenset[str]


@dataclass(frozen=True, slots=True)
class Heard(Generic[Answer]):
    """An answer that can be true, who gave it, and who was passed over.

    `genesis_hash` is empty where it was not asked for, or not told.
    """

    answer: Answer
    endpoint: str
    genesis_hash: str
    failures: tuple[EndpointError, ...]


def first_answer(
    addresses: Sequence[str],
    *,
    seconds: float,
    ask: Callable[[Endpoint], Answer],
    judge: Callable[[str, Answer, bool], None] | None = None,
    chain: Chain | None = None,
) -> Heard[Answer]:
    """Ask the endpoints in order until one gives a usable answer; all of it within `seconds`.

    Each endpoint gets an equal share of the time that is left, so that one that never answers
    does not use up the others'. `judge` is given the endpoint's name, its answer and whether it
    is known to be of the chain that is followed, and raises an ImplausibleError. Raises the
    endpoint's EndpointError, or NoEndpointAnsweredError when there were several.
    """
    if not addresses:
        raise NotConfiguredError(NO_ENDPOINT)

    def answered(endpoint: Endpoint) -> tuple[Answer, str]:
        answer = _ask_patiently(endpoint, ask)
        genesis_hash = _genesis_hash(endpoint, chain)
        if judge is not None:
            judge(endpoint.name, answer, _is_vouched_for(endpoint, genesis_hash, chain))
        return answer, genesis_hash

    deadline = time.monotonic() + seconds
    failures: list[EndpointError] = []
    for position, address in enumerate(addresses):
        share = (deadline - time.monotonic()) / (len(addresses) - position)
        try:
            answer, genesis_hash = _tried(address, time.monotonic() + share, answered)
        except EndpointError as exc:
            logger.warning("No usable answer from %s", exc, extra={"action": "endpoint_failed"})
            failures.append(exc)
        else:
            return Heard(answer, masked(address), genesis_hash, tuple(failures))
    if len(failures) == 1:
        raise failures[0]
    raise NoEndpointAnsweredError(failures)


def failures_of(error: ValidatorsError) -> Sequence[EndpointError]:
    """Each endpoint's, of what `first_answer` raised."""
    if isinstance(error, NoEndpointAnsweredError):
        return error.failures
    return [error] if isinstance(error, EndpointError) else []


def is_refusal(error: EndpointError) -> bool:
    """Whether the endpoint does not offer the method, as far as this one answer tells.

    HTTP 403 is one only where it answered something else: else it is a bill or a ban.
    """
    if isinstance(error, ForbiddenError):
        return error.answers_else
    return isinstance(error, GoneError) or (isinstance(error, RpcError) and error.code in NOT_OFFERED)


def implausible(endpoint: str, doubt: Doubt) -> ImplausibleError:
    return ImplausibleError(
        endpoint, doubt.method, doubt.cause, kind=doubt.kind.value, slots_behind=doubt.slots_behind
    )


def _tried(address: str, deadline: float, ask: Callable[[Endpoint], Answer]) -> Answer:
    """Ask; where the answer cannot be true, on a new connection again."""
    for _ in range(TRIES_AT_AN_ADDRESS - 1):
        try:
            return _asked(address, deadline, ask)
        except ImplausibleError as exc:
            if time.monotonic() >= deadline:
                raise
            logger.info("Asked again: %s", exc, extra={"action": "endpoint_doubted"})
    return _asked(address, deadline, ask)


def _asked(address: str, deadline: float, ask: Callable[[Endpoint], Answer]) -> Answer:
    endpoint = Endpoint(address, deadline=deadline)
    try:
        with endpoint:
            return ask(endpoint)
    except ForbiddenError as exc:
        exc.answers_else = endpoint.has_answered or _is_alive(address, deadline, unless=exc.method)
        raise


def _is_alive(address: str, deadline: float, *, unless: str) -> bool:
    """Whether it answers what every node does; `unless` is what it just refused."""
    if unless == EPOCH_METHOD:
        return False
    try:
        with Endpoint(address, deadline=deadline) as endpoint:
            endpoint.call(EPOCH_METHOD, [], Reply[dict[str, object]])
    except EndpointError:
        return False
    return True


def _genesis_hash(endpoint: Endpoint, chain: Chain | None) -> str:
    """Asked where nobody has lately; empty where the endpoint does not tell. Raises an ImplausibleError."""
    if chain is None or endpoint.name in chain.checked:
        return ""
    try:
        genesis_hash = endpoint.call(GENESIS_METHOD, [], Reply[Key])
    except EndpointError:
        return ""
    if (doubt := doubt_about_genesis(genesis_hash, chain.genesis_hash)) is not None:
        raise implausible(endpoint.name, doubt)
    return genesis_hash


def _is_vouched_for(endpoint: Endpoint, genesis_hash: str, chain: Chain | None) -> bool:
    if chain is None or not chain.genesis_hash:
        return False
    return endpoint.name in chain.checked or genesis_hash == chain.genesis_hash


def _ask_patiently(endpoint: Endpoint, ask: Callable[[Endpoint], Answer]) -> Answer:
    """Ask; after a 429 whose Retry-After fits into the endpoint's time, wait that long and ask once more."""
    try:
        return ask(endpoint)
    except RateLimitedError as limited:
        report_pressure(str(limited))
        if limited.retry_after is None or limited.retry_after >= endpoint.seconds_left:
            raise
        time.sleep(limited.retry_after)
        return ask(endpoint)
