"""gunicorn's threads, held by whole requests only, as a buffering proxy in front would see to it.

gunicorn gives a connection a thread with its first byte: sixteen that say half a request stop a site of
sixteen threads. Here the loop of a worker listens to all of them, and a thread gets what is whole.
"""

import re
import socket
import struct
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

from staking_project.front.sizes import LARGEST_BODY

# Seconds from the first word of a request to its last.
SECONDS_TO_ASK: Final = 10
# In which an answer, or a body without a length, gets on by a little; else its thread leaves it.
SECONDS_TO_GET_ON: Final = 20
# Of an answer, without anybody reading it: any page. The kernel may allow less.
TAKEN_AT_ONCE: Final = 512 * 1024
# A client that was answered may close its side within these; else its last segment may be lost.
SECONDS_TO_PART: Final = 2
# More than gunicorn's own limits of an address and of fields let through.
LONGEST_HEAD: Final = 64 * 1024
# So many connections below gunicorn's limit, the one that waits longest goes.
SPARE: Final = 50
_READ_AT_ONCE: Final = 64 * 1024
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_EXPECTS: Final = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
# What must be answered at once whatever else is asked for, and takes no time.
_URGENT: Final = (b"GET /healthz ", b"HEAD /healthz ")


def missing(heard: bytes | bytearray) -> int | None:
    """How many bytes a request still lacks; None while its head does not say.

    0 for what is for gunicorn to refuse. A body without a length is nothing that our views read.
    """
    end = heard.find(b"\r\n\r\n")
    if end < 0:
        return 0 if len(heard) > LONGEST_HEAD else None
    said = _LENGTH.search(heard, 0, end + 2)
    length = int(said[1]) if said else 0
    return 0 if length > LARGEST_BODY else max(0, end + 4 + length - len(heard))


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """gthread, but for when a connection gets a thread, and for how it is parted from."""

    def init_process(self) -> None:
        self._urgent = ThreadPoolExecutor(max_workers=1)
        self._parting: deque[Any] = deque()
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Called when a connection is new, or has something to say: hear it out first."""
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            conn.sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", SECONDS_TO_GET_ON, 0))
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, TAKEN_AT_ONCE)
        conn.heard = bytearray(conn.parser.unreader.take_buffered() if conn.parser else b"")
        conn.was_told_to_go_on = False
        conn.timeout = time.monotonic() + SECONDS_TO_ASK
        conn.sock.setblocking(False)
        if self.nr_conns > self.worker_connections - SPARE and self.pending_conns:
            self._drop(self.pending_conns.popleft())
        if not self._hear(conn):
            self.pending_conns.append(conn)
            self.poller.register(conn.sock, EVENT_READ, partial(self._hear_more, conn))

    def _hear_more(self, conn: Any, sock: socket.socket) -> None:
        if self._hear(conn):
            self.pending_conns.remove(conn)

    def _hear(self, conn: Any) -> bool:
        """Take in what is there; say whether the connection is off our hands."""
        said = _received(conn.sock)
        if said == b"":
            self._drop(conn)
            return True
        conn.heard += said or b""
        left = missing(conn.heard)
        if left == 0:
            self._answer(conn)
        elif left and not conn.was_told_to_go_on and _EXPECTS.search(conn.heard):
            conn.was_told_to_go_on = True
            with suppress(OSError):
                conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return left == 0

    def _answer(self, conn: Any) -> None:
        self._forget(conn)
        conn.init()
        conn.sock.setblocking(True)
        conn.parser.unreader.unread(bytes(conn.heard))
        pool = self._urgent if conn.heard.startswith(_URGENT) else self.tpool
        future: Future[Any] = pool.submit(self.handle, conn)
        future.add_done_callback(lambda one: self.method_queue.defer(self.finish_request, conn, one))

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """A body that nobody reads is nothing to wait for in a thread."""
        return bool(super()._keepalive_after(conn, keepalive and _is_heard_out(conn.heard)))

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        if not fs.cancelled() and fs.exception() is None and fs.result():
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
        if _received(sock) == b"":
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


def _is_heard_out(heard: bytes | bytearray) -> bool:
    """Whether its body, if it has one, was all there before it was answered."""
    end = heard.find(b"\r\n\r\n")
    said = _LENGTH.search(heard, 0, end + 2)
    return b"transfer-encoding" not in heard[:end].lower() and (not said or int(said[1]) <= LARGEST_BODY)
