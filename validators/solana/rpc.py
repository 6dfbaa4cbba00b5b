"""JSON-RPC over HTTP."""

import email.utils
import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import requests
from pydantic import ValidationError
from urllib3.exceptions import ReadTimeoutError

from scheduling.exceptions import UnreachableError
from scheduling.outgoing import BoundedSession, TooLargeError, body_of
from validators.exceptions import (
    EndpointError,
    ForbiddenError,
    GoneError,
    HttpStatusError,
    MalformedReplyError,
    RateLimitedError,
    RpcError,
    TimedOutError,
    UnavailableError,
)
from validators.solana.endpoint_names import masked, parsed_address, tallied_as, without_keys
from validators.solana.request_counts import (
    NODE_BEHIND,
    THROTTLED,
    count_answer,
    count_doubt,
    count_failure,
)
from validators.solana.schemas import Reply, RpcFailure, describe
from validators.solana.text import quoted

# A node that is there accepts within a round trip; five seconds allow for two lost packets.
CONNECT_SECONDS: Final = 5.0
# The longest silence inside an answer. getVoteAccounts takes a loaded public node a few seconds.
READ_SECONDS: Final = 20.0
# Twenty thousand vote accounts are 9 MB; what is far larger is not an answer.
LARGEST_BODY: Final = 64 * 1024 * 1024
# Of what an endpoint says of its own errors.
LONGEST_QUOTE: Final = 200
OUT_OF_TIME: Final = "the time limit of the fetch ran out"

Result = TypeVar("Result")


class Endpoint:
    """One JSON-RPC endpoint for the length of one snapshot, as a context manager.

    `address` is a URL, or a name for it and the URL. `deadline` is an instant of
    time.monotonic(); no call outlives it.
    """

    def __init__(self, address: str, *, deadline: float) -> None:
        self.name: Final = masked(address)
        self._host = tallied_as(self.name)
        self._url = parsed_address(address).url
        self._deadline = deadline
        self._session = BoundedSession(deadline=deadline)
        self._last_id = 0
        self._last_failure: EndpointError | None = None
        self._has_answered = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()
        # Whoever reads a reply as a whole may find it unusable after `call` took it for good.
        if isinstance(error, EndpointError) and error is not self._last_failure:
            count_doubt(self._host, error)
        self._last_failure = None

    @property
    def seconds_left(self) -> float:
        return self._deadline - time.monotonic()

    @property
    def has_answered(self) -> bool:
        """Whether any question got an answer since it was opened."""
        return self._has_answered

    def call(self, method: str, params: list[Any], reply_type: type[Reply[Result]]) -> Result:
        """Ask once. Raises UnavailableError, RateLimitedError, RpcError or MalformedReplyError."""
        try:
            result = self._result(method, params, reply_type)
        except EndpointError as exc:
            self._last_failure = exc
            count_failure(self._host, exc)
            raise
        self._has_answered = True
        count_answer(self._host, method)
        return result

    def _result(self, method: str, params: list[Any], reply_type: type[Reply[Result]]) -> Result:
        self._last_id += 1
        body = self._body(method, {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params})
        try:
            reply = reply_type.read(body)
        except ValidationError as exc:
            cause = without_keys(_malformed(body, exc), self._url)
            raise MalformedReplyError(self.name, method, cause) from None
        if reply.error is not None and reply.error.code in THROTTLED:
            raise RateLimitedError(self.name, method, self._failure(reply.error), None)
        if reply.error is not None:
            raise RpcError(self.name, method, self._failure(reply.error), reply.error.code)
        if reply.id != self._last_id:
            answered = quoted(repr(reply.id), longest=20)
            raise MalformedReplyError(self.name, method, f"reply to id {answered}, asked as {self._last_id}")
        if reply.result is None:
            raise MalformedReplyError(self.name, method, "neither a result nor an error")
        return reply.result

    def _failure(self, failure: RpcFailure) -> str:
        said = without_keys(failure.message, self._url)
        text = f"error {failure.code}: {quoted(said, longest=LONGEST_QUOTE)}"
        if failure.code == NODE_BEHIND and isinstance(failure.data, dict):
            slots = failure.data.get("numSlotsBehind")
            return f"the node is {slots} slots behind ({text})" if isinstance(slots, int) else text
        return text

    def _body(self, method: str, question: dict[str, Any]) -> bytes:
        patience = (CONNECT_SECONDS, READ_SECONDS)
        with (
            self._failures_named(method),
            self._session.asked("POST", self._url, patience=patience, json=question) as response,
        ):
            self._check_status(method, response)
            return self._read(method, response)

    @contextmanager
    def _failures_named(self, method: str) -> Iterator[None]:
        """Give requests' errors our type; unchained, since their texts hold the URL with its key."""
        try:
            yield
        except requests.RequestException as exc:
            if self.seconds_left <= 0:
                raise TimedOutError(self.name, method, OUT_OF_TIME) from None
            kind, cause = _connection_failure(exc)
            raise kind(self.name, method, cause) from None
        except UnreachableError as exc:
            if self.seconds_left <= 0:
                raise TimedOutError(self.name, method, OUT_OF_TIME) from None
            raise UnavailableError(self.name, method, f"no connection: {exc}") from None

    def _check_status(self, method: str, response: requests.Response) -> None:
        status = response.status_code
        if status == HTTPStatus.OK:
            return
        reason = without_keys(response.reason or "", self._url)
        cause = f"HTTP {status} {_phrase(status, reason)}".rstrip()
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            seconds = retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
            raise RateLimitedError(self.name, method, cause, seconds)
        if status == HTTPStatus.FORBIDDEN:
            raise ForbiddenError(self.name, method, cause)
        if status == HTTPStatus.GONE:
            raise GoneError(self.name, method, cause)
        if response.is_redirect:
            place = _place(response.headers["Location"])
            cause += f" to {place}; put the final address into SOLANA_RPC_URL"
        raise HttpStatusError(self.name, method, cause)

    def _read(self, method: str, response: requests.Response) -> bytes:
        try:
            body = body_of(response, largest=LARGEST_BODY)
        except TooLargeError:
            raise MalformedReplyError(self.name, method, f"more than {LARGEST_BODY:,} bytes") from None
        if self.seconds_left <= 0:
            raise TimedOutError(self.name, method, OUT_OF_TIME)
        return body


