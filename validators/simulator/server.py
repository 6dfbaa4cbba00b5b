"""The HTTP side: one JSON-RPC endpoint on loopback, misbehaving where the fault plan says so."""

import itertools
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from validators.simulator.faults import Fault, FaultPlan
from validators.simulator.jsonrpc import NODE_BEHIND, Answers, RpcError, respond

# What agave accepts (MAX_REQUEST_BODY_SIZE).
_LARGEST_REQUEST_BYTES = 50 * 1024
# Python refuses to read a number of thousands of digits.
_LONGEST_CONTENT_LENGTH = 20
_RETRY_AFTER_SECONDS = 1
_SLOTS_BEHIND = 142
# How soon a hanging answer notices that its client left or the server stops.
_HANG_CHECK_SECONDS = 0.05
_JSON, _HTML, _TEXT = "application/json", "text/html; charset=utf-8", "text/plain"
_PAGE = b"<!doctype html><html><head><title>Just a moment...</title></head><body>Checking.</body></html>"

Address = tuple[str, int]


class RpcServer(ThreadingHTTPServer):
    """Serves the answers until it is closed; one thread per connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, address: Address, answers: Answers, *, faults: FaultPlan, seed: int, slow_seconds: float
    ) -> None:
        self.answers = answers
        self.stopping = threading.Event()
        self.slow_seconds = slow_seconds
        self._faults = faults
        self._seed = seed
        self._requests = itertools.count()
        self._connections: set[socket.socket] = set()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Exchange)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if self.address_family == socket.AF_INET6 else str(host)
        return f"http://{name}:{port}"

    def next_fault(self) -> Fault | None:
        """What befalls the request that just came in."""
        return self._faults.fault(seed=self._seed, request=next(self._requests))

    def server_bind(self) -> None:
        # HTTPServer would ask the resolver for a host name that nobody reads.
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may leave at any time; that is no news."""

    def close(self) -> None:
        """Stops listening and ends every open connection, hanging ones too."""
        self.stopping.set()
        self.server_close()
        for connection in tuple(self._connections):
            _end(connection)


class _Exchange(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: RpcServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/health":
            self._send(200, b"ok", _TEXT)
        else:
            self._send(405, b"JSON-RPC requests are sent with POST.\n", _TEXT)

    def do_POST(self) -> None:
        body = self._read_body()
        if body is None:
            return
        fault = self.server.next_fault()
        if fault is None:
            self._answer(body, self.server.answers)
        else:
            self._misbehave(fault, body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stays silent: a worker asks every few seconds."""

    def _read_body(self) -> bytes | None:
        """The request's body; None when it was refused."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self._refuse(411, b"Content-Length is required.\n")
            return None
        if len(length) > _LONGEST_CONTENT_LENGTH or int(length) > _LARGEST_REQUEST_BYTES:
            self._refuse(413, b"The request is too large.\n")
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: int, why: bytes) -> None:
        """Refuses a body that stays unread, so the connection is of no further use."""
        self.close_connection = True
        self._send(status, why, _TEXT)

    def _answer(self, body: bytes, answers: Answers) -> None:
        response = respond(body, answers)
        if response is None:
            self.send_response_only(204)
            self.end_headers()
        else:
            self._send(200, response, _JSON)

    def _misbehave(self, fault: Fault, body: bytes) -> None:
        match fault:
            case Fault.RATE_LIMITED:
                self._send(429, b"Too many requests.\n", _TEXT, retry_after=_RETRY_AFTER_SECONDS)
            case Fault.SERVER_ERROR:
                self._send(500, b"Internal server error.\n", _TEXT)
            case Fault.SLOW:
                self.server.stopping.wait(self.server.slow_seconds)
                self._answer(body, self.server.answers)
            case Fault.TRUNCATED:
                self._send_half(respond(body, self.server.answers) or b"{}")
            case Fault.HTML:
                self._send(200, _PAGE, _HTML)
            case Fault.EMPTY:
                self._send(200, b"", _JSON)
            case Fault.BEHIND:
                self._answer(body, _BehindAnswers())
            case Fault.HANG:
                self._hang()
            case Fault.CUT:
                self.close_connection = True

    def _send(self, status: int, body: bytes, content_type: str, *, retry_after: int | None = None) -> None:
        self._send_head(status, len(body), content_type, retry_after)
        self.wfile.write(body)

    def _send_half(self, body: bytes) -> None:
        self.close_connection = True
        self._send_head(200, len(body), _JSON, None)
        self.wfile.write(body[: len(body) // 2])

    def _send_head(self, status: int, length: int, content_type: str, retry_after: int | None) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _hang(self) -> None:
        self.close_connection = True
        while not self.server.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], _HANG_CHECK_SECONDS)
            if readable and not self.connection.recv(1024):
                return


class _BehindAnswers:
    """The node of every method when it lags behind the cluster."""

    def result(self, method: str, params: list[Any]) -> bytes:
        raise RpcError(
            NODE_BEHIND, f"Node is behind by {_SLOTS_BEHIND} slots", {"numSlotsBehind": _SLOTS_BEHIND}
        )


@contextmanager
def serving(server: RpcServer) -> Iterator[str]:
    """Runs a server in a thread of this process and yields its URL."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.close()
        thread.join()


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It ended by itself meanwhile.
        return
