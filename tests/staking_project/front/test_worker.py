"""Threads are held by whole requests only: a real gunicorn, and clients that take their time."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection

import pytest

from staking_project.front.sizes import LARGEST_BODY
from staking_project.front.worker import LONGEST_HEAD, missing
from tests.installation import wait_until

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("heard", "left"),
    [
        (b"", None),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", None),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0),
        (HEAD + b"Content-Length: 10\r\n\r\n", 10),
        (HEAD + b"content-length:10 \r\nX: y\r\n\r\nabc", 7),
        (HEAD + b"Content-Length: 3\r\n\r\nabcGET / HTTP/1.1", 0),
        (HEAD + b"X: \r\n\r\ncontent-length: 10\r\n", 0),
        (HEAD + b"Content-Length: %d\r\n\r\n" % (LARGEST_BODY + 1), 0),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", 0),
        (b"x" * (LONGEST_HEAD + 1), 0),
    ],
)
def test_a_request_is_whole_with_its_head_and_the_body_that_it_announces(heard: bytes, left: int) -> None:
    assert missing(heard) == left


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
    argv = ["gunicorn", "tests.staking_project.front.plain_app", "--bind", f"127.0.0.1:{found}"]
    argv += ["--config", "python:staking_project.gunicorn_config", "--threads", "2", "--log-level", "error"]
    server = subprocess.Popen([sys.executable, "-m", *argv], env=dict(os.environ))
    try:
        wait_until(lambda: answers(found), seconds=20)
        yield found
    finally:
        server.terminate()
        server.wait()


def answers(port: int) -> bool:
    try:
        return asked(port, "/healthz") == b"/healthz 0"
    except OSError:
        return False


def asked(port: int, path: str, body: bytes | None = None) -> bytes:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST" if body else "GET", path, body)
    try:
        return connection.getresponse().read()
    finally:
        connection.close()


@pytest.mark.processes
@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
        HEAD + b"Content-Length: 100\r\n\r\nhalf",
        HEAD + b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHo",
    ],
    ids=[
        "half a head",
        "half a body",
        "waits to go on",
        "stays when answered",
        "stays for more",
        "one and a half",
    ],
)
def test_who_takes_his_time_keeps_nobody_else_waiting(port: int, said: bytes) -> None:
    with ExitStack() as open_ones:
        for _ in range(60):
            one = open_ones.enter_context(socket.create_connection(("127.0.0.1", port)))
            one.sendall(said)
        began = time.monotonic()
        assert asked(port, "/page") == b"/page 0"
        assert asked(port, "/page", b"x" * 500_000) == b"/page 500000"
        assert time.monotonic() - began < 1.5


@pytest.mark.processes
def test_the_process_says_that_it_lives_while_all_threads_are_held(port: int) -> None:
    """By who reads nothing of a large answer: that takes a proxy in front."""
    with ExitStack() as open_ones:
        for _ in range(4):
            one = open_ones.enter_context(socket.create_connection(("127.0.0.1", port)))
            one.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        assert asked(port, "/healthz") == b"/healthz 0"


@pytest.mark.processes
def test_what_is_said_slowly_or_in_one_breath_is_answered(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
        for part in (HEAD, b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", b"he", b"llo"):
            one.sendall(part)
            time.sleep(0.02)
        two = b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n"
        one.sendall(two + two)
        heard = b""
        while heard.count(b"/second 0") < 2:
            heard += one.recv(4096)

    assert heard.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert b"/ 5" in heard
