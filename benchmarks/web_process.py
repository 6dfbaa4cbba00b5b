"""One web process on one core, and another process that changes the picture it tells of."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

CHANGE = """
import django, sys
django.setup()
from validators.models.marks import mark_picture
for line in sys.stdin:
    mark_picture("benchmark")
    print("changed", flush=True)
"""


@contextmanager
def web(environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """The port and the process of the one worker, which has the first core for itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "gunicorn", "staking_project.wsgi", "--bind", f"127.0.0.1:{port}"]
    argv += ["--config", "python:staking_project.gunicorn_config", "--workers", "1", "--max-requests", "0"]
    with subprocess.Popen([*argv, "--log-level", "warning"], env=environment) as server:
        try:
            os.sched_setaffinity(server.pid, {0})
            os.sched_setaffinity(0, set(range(1, os.cpu_count() or 1)) or {0})
            for _ in range(600):
                with suppress(OSError), closing(HTTPConnection("127.0.0.1", port)) as connection:
                    ask(connection, "/healthz", {})
                    break
                time.sleep(0.1)
            workers = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
            yield port, int(workers[0])
        finally:
            server.terminate()


@contextmanager
def changing(environment: dict[str, str]) -> Iterator[Callable[[], None]]:
    argv = [sys.executable, "-c", CHANGE]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, env=environment, stdin=pipe, stdout=pipe, text=True) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        told, heard = writer.stdin, writer.stdout

        def change() -> None:
            """Returns when it is committed."""
            print("change", file=told, flush=True)
            if not heard.readline():
                sys.exit("The picture could not be changed.")

        yield change
        told.close()


def ask(connection: HTTPConnection, address: str, headers: dict[str, str]) -> str:
    connection.request("GET", address, headers=headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status not in (200, 304):
        sys.exit(f"{address}: {answer.status}")
    return answer.getheader("ETag", "")
