"""Who does not read what a cluster or a web server says has one that works, and a stop that is one."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings

from staking_project.stack import HOST, free_port
from tests.installation import PATIENCE, Installation, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.database]


def full_pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while os.write(writer, b"x" * 4096):
            pass
    except BlockingIOError:
        os.set_blocking(writer, True)
    return reader, writer


@contextlib.contextmanager
def unread(stack: Installation, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A process whose output nobody reads."""
    reader, writer = full_pipe()
    process = subprocess.Popen(
        [sys.executable, *words],
        env=stack.environment | {"STOP_GRACE_SECONDS": "600"},
        cwd=settings.BASE_DIR,
        stdout=writer,
        stderr=writer,
        text=True,
    )
    stack.processes.append(process)
    os.close(writer)
    yield process
    os.close(reader)


def test_a_full_pipe_holds_up_no_run_and_no_stop(stack: Installation) -> None:
    stack.manage("scheduler", "setup", "test")
    with unread(stack, "manage.py", "qcluster") as process:
        wait_until(lambda: len(stack.events("note")) >= 3, saying="three runs")
        process.terminate()

        assert process.wait(PATIENCE) == 0


def answer_to(said: bytes, *, port: int) -> bytes:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=5) as connection:
        connection.sendall(said)
        return connection.recv(12)
    return b""


def test_a_full_pipe_holds_up_no_web_server(stack: Installation) -> None:
    """It has lines for its start, for a request that is none, and for its stop."""
    port = free_port()
    words = ("-m", "gunicorn", "staking_project.wsgi", "--bind", f"{HOST}:{port}")
    with unread(stack, *words, "--config", "python:staking_project.gunicorn_config") as process:
        wait_until(lambda: answer_to(b"NONSENSE\r\n\r\n", port=port) == b"HTTP/1.1 400", saying="an answer")
        process.terminate()

        assert process.wait(PATIENCE) == 0
