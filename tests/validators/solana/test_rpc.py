"""One call to one endpoint, and every way in which it can fail."""

import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from scheduling import outgoing
from tests.validators import replies
from tests.validators.endpoints import (
    CannedEndpoint,
    bare_endpoint,
    drips,
    hangs_up_after,
    never_answers,
    reply,
    rpc_error,
)
from validators.exceptions import (
    EndpointError,
    MalformedReplyError,
    RateLimitedError,
    RpcError,
    TimedOutError,
    UnavailableError,
)
from validators.solana import rpc
from validators.solana.endpoint_names import masked
from validators.solana.rpc import Endpoint, retry_after
from validators.solana.schemas import EpochInfo, Reply

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def ask(url: str, seconds: float = 5.0) -> EpochInfo:
    with Endpoint(url, deadline=time.monotonic() + seconds) as endpoint:
        return endpoint.call("getEpochInfo", [], Reply[EpochInfo])


def test_a_result_is_parsed_into_our_names(endpoint: CannedEndpoint) -> None:
    answer = ask(endpoint.url)

    assert (answer.epoch, answer.slot_index, answer.slots_in_epoch) == (990, 216_000, 432_000)


FAULTS: list[tuple[Response, type[EndpointError], str]] = [
    (reply("", 500), UnavailableError, "HTTP 500 INTERNAL SERVER ERROR"),
    (reply("", 503), UnavailableError, "HTTP 503"),
    (reply("", 403), UnavailableError, "HTTP 403"),
    (reply("", 413), UnavailableError, "HTTP 413"),
    (
        reply("", 302, Location="https://elsewhere.example/"),
        UnavailableError,
        "HTTP 302 FOUND to “elsewhere.example”; ",
    ),
    (
        reply("", 307, Location="/elsewhere"),
        UnavailableError,
        "HTTP 307 TEMPORARY REDIRECT to another path; ",
    ),
    (reply("", 429), RateLimitedError, "HTTP 429"),
    (rpc_error(-32005, "Node is behind", {"numSlotsBehind": 153}), RpcError, "the node is 153 slots behind"),
    (rpc_error(-32601, "Method not found"), RpcError, "error -32601: “Method not found”"),
    (rpc_error(-32603, "caf\u00e9\n\u202e" * 100), RpcError, r"error -32603: “caf\xe9\n\u202e"),
    (
        reply("<!DOCTYPE html><html><body>Bad gateway</body></html>"),
        MalformedReplyError,
        "HTML instead of JSON",
    ),
    (
        reply('{"jsonrpc": "2.0", "id": 1, "result": {"epo'),
        MalformedReplyError,
        "not JSON, or cut off: 43 bytes",
    ),
    (reply(""), MalformedReplyError, "an empty body"),
    (reply("[" * 100_000), MalformedReplyError, "recursion limit"),
    (reply(b"\xff\xfe\x00"), MalformedReplyError, "not JSON"),
    (reply("null"), MalformedReplyError, "wrong shape"),
    (reply([]), MalformedReplyError, "wrong shape"),
    (reply({"id": 1}), MalformedReplyError, "neither a result nor an error"),
    (reply({"id": 1, "result": []}), MalformedReplyError, "wrong shape: result"),
    (reply({"id": 7, "result": replies.epoch_info()}), MalformedReplyError, "reply to id “7”, asked as 1"),
    (
        reply({"id": "1", "result": replies.epoch_info()}),
        MalformedReplyError,
        "reply to id “'1'”, asked as 1",
    ),
    (reply({"id": 1, "error": "no"}), MalformedReplyError, "wrong shape: error"),
    (
        reply({"id": 1, "result": replies.epoch_info() | {"epoch": "990"}}),
        MalformedReplyError,
        "result.epoch: Input should be a valid integer (was “'990'”)",
    ),
    (
        reply({"id": 1, "result": replies.epoch_info() | {"slotsInEpoch": 0}}),
        MalformedReplyError,
        "result.slotsInEpoch",
    ),
    (
        reply({"id": 1, "result": replies.epoch_info(slot_index=432_000)}),
        MalformedReplyError,
        "slot 432000 of",
    ),
]


@pytest.mark.parametrize(("fault", "error", "cause"), FAULTS, ids=[cause for _, _, cause in FAULTS])
def test_a_bad_answer_is_an_error_that_names_endpoint_method_and_cause(
    endpoint: CannedEndpoint, fault: Response, error: type[EndpointError], cause: str
) -> None:
    endpoint.faults = [fault]

    with pytest.raises(error) as raised:
        ask(f"{endpoint.url}?api-key=SECRET")

    assert str(raised.value).startswith(f"{endpoint.url}?api-key=*** getEpochInfo: ")
    assert cause in str(raised.value)


@pytest.mark.parametrize(
    "said",
    [
        rpc_error(-32000, "no project at /?api-key=SECRET"),
        rpc_error(429, "SECRET asked too often"),
        reply({"error": "SECRET is no key"}),
    ],
)
def test_what_it_says_of_our_key_is_not_repeated(endpoint: CannedEndpoint, said: Response) -> None:
    endpoint.faults = [said]

    with pytest.raises(EndpointError) as raised:
        ask(f"{endpoint.url}?api-key=SECRET")

    assert "***" in raised.value.cause
    assert "SECRET" not in str(raised.value)