def retry_after(header: str | None, *, now: datetime) -> float | None:
    """Seconds to wait, from either form of Retry-After (a number or an HTTP date); None when unreadable."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        # Longer than any deadline is all that matters of a number with very many digits.
        return float(header.strip()[:12])
    try:
        at = email.utils.parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def _connection_failure(error: requests.RequestException) -> tuple[type[UnavailableError], str]:
    if isinstance(error, requests.ConnectTimeout):
        return TimedOutError, "no connection within its time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return UnavailableError, "the connection was cut in the middle of the reply"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ReadTimeoutError):
            return TimedOutError, "connected, no answer within its time"
        if isinstance(cause, OSError) and cause.strerror:
            return UnavailableError, f"no connection: {cause.strerror}"
        # requests wraps urllib3's error in args, and urllib3 keeps the socket's in `reason`.
        inner = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
        cause = inner if isinstance(inner, BaseException) else cause.__cause__ or cause.__context__
    return UnavailableError, f"no usable answer ({type(error).__name__})"


def _malformed(body: bytes, error: ValidationError) -> str:
    start = body[:200].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        return "HTML instead of JSON"
    if not start:
        return "an empty body"
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return f"not JSON, or cut off: {len(body):,} bytes, {first['msg']}"
    return f"wrong shape: {describe(error)}"


def _phrase(status: int, sent: str) -> str:
    """What every server says with the status, or what this one thought of."""
    known = http.client.responses.get(status, "")
    return sent if sent.lower() in ("", known.lower()) else quoted(sent, longest=LONGEST_QUOTE)


def _place(location: str) -> str:
    """Where a redirect leads, without what may be a key; it may be no address at all."""
    try:
        target = urlsplit(location).hostname
    except ValueError:
        return "what is no address"
    return quoted(target, longest=LONGEST_QUOTE) if target else "another path"
