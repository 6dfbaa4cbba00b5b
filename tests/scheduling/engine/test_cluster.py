"""Real worker processes on a real queue, and what happens when they are killed."""

import os
import resource
import signal
import time
from types import SimpleNamespace
from typing import Any

import pytest

from scheduling.engine.cluster import CrashOnlyCluster
from scheduling.engine.mailbox import Shared
from scheduling.engine.standstill import SECOND_LOOK, STALLED, Standstill
from tests.installation import (
    PATIENCE,
    Event,
    Installation,
    alive,
    children,
    crowding,
    wait_for_end,
    wait_until,
)

# The database is the installation's own; which kind it is follows the suite's.
pytestmark = [pytest.mark.processes, pytest.mark.database]

# What a run may be late by on a machine that others use too, times how crowded that is. Idle, it is 10 ms.
GENEROUS = 3.0
# With so many a command starts, and its pool does not.
FEW_FILES = 20


@pytest.fixture
def running(stack: Installation) -> Installation:
    """A cluster that has begun to work on the test mode's schedules: one a second, one every three."""
    stack.start_scheduled(EFFECT_SECONDS="1")
    wait_until(lambda: stack.events("note"), saying="the first run")
    return stack


def sentinel(stack: Installation) -> int:
    (pid,) = wait_until(lambda: children(stack.processes[0].pid), saying="a sentinel")
    return int(pid)


def pool(stack: Installation) -> list[int]:
    """Two workers, the monitor and the pusher, in this order."""
    found: list[int] = wait_until(
        lambda: len(pids := children(sentinel(stack))) == 4 and pids, saying="a pool of four processes"
    )
    return found


def runs_after(stack: Installation, instant: float, *, count: int) -> list[Event]:
    def newer() -> list[Event]:
        return [event for event in stack.events("note") if event.at > instant]

    wait_until(lambda: len(newer()) >= count, saying=f"{count} more runs")
    return newer()


def kill_idle_workers(running: Installation, times: int) -> int:
    """Kill whichever worker is idle while the other one is in a long task; returns that one's pid."""
    began: int = wait_until(lambda: running.events("work began"), saying="a long task")[-1].pid
    guard = sentinel(running)
    for _ in range(times):
        # Whoever was started first: in turn an idle worker, the monitor, the pusher, and their successors.
        for pid in [pid for pid in pool(running) if pid != began][:1]:
            os.kill(pid, signal.SIGKILL)
            wait_for_end(pid, saying="a death")
    assert sentinel(running) == guard
    return began


@pytest.mark.parametrize("times", [8, pytest.param(100, marks=pytest.mark.storm)])
def test_killing_idle_neighbours_costs_a_busy_worker_nothing(stack: Installation, times: int) -> None:
    stack.start_scheduled(EFFECT_SECONDS=str(times / 4))
    pid = kill_idle_workers(stack, times)

    ended = wait_until(lambda: stack.events("work ended"), saying="the end of the long task")[0]

    assert ended.pid == pid
    of_the_run = (
        "SELECT r.state, attempt, losses FROM scheduling_run r JOIN scheduling_job j ON j.id = r.job_id "
        "WHERE j.name = 'work-repeatable' ORDER BY r.id"
    )
    # Its end is stored after the task says that it ended.
    wait_until(lambda: stack.rows(of_the_run)[0][0] != "running", saying="the end of its run")
    assert stack.rows(of_the_run)[0] == ("succeeded", 1, 0)
    assert runs_after(stack, time.time(), count=2)


def test_a_worker_killed_in_the_middle_of_its_task_has_the_task_run_again(running: Installation) -> None:
    began = wait_until(lambda: running.events("work began"), saying="a task under way")[-1]

    os.kill(began.pid, signal.SIGKILL)
    killed_at = time.time()

    again = wait_until(
        lambda: [event for event in running.events("work began") if event.at > killed_at],
        saying="a second attempt",
    )[0]
    assert again.at - killed_at < 1.5 + GENEROUS * crowding()
    wait_until(
        lambda: (
            running.rows("SELECT state FROM scheduling_run WHERE attempt = 2 AND losses = 1")
            == [("succeeded",)]
        ),
        saying="the end of the second attempt",
    )


def test_only_the_killed_workers_own_run_is_put_back(running: Installation) -> None:
    began = wait_until(lambda: running.events("work began"), saying="a task under way")[-1]
    before = pool(running)

    os.kill(began.pid, signal.SIGKILL)
    wait_until(lambda: began.pid not in pool(running), saying="a new worker")

    assert len(set(before) & set(pool(running))) == 3


def test_killing_the_parent_leaves_no_process_behind(running: Installation) -> None:
    everyone = [sentinel(running), *pool(running)]

    running.processes[0].kill()

    wait_until(lambda: not any(map(alive, everyone)), seconds=2 * crowding(), saying="the end of every child")

    assert [pid for pid in everyone if alive(pid)] == []


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGHUP, signal.SIGHUP]])
def test_what_is_asked_to_stop_ends_by_itself_and_lets_its_tasks_end(
    running: Installation, signals: list[signal.Signals]
) -> None:
    """Of a terminal that is closed the shell and the kernel may both tell."""
    everyone = [sentinel(running), *pool(running)]
    wait_until(lambda: running.events("work began"), saying="a task under way")

    for number in signals:
        running.processes[0].send_signal(number)
        time.sleep(0.1)

    assert running.processes[0].wait(15 * crowding()) == 0
    assert not any(map(alive, everyone))
    assert len(running.events("work began")) == len(running.events("work ended"))
    assert running.rows("SELECT * FROM scheduling_run WHERE state = 'running'") == []


