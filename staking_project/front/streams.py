"""All open event streams of a process, served by one thread that looks at the database once a second.

A request's thread says what happened so far and hands its connection over; what is said from then on never
waits for a reader. Who takes too long is parted from: his browser comes back and says where he was.
"""

import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Final

from django.db import Error as DatabaseError
from django.db import close_old_connections, connections
from django.http import HttpRequest

from staking_project.front.addresses import client_address
from staking_project.front.handing_over import HandedOverError
from validators.api.event_stream import HAS_ROOM, MOST_AT_ONCE, EventStream, frame, mark
from validators.models import ValidatorEvent
from validators.reading.events import events_after

logger = logging.getLogger(__name__)

# In a process; half of that of one address, so that one visitor never shuts out all others.
MOST_STREAMS: Final = 500
MOST_OF_ONE_ADDRESS: Final = 250
SECONDS_BETWEEN_LOOKS: Final = 1.0
# So often a stream says something; proxies close what is silent for a minute.
SECONDS_OF_SILENCE: Final = 15.0
# Bytes that wait for a reader, beside what the kernel holds for him.
MOST_UNSENT: Final = 64 * 1024
# Bytes that a reader says once his request is over. Browsers say none, and each wakes the thread of all.
MOST_HEARD: Final = 4 * 1024
# Milliseconds in which what was sent is acknowledged, or the other side is gone without a word.
ACKNOWLEDGED_WITHIN: Final = 30_000
_ADDRESS: Final = "events.address"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WithStreams:
    """A WSGI application whose event streams go on when their request is over, where a worker serves them."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._streams: Streams | None = None

    def serve_streams(self, parted: Callable[[Any], None]) -> "Streams":
        """Called by a worker that can hand connections over; it is told of each that is parted from."""
        self._streams = Streams(parted)
        return self._streams

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self._streams is None:
            return self._application(environ, start_response)
        environ[HAS_ROOM] = self._streams.has_room
        answer = self._application(environ, start_response)
        if not isinstance(answer, EventStream) or answer.place is None or environ["REQUEST_METHOD"] != "GET":
            return answer
        # gunicorn's own, which writes head and body as HTTP of any version wants them.
        writing = start_response.__self__  # type: ignore[attr-defined]
        writing.force_close()
        try:
            for part in answer:
                writing.write(part)
        finally:
            answer.close()
        raise HandedOverError(answer.place, address=environ[_ADDRESS], chunked=writing.chunked)


class Stream:
    """One reader: where he is, and what could not be sent yet. `conn` is the worker's."""

    def __init__(self, conn: Any, handed: HandedOverError) -> None:
        self.conn, self.place, self.address = conn, handed.place, handed.address
        self._chunked, self._unsent, self._heard = handed.chunked, bytearray(), 0

    def say(self, said: bytes) -> bool:
        """False for one to part from: he is gone, or reads too slowly."""
        if said:
            self._unsent += b"%x\r\n%b\r\n" % (len(said), said) if self._chunked else said
        try:
            while self._unsent:
                del self._unsent[: self.conn.sock.send(self._unsent)]
        except BlockingIOError:
            return len(self._unsent) <= MOST_UNSENT
        except OSError:
            return False
        return True

    def end(self) -> None:
        if self._chunked:
            self._unsent += b"0\r\n\r\n"
        self.say(b"")

    def is_there(self) -> bool:
        """Whether a reader who has something to say says anything but farewell, and does not go on and on."""
        try:
            said = self.conn.sock.recv(MOST_HEARD)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._heard += len(said)
        return bool(said) and self._heard <= MOST_HEARD


