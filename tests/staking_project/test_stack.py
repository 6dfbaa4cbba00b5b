"""The services of `manage.py run`: started again when they end, and where the embedded Redis listens."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pytest_django.fixtures import Settings

from staking_project import stack
from tests.installation import wait_until


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(stack, "time", clock)
    return clock


@pytest.fixture
def brief() -> Iterator[stack.Service]:
    """A service that ends at once."""
    service = stack.Service("Brief", [sys.executable, "-c", ""], dict(os.environ))
    yield service
    if service.process is not None:
        service.process.wait()


def ended(service: stack.Service) -> subprocess.Popen[str]:
    assert service.process is not None
    service.process.wait()
    return service.process


def seconds_until_again(service: stack.Service, whole: stack.Stack, clock: Clock) -> float:
    before, began = ended(service), clock.now
    whole.restart_dead()
    while service.process is before:
        clock.now += 0.5
        whole.restart_dead()
    return clock.now - began


def test_a_service_that_cannot_stay_up_is_tried_with_longer_waits_and_then_given_up(
    brief: stack.Service, clock: Clock
) -> None:
    whole = stack.Stack()
    whole.start(brief)

    assert [seconds_until_again(brief, whole, clock) for _ in range(5)] == [0, 1, 2, 4, 8]
    with pytest.raises(stack.StackError, match="Brief ended 6 times in a row"):
        seconds_until_again(brief, whole, clock)


def test_what_stayed_up_has_all_its_starts_again(brief: stack.Service, clock: Clock) -> None:
    whole = stack.Stack()
    whole.start(brief)

    for _ in range(2 * stack.MOST_RESTARTS):
        before = ended(brief)
        clock.now += stack.STAYED_UP
        whole.restart_dead()
        assert brief.process is not before

    assert brief.restarts == 1


@pytest.mark.parametrize("deep", [False, True], ids=["beside the database", "path too long"])
def test_the_embedded_redis_has_no_port_and_a_socket_for_its_owner_alone(
    tmp_path: Path, settings: Settings, deep: bool
) -> None:
    settings.STATE_DIR = tmp_path / ("a folder " + "x" * 90) if deep else tmp_path
    settings.STATE_DIR.mkdir(exist_ok=True)
    whole = stack.Stack()
    with stack.socket_folder() as folder:
        path = folder / stack.socket_name()
        service = stack.redis_service(path)
        whole.start(service)
        try:
            stack.wait_until_listening(path, service=service)
            client = redis.Redis.from_url(stack.socket_url(path), socket_timeout=5)
            assert client.config_get("port") == {"port": "0"}
            assert path.lstat().st_mode & 0o077 == 0
            assert folder.stat().st_mode & 0o077 == 0
        finally:
            whole.stop()
    wait_until(lambda: not path.exists(), saying="the end of the socket")


def test_a_free_port_is_none_that_connections_are_given_nor_one_that_is_listened_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as listener:
        listener.bind((stack.HOST, stack.free_port()))
        taken = listener.getsockname()[1]
        monkeypatch.setattr(stack, "LISTENED_ON", [taken] * 1_000 + [*stack.LISTENED_ON[:1_000]])

        assert taken not in [stack.free_port() for _ in range(10)]
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert taken < first_given


def test_a_file_of_state_that_cannot_be_written_is_named(tmp_path: Path, settings: Settings) -> None:
    settings.STATE_DIR, settings.PORT = tmp_path, 8000
    (tmp_path / "run-8000.json").mkdir()

    with pytest.raises(stack.StackError, match=r"run-8000\.json cannot be written: Is a directory\."):
        stack.write_state()
    stack.remove_state()