def test_a_redis_that_is_restarted_empty_loses_nothing(running: Installation) -> None:
    running.redis.terminate()
    time.sleep(2)
    running.redis.start()
    back_at = time.time()

    assert runs_after(running, back_at, count=3)[0].at - back_at < 1 + GENEROUS * crowding()
    wait_until(
        lambda: (
            running.rows("SELECT count(*) FROM scheduling_run WHERE state NOT IN ('succeeded', 'skipped')")[
                0
            ][0]
            <= 2
        ),
        saying="the end of what waited",
    )


def test_a_redis_that_is_emptied_loses_nothing(running: Installation) -> None:
    for _ in range(5):
        running.redis.client().flushall()
        time.sleep(0.3)

    runs_after(running, time.time(), count=2)
    assert running.rows("SELECT * FROM scheduling_run WHERE state = 'failed'") == []


def test_two_clusters_run_every_occurrence_once(running: Installation) -> None:
    running.start("qcluster", HOST_NAME="second")

    def workers() -> set[str]:
        return {worker.split("/")[0] for (worker,) in running.rows("SELECT worker FROM scheduling_run")}

    wait_until(lambda: "second" in workers(), saying="a run on the second host")
    runs_after(running, time.time(), count=5)

    for process in running.processes:
        process.terminate()
    for process in running.processes:
        process.wait(15 * crowding())
    ran = running.rows(
        "SELECT count(*), max(attempt) FROM scheduling_run r JOIN scheduling_job j ON j.id = r.job_id "
        "WHERE j.name = 'note-repeatable' AND state = 'succeeded'"
    )
    assert ran == [(len(running.events("note")), 1)]


def test_a_cluster_that_starts_before_its_redis_waits_for_it(stack: Installation) -> None:
    stack.redis.stop()
    process = stack.start_scheduled()
    sentinel(stack)
    time.sleep(1)
    stack.redis.start()

    wait_until(lambda: stack.events("note"), saying="the first run")
    assert process.poll() is None


def test_an_edited_next_run_takes_effect_without_a_restart(stack: Installation) -> None:
    stack.manage("scheduler", "setup", "production")
    stack.rows(
        "UPDATE django_q_schedule SET next_run = '2099-01-01 00:00:00+00:00' WHERE name = 'note-repeatable'"
    )
    stack.start("qcluster", EFFECT_SECONDS="0")
    wait_until(lambda: stack.events("work ended"), saying="a cluster at work")
    assert stack.events("note") == []

    stack.rows("UPDATE django_q_schedule SET next_run = '2026-01-01 00:00:00' WHERE name = 'note-repeatable'")
    edited_at = time.time()

    (event,) = wait_until(lambda: stack.events("note"), saying="the run")
    assert event.at - edited_at < 0.5 + GENEROUS * crowding()


def test_set_up_from_twenty_processes_at_once_leaves_one_of_each(stack: Installation) -> None:
    modes = ["test", "production"] * 10

    assert stack.at_once(*(["scheduler", "setup", mode] for mode in modes)) == [0] * 20, stack.logs()

    rows = stack.rows("SELECT name, count(*) FROM django_q_schedule GROUP BY name ORDER BY name")
    assert rows == [("cleanup-repeatable", 1), ("note-repeatable", 1), ("work-repeatable", 1)]
    assert len(stack.rows("SELECT DISTINCT mode FROM scheduling_job")) == 1


@pytest.mark.parametrize(("moves", "starts"), [(True, []), (False, ["a new pool"])])
def test_after_a_pause_of_the_whole_host_only_a_sentinel_that_does_not_go_on_is_replaced(
    monkeypatch: pytest.MonkeyPatch, moves: bool, starts: list[str]
) -> None:
    """Whoever is woken first finds everybody's beat as old as the pause was long."""
    pause, stopwatch, started = 10 * STALLED, [100.0], list[str]()
    monkeypatch.setattr("scheduling.engine.cluster.time.monotonic", lambda: stopwatch[0])
    cluster: Any = CrashOnlyCluster.__new__(CrashOnlyCluster)
    cluster.beat, cluster._standstill, cluster._kill = Shared(100.0), Standstill(), lambda: None
    cluster._started_at, cluster._breaks = 100.0, 0
    cluster.sentinel, cluster.start = (
        SimpleNamespace(is_alive=lambda: True, exitcode=None),
        lambda: started.append("a new pool"),
    )
    assert not cluster.restart_if_lost()

    stopwatch[0] += pause
    assert not cluster.restart_if_lost()
    if moves:
        cluster.beat.value = stopwatch[0]
    stopwatch[0] += SECOND_LOOK
    cluster.restart_if_lost()

    assert started == starts


def test_a_pool_that_cannot_be_started_is_an_error_and_not_tried_for_ever(stack: Installation) -> None:
    """For want of files, say: what waits is left to others, and a supervisor sees that it ended."""
    process = stack.start("qcluster")
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (FEW_FILES, FEW_FILES))

    assert process.wait(PATIENCE) == 1
    assert "CommandError: The worker pool broke 5 times as it was started; why stands above." in stack.logs()
    assert "Too many open files" in stack.logs()