class Streams:
    """The streams of a process. `parted` is told of each connection that is over, from the thread of all."""

    def __init__(self, parted: Callable[[Any], None]) -> None:
        self._parted = parted
        self._new: SimpleQueue[Stream] = SimpleQueue()
        self._open: dict[Any, Stream] = {}
        # By address, also of those that are not taken in yet.
        self._count: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._selector = DefaultSelector()
        self._waking, self._woken = socket.socketpair()
        self._waking.setblocking(False)
        self._selector.register(self._woken, EVENT_READ)
        # Of the newest event that all were told of.
        self._number = 0
        self._looked_at = self._said_at = 0.0
        self._is_over = self._is_cut_off = False

    def has_room(self, request: HttpRequest) -> bool:
        address = request.META[_ADDRESS] = client_address(request)
        with self._lock:
            of_all, of_one = self._count.total(), self._count[address]
        return not self._is_over and of_all < MOST_STREAMS and of_one < MOST_OF_ONE_ADDRESS

    def adopt(self, conn: Any, handed: HandedOverError) -> None:
        """Take a connection whose request is over."""
        conn.sock.setblocking(False)
        # Of a socket that is no TCP there is nothing to acknowledge.
        with suppress(OSError):
            conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, ACKNOWLEDGED_WITHIN)
        with self._lock:
            self._count[handed.address] += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="event-streams", daemon=True)
                self._thread.start()
        self._new.put(Stream(conn, handed))
        self.wake()

    def end(self) -> None:
        """Part from all, at once, and take no more. May be called by a signal's handler."""
        self._is_over = True
        self.wake()

    def wake(self) -> None:
        # Where that is full, it is being woken already.
        with suppress(OSError):
            self._waking.send(b"x")

    def _run(self) -> None:
        while True:
            try:
                close_old_connections()
                self.turn()
            except Exception:
                # A fault of ours: all begin anew, or nobody would ever be told again.
                logger.exception("The event streams broke, and end.")
                self._end_all()
            if not self._open:
                # Nobody is there for whom the database would have to be.
                connections.close_all()

    def turn(self) -> None:
        """Wait until somebody has something to say or it is time to look, and do what there is to do."""
        wait = max(0.0, self._looked_at + SECONDS_BETWEEN_LOOKS - time.monotonic()) if self._open else None
        for key, _ in self._selector.select(wait):
            if key.fileobj is self._woken:
                self._woken.recv(4096)
            elif (stream := self._open.get(key.fileobj)) is not None and not stream.is_there():
                self._part(stream)
        if self._is_over:
            self._end_all()
            return
        self._take_in()
        if self._open and time.monotonic() >= self._looked_at + SECONDS_BETWEEN_LOOKS:
            self._look()

    def _end_all(self) -> None:
        for stream in [*self._open.values(), *self._arrivals()]:
            stream.end()
            self._part(stream)

    def _arrivals(self) -> Iterator[Stream]:
        """Those handed over since; from here on they are among the open ones."""
        with suppress(Empty):
            while True:
                stream = self._new.get_nowait()
                if not self._open:
                    self._number = stream.place.number
                self._open[stream.conn.sock] = stream
                self._selector.register(stream.conn.sock, EVENT_READ)
                yield stream

    def _take_in(self) -> None:
        for stream in self._arrivals():
            # Told to all while he was being told of what had been.
            if stream.place.number < self._number:
                self._catch_up(stream)

    def _catch_up(self, stream: Stream) -> None:
        place = stream.place
        missed = self._events_after(place.number, kinds=place.kinds, validators=place.validators)
        said = [frame(event) for event in missed if event.number <= self._number]
        if len(missed) == MOST_AT_ONCE or self._is_cut_off or not stream.say(b"".join(said)):
            # He comes back for the rest.
            stream.end()
            self._part(stream)

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        events = self._events_after(self._number)
        framed = [(event, frame(event)) for event in events]
        self._number = events[-1].number if events else self._number
        is_silent = self._looked_at >= self._said_at + SECONDS_OF_SILENCE and not self._is_cut_off
        if is_silent:
            self._said_at = self._looked_at
        for stream in list(self._open.values()):
            said = b"".join(said for event, said in framed if stream.place.wants(event))
            # One that came with more than we have looked at yet must not be led back.
            closing = mark(max(self._number, stream.place.number)) if is_silent else b""
            if not stream.say(said + closing):
                self._part(stream)

    def _events_after(self, number: int, **narrowing: Any) -> list[ValidatorEvent]:
        """Nothing where the database does not answer: it is asked again in a moment."""
        try:
            found = events_after(number, limit=MOST_AT_ONCE, **narrowing)
        except DatabaseError:
            if not self._is_cut_off:
                logger.exception("The event streams wait for the database.")
            self._is_cut_off = True
            return []
        self._is_cut_off = False
        return found

    def _part(self, stream: Stream) -> None:
        del self._open[stream.conn.sock]
        self._selector.unregister(stream.conn.sock)
        with self._lock:
            self._count[stream.address] -= 1
            if not self._count[stream.address]:
                del self._count[stream.address]
        self._parted(stream.conn)
