"""Children that are stopped and do not go on are killed, and nobody else is."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from scheduling.engine.standstill import SECOND_LOOK, STALLED, StoppedChildren


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "300"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    shown = [100.0]
    monkeypatch.setattr("scheduling.engine.standstill.time.monotonic", lambda: shown[0])
    return shown


def stop(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED)


def go_on(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGCONT)
    os.waitid(os.P_PID, child.pid, os.WCONTINUED)


def test_a_child_that_stays_stopped_is_killed(child: subprocess.Popen[bytes], stopwatch: list[float]) -> None:
    stopped = StoppedChildren()
    stop(child)

    stopped.end([child.pid])
    stopwatch[0] += STALLED - SECOND_LOOK
    stopped.end([child.pid])
    assert child.poll() is None
    stopwatch[0] += SECOND_LOOK
    stopped.end([child.pid])

    assert child.wait(60) == -signal.SIGKILL


def test_who_goes_on_in_time_begins_anew(child: subprocess.Popen[bytes], stopwatch: list[float]) -> None:
    stopped = StoppedChildren()
    for _ in range(3):
        stop(child)
        stopped.end([child.pid])
        stopwatch[0] += STALLED - SECOND_LOOK
        go_on(child)
        stopped.end([child.pid])
        stopwatch[0] += SECOND_LOOK
    stop(child)
    stopped.end([child.pid])

    go_on(child)
    assert child.poll() is None


def test_who_was_stopped_with_the_one_that_watches_is_given_time_to_go_on_too(
    child: subprocess.Popen[bytes], stopwatch: list[float]
) -> None:
    stopped = StoppedChildren()
    stop(child)
    stopped.end([child.pid])
    stopwatch[0] += 10 * STALLED  # the whole host was

    stopped.end([child.pid])
    go_on(child)
    stopwatch[0] += SECOND_LOOK
    stopped.end([child.pid])

    assert child.poll() is None
