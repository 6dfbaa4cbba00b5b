"""Threads are held by whole requests only: a real gunicorn, and clients that take their time."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from staking_project.front.hearing import LONGEST_HEAD, Heard
from staking_project.front.sizes import LARGEST_BODY
from staking_project.gunicorn_config import limit_request_line
from staking_project.openapi.answers import REFUSALS
from tests.installation import children, wait_until
from validators.api.several import MOST_HELD

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
    assert Heard(heard).lacks == left
    slowly = Heard()
    for place in range(len(heard)):
        slowly.hear(heard[place : place + 1])
    # More than is wanted comes with the packet that ends it.
    assert slowly.lacks == left
    assert slowly.bytes == heard


@pytest.mark.parametrize(
    "length",
    ["x", "", "-1", "+5", "1_0", "9" * 19, "5\r\nContent-Length: 5", "5, 5", "5\r\ncontent-length: 6"],
)
def test_a_length_that_nobody_can_tell_gets_no_thread(port: int, length: str) -> None:
    said = HEAD + f"Content-Length: {length}\r\n\r\nabcde".encode()
    assert Heard(said).is_wrong

    with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
        one.sendall(said)
        assert one.recv(100).startswith(b"HTTP/1.1 400 ")


def test_a_length_with_zeros_before_it_is_that_length() -> None:
    assert Heard(HEAD + b"Content-Length: 0000000000000001000\r\n\r\n").lacks == 1000
    assert not Heard(b"GET /healthz HTTP/1.1\r\nContent-Length: 1\r\n\r\nx").is_urgent
    assert Heard(b"GET /healthz HTTP/1.1\r\n\r\n").is_urgent


@contextmanager
def starting(*more: str, application: str = "plain_app") -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    argv = ["gunicorn", f"tests.staking_project.front.{application}", "--bind", f"127.0.0.1:{port}"]
    argv += ["--config", "python:staking_project.gunicorn_config", "--threads", "2", "--log-level", "error"]
    server = subprocess.Popen([sys.executable, "-m", *argv, *more], env=dict(os.environ))
    try:
        yield port, server
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(30)
        # Its workers end with it.
        server.kill()
        server.wait()


@contextmanager
def gunicorn(*more: str, application: str = "plain_app") -> Iterator[tuple[int, int]]:
    """The port and the process of one that answers."""
    with starting(*more, application=application) as (port, server):
        wait_until(lambda: answers(port), seconds=20)
        yield port, server.pid


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with gunicorn() as (found, _):
        yield found


@pytest.mark.processes
def test_an_address_may_name_two_hundred_accounts_and_not_a_thousand(port: int) -> None:
    """Their commas take three letters each; 44 are the most of a key."""
    assert asked(port, f"/?vote_account={'%2C'.join(['V' * 44] * 200)}").startswith(b"/ ")
    told = json.loads(asked(port, f"/?vote_account={'%2C'.join(['V' * 44] * 1_000)}"))
    assert (told["code"], told["detail"]) == (REFUSALS["414"].code, REFUSALS["414"].detail)
    assert f"{limit_request_line:,} bytes" in told["detail"]
    assert asked(port, f"/?size=340&held={'%2C'.join(['V' * 44] * MOST_HELD)}").startswith(b"/ ")


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


@pytest.mark.processes
def test_more_slow_clients_than_fit_cost_those_that_wait_longest_and_nobody_else() -> None:
    with gunicorn("--worker-connections", "60") as (port, pid), ExitStack() as open_ones:
        workers, slow = children(pid), []
        for _ in range(80):
            slow.append(open_ones.enter_context(socket.create_connection(("127.0.0.1", port))))
            for one in slow:
                with suppress(OSError):
                    one.send(b"G" if one is slow[-1] else b"E")
        assert asked(port, "/page") == b"/page 0"
        assert children(pid) == workers


@pytest.mark.processes
def test_two_requests_and_no_more_are_two_answers(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
        one.sendall(b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        one.shutdown(socket.SHUT_WR)
        heard = b""
        while part := one.recv(4096):
            heard += part

    assert heard.count(b"/second 0") == 2


# Longer than anybody waits for a test.
NEVER = ("--graceful-timeout", "900")


@pytest.mark.processes
def test_a_worker_that_still_starts_ends_when_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = tmp_path / "begun"
    monkeypatch.setenv("SLOW_APP_BEGUN", str(begun))

    with starting(*NEVER, application="slow_app") as (_, server):
        wait_until(begun.exists, seconds=20)
        server.terminate()

        assert server.wait(60) == 0


@pytest.mark.processes
def test_half_a_request_keeps_no_worker_from_ending() -> None:
    with starting(*NEVER, application="patient_app") as (port, server):
        wait_until(lambda: answers(port), seconds=20)
        with ExitStack() as open_ones:
            for said in (HEAD, b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n", b"G"):
                one = open_ones.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
                one.sendall(said)
            # So that they have been heard.
            assert asked(port, "/page") == b"/page 0"
            server.terminate()

            assert server.wait(60) == 0


FORKING = """
import os, signal
from staking_project.gunicorn_config import pre_fork

def held():
    return signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ())

pre_fork(None, None)
if not os.fork():
    os._exit(held())
print(os.waitstatus_to_exitcode(os.wait()[1]), held())
"""


@pytest.mark.processes
def test_what_a_worker_is_told_before_it_heeds_signals_waits_for_it_and_not_for_the_master() -> None:
    told = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["1", "False"]