def test_a_redirect_is_not_followed(endpoint: CannedEndpoint, httpserver: HTTPServer) -> None:
    other = CannedEndpoint(httpserver, "/other")
    endpoint.faults = [reply("", 307, Location=other.url)]

    with pytest.raises(UnavailableError):
        ask(endpoint.url)

    assert other.asked == []


def test_a_redirect_to_what_is_no_address_is_an_error_too() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n"

    with (
        bare_endpoint(hangs_up_after(answer)) as url,
        pytest.raises(UnavailableError, match="HTTP 302 Found to what is no address; "),
    ):
        ask(url)


def test_a_refused_connection_says_so_without_the_key() -> None:
    with pytest.raises(UnavailableError) as raised:
        ask("http://name:SECRET@127.0.0.1:9/SECRET?api-key=SECRET")

    text = str(raised.value)
    assert text == "http://***@127.0.0.1:9/***?api-key=*** getEpochInfo: no connection: Connection refused"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_host_without_an_address_says_so() -> None:
    with pytest.raises(UnavailableError, match="no connection: "):
        ask("http://no-such-host.invalid/")


def test_a_host_whose_name_nobody_looks_up_leaves_time_for_the_next_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(
        "scheduling.public_addresses.socket.getaddrinfo", lambda *_, **__: ended.wait() and []
    )
    monkeypatch.setattr(rpc, "CONNECT_SECONDS", 0.05)

    try:
        with pytest.raises(UnavailableError, match="no connection: nobody said in time where its name leads"):
            ask("http://rpc.example.org/", seconds=60.0)
        with pytest.raises(TimedOutError, match=rpc.OUT_OF_TIME):
            ask("http://rpc.example.org/", seconds=0.01)
    finally:
        ended.set()


OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "behave",
    [
        never_answers,
        drips(b""),
        drips(OK_HEAD + b"X-Long: "),
        drips(OK_HEAD + b"Content-Length: 100000\r\n\r\n{"),
        drips(OK_HEAD + b"\r\n{"),
    ],
    ids=[
        "accepts and is silent",
        "drips a status line",
        "drips headers",
        "drips a body",
        "drips without length",
    ],
)
def test_an_endpoint_that_does_not_finish_is_left_at_the_deadline(behave: Callable[..., None]) -> None:
    began = time.monotonic()

    with bare_endpoint(behave) as url, pytest.raises(UnavailableError):
        ask(url, seconds=0.5)

    assert 0.4 < time.monotonic() - began < 1.5


def falls_silent(connection: socket.socket) -> None:
    connection.sendall(OK_HEAD + b'Content-Length: 1000\r\n\r\n{"id"')
    never_answers(connection)


@pytest.mark.parametrize("behave", [never_answers, falls_silent])
def test_a_silent_endpoint_is_left_at_the_read_limit(
    monkeypatch: pytest.MonkeyPatch, behave: Callable[..., None]
) -> None:
    monkeypatch.setattr(rpc, "READ_SECONDS", 0.2)

    with (
        bare_endpoint(never_answers) as url,
        pytest.raises(UnavailableError, match="no answer within its time"),
    ):
        ask(url, seconds=30)


@pytest.mark.parametrize(
    "beginning",
    [b"", b"HTTP/1.1 200", OK_HEAD + b'Content-Length: 1000\r\n\r\n{"id"'],
    ids=["nothing", "status", "body"],
)
def test_a_connection_cut_in_the_middle_is_an_error(beginning: bytes) -> None:
    with bare_endpoint(hangs_up_after(beginning)) as url, pytest.raises(EndpointError):
        ask(url)


@pytest.mark.parametrize("size", [b"-11", b"-1", b"zz", b"f" * 20])
def test_a_body_in_parts_of_no_size_is_an_error(size: bytes) -> None:
    answer = OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + size + b'\r\n{"id": 1}\r\n0\r\n\r\n'

    with bare_endpoint(hangs_up_after(answer)) as url, pytest.raises(EndpointError):
        ask(url)


def test_a_body_beyond_all_measure_is_not_read_to_its_end(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc, "LARGEST_BODY", 1_000_000)
    monkeypatch.setattr(outgoing, "CHUNK", 10_000)
    endpoint.faults = [reply("x" * 2_000_000)]

    with pytest.raises(MalformedReplyError, match="more than 1,000,000 bytes"):
        ask(endpoint.url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://api.mainnet-beta.solana.com", "https://api.mainnet-beta.solana.com"),
        ("https://rpc.example/v2/abcdef", "https://rpc.example/v2/***"),
        ("https://rpc.example/abcdef/", "https://rpc.example/***/"),
        ("https://user:pass@rpc.example:8899/", "https://***@rpc.example:8899/"),
        ("https://rpc.example/?api-key=abc&x=1#abc", "https://rpc.example/?api-key=***&x=***"),
        ("https://rpc.example/?abcdef", "https://rpc.example/?***"),
        ("https://rpc.example/?=abcdef", "https://rpc.example/?=***"),
        ("https://rpc.example/?a=b&abcdef", "https://rpc.example/?a=***&***"),
    ],
)
def test_keys_in_an_address_are_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("9" * 5_000, 999_999_999_999.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 13:00:30 +0100", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header: Any, seconds: float | None) -> None:
    assert retry_after(header, now=NOON) == seconds
