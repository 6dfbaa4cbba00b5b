"""A log that nobody reads stops nobody, and says what it left out."""

import fcntl
import json
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from staking_project.log_stream import AT_ONCE, UnwaitingHandler
from staking_project.logs import JsonFormatter

# A line of which a pipe's page takes four, with no room left.
QUARTER = "x" * (AT_ONCE // 4 - 1)
LEFT_OUT = "Log lines were left out, since nobody read them: "


def pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4 * AT_ONCE)
    return reader, writer


def journal() -> tuple[int, int]:
    reader, writer = socket.socketpair()
    return reader.detach(), writer.detach()


@pytest.fixture(params=[pipe, journal])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, int]]:
    """A handler, and the other end of what was stderr when it was made."""
    reader, writer = request.param()
    os.set_blocking(reader, False)
    with open(writer, "w") as stderr:
        monkeypatch.setattr("sys.stderr", stderr)
        yield UnwaitingHandler(), reader
    os.close(reader)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("staking_project.log_stream.PATIENCE", 0.0)


def say(handler: logging.Handler, message: str) -> None:
    handler.handle(logging.makeLogRecord({"msg": message}))


def read(reader: int) -> str:
    found = b""
    try:
        while part := os.read(reader, 1 << 20):
            found += part
    except BlockingIOError:
        pass
    return found.decode()


def fill(handler: Any, line: str) -> None:
    while not handler._left_out:
        say(handler, line)


@pytest.mark.usefixtures("impatient")
def test_what_finds_no_room_is_left_out_and_counted(log: tuple[Any, int]) -> None:
    handler, reader = log
    fill(handler, QUARTER)
    say(handler, QUARTER)
    first = read(reader).splitlines()

    say(handler, "somebody reads this")
    say(handler, "and this")

    assert set(first) == {QUARTER}
    assert read(reader).splitlines() == [f"{LEFT_OUT}2.", "somebody reads this", "and this"]


@pytest.mark.usefixtures("impatient")
def test_a_line_that_was_cut_ends_where_the_next_begins(log: tuple[Any, int]) -> None:
    handler, reader = log
    fill(handler, "x" * (1 << 21))
    beginning = read(reader)

    say(handler, "y")

    assert set(beginning) == {"x"}
    assert read(reader) == f"\n{LEFT_OUT}1.\ny\n"


@pytest.mark.usefixtures("impatient")
def test_the_notice_has_the_form_of_the_others(log: tuple[Any, int]) -> None:
    handler, reader = log
    handler.setFormatter(JsonFormatter(host="here"))
    fill(handler, "x" * 500)
    read(reader)

    say(handler, "y")

    told = [json.loads(line)["message"] for line in read(reader).splitlines()]
    assert told == [f"{LEFT_OUT}1.", "y"]


def test_a_file_takes_each_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w") as stderr:
        monkeypatch.setattr("sys.stderr", stderr)
        handler = UnwaitingHandler()
        for number in range(1_000):
            say(handler, f"line {number}")

    assert (tmp_path / "log").read_text().splitlines() == [f"line {number}" for number in range(1_000)]
