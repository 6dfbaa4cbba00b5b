"""gunicorn's threads, held by whole requests only, as a buffering proxy in front would see to it.

gunicorn gives a connection a thread with its first byte: sixteen that say half a request stop a site of
sixteen threads. Here the loop of a worker listens to all of them, and a thread gets what is whole.
"""

import math
import signal
import socket
import struct
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn.http.errors import LimitRequestLine
from gunicorn.workers.gthread import ThreadWorker

from staking_project.front.handing_over import HandedOverError
from staking_project.front.hearing import Heard

# Seconds from the first word of a request to its last.
SECONDS_TO_ASK: Final = 10
# In which an answer, or a body without a length, gets on by a little; else its thread leaves it.
SECONDS_TO_GET_ON: Final = 20
# Of an answer, without anybody reading it: any page. The kernel may allow less.
TAKEN_AT_ONCE: Final = 512 * 1024
# A client that was answered may close its side within these; else its last segment may be lost.
SECONDS_TO_PART: Final = 2
# So many connections below gunicorn's limit, the one that waits longest goes.
SPARE: Final = 50
_READ_AT_ONCE: Final = 64 * 1024
# As the API tells of every problem, to scripts of other sites too: gunicorn refuses it before any view could.
_TOLD_TOO_LONG: Final = (
    b'{"detail":"This address is too long: it may have 16,380 bytes. Ask for fewer at once.",'
    b'"code":"too_long"}'
)
_TOO_LONG: Final = (
    b"HTTP/1.1 414 URI Too Long\r\nConnection: close\r\nContent-Type: application/json\r\n"
    b"Cache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_TOLD_TOO_LONG), _TOLD_TOO_LONG)
)
_WRONG: Final = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """gthread, but for when a connection gets a thread, and for how it is parted from."""

    def init_process(self) -> None:
        self._urgent = ThreadPoolExecutor(max_workers=1)
        self._parting: deque[Any] = deque()
        # Of requests that are not whole: none before it begins to stop; monotonic seconds.
        self._last_heard_at = math.inf
        super().init_process()

    def init_signals(self) -> None:
        """Until it can answer, it has nothing to end in good order: it ends at once."""
        super().init_signals()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # `pre_fork` of gunicorn_config.py holds it back.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self.handle_exit)
        super().run()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        serve = getattr(self.wsgi, "serve_streams", None)
        # Our loop is told, for the books are its own.
        self._streams = serve(lambda conn: self.method_queue.defer(self._drop, conn)) if serve else None

    def handle_request(self, req: Any, conn: Any) -> bool:
        try:
            return bool(super().handle_request(req, conn))
        except HandedOverError as handed:
            conn.handed = handed
            return False

    def _cap_keepalive(self, deadline: float) -> None:
        """Called when the worker begins to stop, which waits for all connections."""
        if self._streams is not None:
            self._streams.end()
        self._last_heard_at = deadline
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)
        super()._cap_keepalive(deadline)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Called with what a request was refused for."""
        if not isinstance(exc, LimitRequestLine):
            super().handle_error(req, client, addr, exc)
            return
        with suppress(OSError):
            client.sendall(_TOO_LONG)

    def enqueue_req(self, conn: Any) -> None:
        """Called when a connection is new, or has something to say: hear it out first."""
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            conn.sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", SECONDS_TO_GET_ON, 0))
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, TAKEN_AT_ONCE)
        conn.heard = Heard(conn.parser.unreader.take_buffered() if conn.parser else b"")
        conn.is_gone = conn.was_told_to_go_on = False
        conn.handed = None
        conn.timeout = min(time.monotonic() + SECONDS_TO_ASK, self._last_heard_at)
        conn.sock.setblocking(False)
        if self.nr_conns > self.worker_connections - SPARE and self.pending_conns:
            self._drop(self.pending_conns.popleft())
        if not self._is_off_our_hands(conn):
            self.pending_conns.append(conn)
            self.poller.register(conn.sock, EVENT_READ, partial(self._hear_more, conn))

    def _hear_more(self, conn: Any, sock: socket.socket) -> None:
        # One may be dropped for another while what it said waits in the same round of the loop.
        if not conn.is_gone and self._is_off_our_hands(conn):
            self.pending_conns.remove(conn)

    def _is_off_our_hands(self, conn: Any) -> bool:
        """Take in what is there, unless the request is whole already; hand it on when it is."""
        if conn.heard.lacks != 0:
            said = _received(conn.sock)
            if said == b"":
                self._drop(conn)
                return True
            conn.heard.hear(said or b"")
        if conn.heard.is_wrong:
            with suppress(OSError):
                conn.sock.send(_WRONG)
            self._forget(conn)
            self._part(conn)
            return True
        if conn.heard.lacks == 0:
            self._answer(conn)
        elif conn.heard.expects and not conn.was_told_to_go_on:
            conn.was_told_to_go_on = True
            with suppress(OSError):
                conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return bool(conn.heard.lacks == 0)

    def _answer(self, conn: Any) -> None:
        self._forget(conn)
        conn.init()
        conn.sock.setblocking(True)
        conn.parser.unreader.unread(bytes(conn.heard.bytes))
        pool = self._urgent if conn.heard.is_urgent else self.tpool
        future: Future[Any] = pool.submit(self.handle, conn)
        future.add_done_callback(lambda one: self.method_queue.defer(self.finish_request, conn, one))

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """A body that nobody reads is nothing to wait for in a thread."""
        return bool(super()._keepalive_after(conn, keepalive and conn.heard.is_heard_out))

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        if self._streams is not None and conn.handed is not None:
            self._streams.adopt(conn, conn.handed)
        elif not fs.cancelled() and fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
        else:
            self._part(conn)

    def _part(self, conn: Any) -> None:
        """Close our side, and theirs when they did, or took too long; gunicorn's loop would stand still."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        conn.timeout = time.monotonic() + SECONDS_TO_PART
        self._parting.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self._hear_them_leave, conn))

    def _hear_them_leave(self, conn: Any, sock: socket.socket) -> None:
        if not conn.is_gone and _received(sock) == b"":
            self._parting.remove(conn)
            self._drop(conn)

    def murder_pending(self) -> None:
        now = time.monotonic()
        for waiting in (self.pending_conns, self._parting):
            while waiting and waiting[0].timeout <= now:
                self._drop(waiting.popleft())

    def _forget(self, conn: Any) -> None:
        with suppress(KeyError, ValueError, OSError):
            self.poller.unregister(conn.sock)

    def _drop(self, conn: Any) -> None:
        conn.is_gone = True
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()


def _received(sock: socket.socket) -> bytes | None:
    """What is there; None for nothing yet, empty for the end."""
    try:
        return sock.recv(_READ_AT_ONCE)
    except BlockingIOError:
        return None
    except OSError:
        return b""
