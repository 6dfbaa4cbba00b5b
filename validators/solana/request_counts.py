"""How often an endpoint was asked for a method, and what came of it, while somebody counts."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Final, NamedTuple

from validators.exceptions import (
    EndpointError,
    ForbiddenError,
    GoneError,
    HttpStatusError,
    ImplausibleError,
    MalformedReplyError,
    RateLimitedError,
    RpcError,
    TimedOutError,
)

NODE_BEHIND: Final = -32005
# No such method; and agave's answer where accounts of a program are not indexed.
NOT_OFFERED: Final = frozenset({-32601, -32010})
# Too many requests, said inside an HTTP 200.
THROTTLED: Final = frozenset({429, -32429})


class Outcome(StrEnum):
    """What came of a request."""

    OK = "ok"
    NO_CONNECTION = "no_connection"
    TIMEOUT = "timeout"
    HTTP_ERROR = "http_error"
    FORBIDDEN = "forbidden"
    THROTTLED = "throttled"
    RPC_ERROR = "rpc_error"
    BEHIND = "behind"
    NOT_OFFERED = "not_offered"
    MALFORMED = "malformed"
    IMPLAUSIBLE = "implausible"


# The first that fits.
_BY_ERROR: Final[tuple[tuple[type[EndpointError], Outcome], ...]] = (
    (TimedOutError, Outcome.TIMEOUT),
    (RateLimitedError, Outcome.THROTTLED),
    (ForbiddenError, Outcome.FORBIDDEN),
    (GoneError, Outcome.NOT_OFFERED),
    (HttpStatusError, Outcome.HTTP_ERROR),
    (MalformedReplyError, Outcome.MALFORMED),
    (ImplausibleError, Outcome.IMPLAUSIBLE),
)


class Request(NamedTuple):
    """`host` is the endpoint's name, else its host and port: the rest of its address could be a key."""

    host: str
    method: str
    outcome: Outcome


_counted: ContextVar[Counter[Request] | None] = ContextVar("counted_requests", default=None)


@contextmanager
def counted_requests() -> Iterator[Counter[Request]]:
    """Every request made within, as they are made."""
    counts: Counter[Request] = Counter()
    token = _counted.set(counts)
    try:
        yield counts
    finally:
        _counted.reset(token)


def count_answer(host: str, method: str) -> None:
    _count(Request(host, method, Outcome.OK))


def count_failure(host: str, error: EndpointError) -> None:
    _count(Request(host, error.method, outcome_of(error)))


def count_doubt(host: str, error: EndpointError) -> None:
    """A reply that was counted as good turned out to be unusable as a whole."""
    _count(Request(host, error.method, Outcome.OK), by=-1)
    count_failure(host, error)


def outcome_of(error: EndpointError) -> Outcome:
    if isinstance(error, RpcError):
        return _outcome_of_code(error.code)
    fitting = (outcome for kind, outcome in _BY_ERROR if isinstance(error, kind))
    return next(fitting, Outcome.NO_CONNECTION)


def _outcome_of_code(code: int) -> Outcome:
    if code in NOT_OFFERED:
        return Outcome.NOT_OFFERED
    return Outcome.BEHIND if code == NODE_BEHIND else Outcome.RPC_ERROR


def _count(request: Request, *, by: int = 1) -> None:
    counts = _counted.get()
    if counts is not None:
        counts[request] += by
