"""Asking several endpoints in order, within one time limit."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from scheduling.engine.execution import report_pressure
from validators.exceptions import (
    EndpointError,
    ForbiddenError,
    NoEndpointAnsweredError,
    NotConfiguredError,
    RateLimitedError,
    RpcError,
    ValidatorsError,
)
from validators.solana.request_counts import NOT_OFFERED
from validators.solana.rpc import Endpoint

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


def first_answer(urls: Sequence[str], *, seconds: float, ask: Callable[[Endpoint], Answer]) -> Answer:
    """Ask the endpoints in order until one gives a usable answer; all of it within `seconds`.

    Each endpoint gets an equal share of the time that is left, so that one that never answers
    does not use up the others'. Raises the endpoint's EndpointError, or NoEndpointAnsweredError
    when there were several.
    """
    if not urls:
        raise NotConfiguredError(
            "No endpoint to ask: set SOLANA_RPC_URL, for example to https://api.mainnet-beta.solana.com, "
            "or to http://127.0.0.1:8899 with `manage.py simulate_cluster --port 8899` running."
        )
    deadline = time.monotonic() + seconds
    failures: list[EndpointError] = []
    for position, url in enumerate(urls):
        share = (deadline - time.monotonic()) / (len(urls) - position)
        try:
            with Endpoint(url, deadline=time.monotonic() + share) as endpoint:
                return _ask_patiently(endpoint, ask)
        except EndpointError as exc:
            logger.warning("No usable answer from %s", exc, extra={"action": "endpoint_failed"})
            failures.append(exc)
    if len(failures) == 1:
        raise failures[0]
    raise NoEndpointAnsweredError(failures)


def offered_by_nobody(error: ValidatorsError) -> bool:
    """Whether every endpoint refused the method itself, so that asking again soon is of no use."""
    failures = error.failures if isinstance(error, NoEndpointAnsweredError) else [error]
    return all(
        isinstance(failure, ForbiddenError) or (isinstance(failure, RpcError) and failure.code in NOT_OFFERED)
        for failure in failures
    )


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
