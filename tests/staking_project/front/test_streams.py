"""Event streams hold no thread: one serves them all, and who reads slowly, or nothing, costs nobody else."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from staking_project.front import streams as front
from staking_project.front.handing_over import HandedOverError
from staking_project.front.streams import Streams
from staking_project.stack import free_port
from tests.installation import Installation, wait_until
from tests.validators.happening import happened
from tests.validators.rows import validator
from validators.api import event_stream
from validators.api.event_parameters import Wanted
from validators.api.event_stream import HAS_ROOM, Place
from validators.services.events import Kind

EVERYTHING = Place(0, frozenset(), frozenset())


class Hall:
    """The streams of a process, turned by the test instead of a thread of their own."""

    def __init__(self) -> None:
        self.parted: list[Any] = []
        self.streams = Streams(self._part)
        self._door = socket.create_server(("127.0.0.1", 0))

    def _part(self, conn: Any) -> None:
        self.parted.append(conn)
        conn.sock.close()

    def reader(
        self, place: Place = EVERYTHING, *, chunked: bool = False, address: str = "a", room: int = 1 << 20
    ) -> socket.socket:
        """`room` is how much the kernel takes for one who does not read."""
        theirs = socket.socket()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        theirs.connect(self._door.getsockname())
        ours, _ = self._door.accept()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
        handed = HandedOverError(place, address=address, chunked=chunked)
        self.streams.adopt(SimpleNamespace(sock=ours), handed)
        theirs.settimeout(5)
        return theirs

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.streams.wake()
            self.streams.turn()


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch) -> Hall:
    monkeypatch.setattr(Streams, "_run", lambda self: None)
    monkeypatch.setattr(front, "SECONDS_BETWEEN_LOOKS", 0.0)
    return Hall()


def numbers(reader: socket.socket) -> list[int]:
    """Of the events that are there to be read."""
    return [int(number) for number in re.findall(rb"id: (\d+)\ndata: ", reader.recv(1 << 20))]


@pytest.mark.django_db
def test_each_reader_gets_what_he_asked_for_from_where_he_was(hall: Hall) -> None:
    first, second = validator(1), validator(2)
    happened(first, Kind.JOINED, Kind.LEFT)
    everything = hall.reader(Place(2, frozenset(), frozenset()))
    lefts = hall.reader(Place(2, frozenset({"left"}), frozenset()))
    hall.turn()
    for one in (everything, lefts):
        assert one.recv(100) == b":\nid: 2\n\n"
    happened(second, Kind.JOINED, Kind.LEFT)
    seconds = hall.reader(Place(2, frozenset(), frozenset({second.pk})))
    firsts = hall.reader(Place(2, frozenset(), frozenset({first.pk})))
    late = hall.reader(Place(1, frozenset(), frozenset()))

    hall.turn(2)
    happened(first, Kind.JOINED)
    hall.turn()

    assert numbers(everything) == [3, 4, 5]
    assert (numbers(lefts), numbers(seconds), numbers(firsts)) == ([4], [3, 4], [5])
    # One that was behind the others when he came is told what they know.
    assert numbers(late) == [2, 3, 4, 5]


@pytest.mark.django_db
def test_nobody_is_led_back_by_the_mark_of_those_who_lag(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(front, "SECONDS_OF_SILENCE", 0.0)
    happened(validator(1), Kind.JOINED, Kind.LEFT)
    lagging, ahead = hall.reader(), hall.reader(Place(2, frozenset(), frozenset()))

    hall.turn()

    assert numbers(lagging) == [1]
    assert ahead.recv(100) == b":\nid: 2\n\n"


@pytest.mark.django_db
def test_what_happens_while_the_stream_begins_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    happened(validator(1), Kind.JOINED, Kind.LEFT)
    monkeypatch.setattr(event_stream, "newest_number", lambda: 1)
    request = RequestFactory().get("/")
    request.META[HAS_ROOM] = lambda _: True

    reply = event_stream.stream_reply(request, Wanted.model_validate({"since": "0"}))

    assert isinstance(reply, event_stream.EventStream)
    assert reply.place == Place(2, frozenset(), frozenset())
    assert b"".join(reply).endswith(b":\nid: 2\n\n")


@pytest.mark.django_db
def test_who_leaves_and_who_reads_nothing_is_parted_from_and_nobody_else(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "MOST_UNSENT", 1_000)
    one = validator(1)
    gone, asleep, awake = hall.reader(), hall.reader(room=1), hall.reader()
    hall.turn()
    gone.close()
    hall.turn()
    assert len(hall.parted) == 1

    happened(one, *[Kind.JOINED] * 300)
    hall.turn()
    assert len(hall.parted) == 2
    awake.recv(1 << 20)
    happened(one, Kind.LEFT)
    hall.turn()
    assert b'"kind":"left"' in awake.recv(1 << 20)
    asleep.close()


@pytest.mark.django_db
def test_who_goes_on_talking_is_parted_from(hall: Hall) -> None:
    talks, babbles = hall.reader(), hall.reader()
    hall.turn()
    talks.sendall(b"x" * front.MOST_HEARD)
    hall.turn(2)
    assert hall.parted == []

    babbles.sendall(b"x" * 3 * front.MOST_HEARD)
    hall.turn(2)

    assert len(hall.parted) == 1
    happened(validator(1), Kind.LEFT)
    hall.turn()
    assert b'"kind":"left"' in talks.recv(1 << 20)


@pytest.mark.django_db
def test_the_end_is_told_as_http_wants_it(hall: Hall) -> None:
    happened(validator(1), Kind.LEFT)
    chunked, plain = hall.reader(chunked=True), hall.reader()
    hall.turn()
    said, plainly = chunked.recv(1 << 20), plain.recv(1 << 20)
    size, _, rest = said.partition(b"\r\n")
    assert rest == plainly + b"\r\n"
    assert int(size, 16) == len(plainly)

    hall.streams.end()
    hall.turn()

    assert (chunked.recv(100), chunked.recv(100), plain.recv(100)) == (b"0\r\n\r\n", b"", b"")
    assert len(hall.parted) == 2
    assert not hall.streams.has_room(RequestFactory().get("/"))


def test_one_address_never_shuts_out_all_others(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "MOST_STREAMS", 4)
    monkeypatch.setattr(front, "MOST_OF_ONE_ADDRESS", 2)

    def has_room(address: str) -> bool:
        return hall.streams.has_room(RequestFactory().get("/", REMOTE_ADDR=address))

    readers = [hall.reader(address="192.0.2.1") for _ in range(2)]
    assert (has_room("192.0.2.1"), has_room("192.0.2.2")) == (False, True)
    readers += [hall.reader(address="192.0.2.2") for _ in range(2)]
    assert not has_room("192.0.2.3")


@pytest.mark.django_db
def test_without_room_the_answer_says_when_to_come_back(client: Client) -> None:
    room = {"events.has_room": lambda request: False}
    response = client.get("/api/v1/events/stream", **room)  # type: ignore[arg-type]
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert response.json()["code"] == "too_many_streams"


@pytest.mark.django_db
def test_a_database_that_does_not_answer_ends_no_stream(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    one = validator(1)
    reader = hall.reader()
    with monkeypatch.context() as cut:
        cut.setattr(front, "events_after", _refusing)
        hall.turn(2)
    happened(one, Kind.LEFT)
    hall.turn()
    assert numbers(reader) == [1]


def _refusing(*args: Any, **kwargs: Any) -> list[Any]:
    raise OperationalError("cut")


@pytest.fixture
def site(stack: Installation) -> Iterator[tuple[Installation, int, subprocess.Popen[bytes]]]:
    """The product's own web server with one worker, and an event."""
    code = (
        "from tests.validators.rows import fetch, validator\n"
        "from tests.validators.happening import Kind, happened\n"
        "fetch(); happened(validator(1), Kind.JOINED)"
    )
    stack.environment |= {"DJANGO_SETTINGS_MODULE": "staking_project.settings", "RATE_LIMIT": "0"}
    stack.manage("shell", "-c", code)
    port = free_port()
    argv = ["gunicorn", "staking_project.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    argv += ["--config", "python:staking_project.gunicorn_config", "--log-level", "error"]
    server = subprocess.Popen([sys.executable, "-m", *argv], env=stack.environment)
    try:
        wait_until(lambda: _answers(port), saying="the first answer")
        yield stack, port, server
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    with suppress(OSError):
        return _asked(port, "/healthz") == 200
    return False


def _asked(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.processes
def test_sixty_streams_hold_no_thread_and_end_with_the_server(site: Any) -> None:
    stack, port, server = site
    with ExitStack() as open_ones:
        readers = []
        for _ in range(60):
            reader = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            reader.sendall(b"GET /api/v1/events/stream?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            readers.append(reader)
        for reader in readers:
            assert _heard(reader, b'"kind":"joined"').startswith(b"HTTP/1.1 200 OK\r\n")
        assert {_asked(port, path) for path in ("/healthz", "/", "/api/v1/events")} == {200}

        stack.rows(
            "INSERT INTO validators_validatorevent (number, at, epoch, kind, facts, validator_id) "
            "SELECT 2, at, epoch, 'left', '{}', validator_id FROM validators_validatorevent"
        )
        stack.rows("UPDATE validators_eventtally SET newest = 2")
        for reader in readers:
            assert b"id: 2\ndata: " in _heard(reader, b'"kind":"left"')

        began = time.monotonic()
        server.terminate()
        for reader in readers:
            _heard(reader, b"0\r\n\r\n")
        server.wait(timeout=20)
        assert time.monotonic() - began < 10


def _heard(reader: socket.socket, wanted: bytes) -> bytes:
    heard = b""
    while wanted not in heard:
        part = reader.recv(1 << 16)
        assert part, heard
        heard += part
    return heard
