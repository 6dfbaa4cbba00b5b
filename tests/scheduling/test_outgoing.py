"""Talking to strangers: what they may cost, and what they are not told."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from scheduling import outgoing
from scheduling.exceptions import UnreachableError
from scheduling.outgoing import (
    BoundedSession,
    TooLargeError,
    ask_status,
    body_of,
    is_private_enough,
)

PATIENCE = (5.0, 5.0)
# For a busy machine; without the deadline it would be for ever.
AT_ONCE = 10.0


@contextmanager
def dripping(text: bytes) -> Iterator[str]:
    """Somebody who sends that, and then a byte every tenth of a second for ever."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(text)
                while not ended.wait(0.1):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize("text", [b"", b"HTTP/1.1 200 OK\r\nX-Long: "], ids=["status", "header"])
def test_who_drips_is_cut_off_at_the_deadline(text: bytes) -> None:
    began = time.monotonic()

    with dripping(text) as url, pytest.raises(UnreachableError):
        ask_status("GET", url, seconds=0.5, patience=PATIENCE)

    assert time.monotonic() - began < AT_ONCE


def test_a_body_without_end_is_left_unread() -> None:
    began = time.monotonic()

    with dripping(b"HTTP/1.1 204 No Content\r\n\r\n") as url:
        assert ask_status("GET", url, seconds=30, patience=PATIENCE) == (204, True)

    assert time.monotonic() - began < AT_ONCE


def test_a_body_is_read_to_what_is_wanted_as_it_inflates(httpserver: HTTPServer) -> None:
    small = gzip.compress(bytes(50_000_000))
    httpserver.expect_request("/").respond_with_data(small, headers={"Content-Encoding": "gzip"})
    session = BoundedSession(deadline=time.monotonic() + 30)

    with (
        session.asked("GET", httpserver.url_for("/"), patience=PATIENCE) as response,
        pytest.raises(TooLargeError, match="more than 1,000,000 bytes"),
    ):
        body_of(response, largest=1_000_000)
    session.close()


@pytest.mark.parametrize("proxy", ["", "http://proxy.example.org:3128"])
def test_a_name_that_nobody_looks_up_costs_no_more_than_there_is_time_for(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, proxy: str
) -> None:
    monkeypatch.setattr(outgoing, "_LOOKING_UP", threading.BoundedSemaphore(1))
    ended, began = threading.Event(), time.monotonic()

    def never(host: str, port: int, **how: object) -> list[object]:
        ended.wait()
        return []

    monkeypatch.setattr("scheduling.public_addresses.socket.getaddrinfo", never)
    settings.OUTGOING_PROXY = proxy
    try:
        # The second one waits for the first, whose look-up goes on; what is left after that is others'.
        for said, seconds, patience in (("nobody said in time", 0.05, 5.0), ("too many names", 60.0, 0.05)):
            with pytest.raises(UnreachableError, match=said):
                ask_status("POST", "http://hooks.example.org/", seconds=seconds, patience=(patience, 5.0))
    finally:
        ended.set()

    assert time.monotonic() - began < AT_ONCE


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308, 400, 500])
def test_only_a_2xx_is_a_yes_and_no_redirect_is_followed(httpserver: HTTPServer, status: int) -> None:
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.path)
        return Response(status=status, headers={"Location": "/elsewhere"})

    httpserver.expect_request("/").respond_with_handler(answer)
    httpserver.expect_request("/elsewhere").respond_with_handler(answer)

    assert ask_status("POST", httpserver.url_for("/"), seconds=30, patience=PATIENCE) == (status, False)
    assert asked == ["/"]


def test_the_body_of_a_redirect_is_left_unread_too() -> None:
    with dripping(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n") as url:
        assert ask_status("POST", url, seconds=3, patience=PATIENCE) == (302, False)


def test_nothing_of_the_environment_or_the_home_folder_is_used(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password secret")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    seen: list[str | None] = []

    def answer(request: Request) -> Response:
        seen.append(request.headers.get("Authorization"))
        return Response(status=200)

    httpserver.expect_request("/").respond_with_handler(answer)

    assert ask_status("GET", httpserver.url_for("/"), seconds=30, patience=PATIENCE) == (200, True)
    assert seen == [None]


def test_a_proxy_is_used_when_the_settings_name_it(settings: Settings) -> None:
    settings.OUTGOING_PROXY = "http://127.0.0.1:1"

    with pytest.raises(UnreachableError, match="ProxyError"):
        ask_status("GET", "http://127.0.0.1:2/?key=hush", seconds=30, patience=PATIENCE)


@pytest.mark.parametrize(
    ("url", "is_enough"),
    [
        ("https://hooks.example.org/x", True),
        ("http://127.0.0.1:8000/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:80/", True),
        ("http://hooks.example.org/x", False),
        ("http://10.0.0.5/x", False),
        ("ftp://127.0.0.1/", False),
        ("https://", False),
        ("http://[broken", False),
        ("", False),
    ],
)
def test_where_alerts_may_be_sent(url: str, is_enough: bool) -> None:
    assert is_private_enough(url) is is_enough
