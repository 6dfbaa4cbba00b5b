"""One HTTP address on loopback behind which several nodes answer, each question another perhaps."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.validators.nodes.node import Answer, Node
from validators.simulator.clock import Moment

# Who is asked next: the method and everybody there. Seeded choice unless a test says otherwise.
Chooser = Callable[[str, Sequence[Node]], Node]
_HANG_CHECK_SECONDS = 0.05


class Sighting(NamedTuple):
    """One question and who answered it, for the test to look at. `at` is the faked clock's."""

    at: float
    method: str
    node: Node
    moment: Moment
    # The truth of that moment, of that node's chain.
    honest: bool
    answered: bool


class ManyNodes:
    """The nodes behind one address; the same seed chooses the same nodes for the same questions."""

    def __init__(self, *nodes: Node, seed: int = 0, choose: Chooser | None = None) -> None:
        self.nodes = list(nodes)
        self.sightings: list[Sighting] = []
        self.url = ""
        self.stopping = threading.Event()
        self.random = random.Random(seed)
        self.choose = choose or (lambda method, nodes: self.random.choice(nodes))
        # A cluster's caches are one thread's at a time.
        self._lock = threading.Lock()

    @property
    def node(self) -> Node:
        """The only one."""
        (one,) = self.nodes
        return one

    def answer(self, question: dict[str, Any]) -> Answer:
        method, params = question["method"], question.get("params") or []
        with self._lock:
            node = self.choose(method, self.nodes)
            answer = node.answer(method, params)
            answered = answer.refusal is None
            self.sightings.append(
                Sighting(time.time(), method, node, answer.moment, answer.honest and answered, answered)
            )
        return answer

    @property
    def methods(self) -> list[str]:
        return [sighting.method for sighting in self.sightings]


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.server.address.answer(question)
        refusal = answer.refusal
        if refusal is None:
            self._send(200, {"jsonrpc": "2.0", "id": question["id"], "result": answer.result})
        elif refusal.cut:
            self._send(200, {"jsonrpc": "2.0", "id": question["id"], "result": [0] * 100}, cut=True)
        elif refusal.code is None:
            self._send(refusal.status, None)
        else:
            error = {"code": refusal.code, "message": refusal.message, "data": refusal.details}
            self._send(200, {"jsonrpc": "2.0", "id": question["id"], "error": error})

    def log_message(self, *args: Any) -> None:
        """Stays silent."""

    def _send(self, status: int, document: Any, *, cut: bool = False) -> None:
        body = b"" if document is None else json.dumps(document, separators=(",", ":")).encode()
        self.close_connection |= cut
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: ManyNodes) -> None:
        self.address = address
        super().__init__(("127.0.0.1", 0), _Exchange)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may leave at any time; that is no news."""


@contextmanager
def listening(address: ManyNodes) -> Iterator[ManyNodes]:
    """The address answers as long as the block runs."""
    server = _Server(address)
    address.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        address.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
