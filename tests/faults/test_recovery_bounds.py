"""How soon things go on after a fault, on real clusters.

The limits are those promised; an idle machine needs a fraction of them.
"""

import os
import signal
import time

import pytest
from django.db import connection

from scheduling.engine.leases import LEASE
from scheduling.engine.processes import is_running
from scheduling.engine.standstill import STALLED
from tests.installation import Event, Installation, alive, children, crowding, wait_for_end, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.database]

# Seconds from the fault until a task begins.
AFTER_A_LOST_WORKER = 3.0
AFTER_REDIS_IS_BACK = 1.0
AFTER_A_LOST_POOL = 2.0
AFTER_A_LOST_PARENT = 1.0
# What a machine that runs other tests too may add, times how crowded it is.
OTHERS = 2.0
# Until a lease that ran out is seen to have.
NOTICED = 8.0
# What a worker says whose task was ended because its run was somebody else's.
GIVEN_UP = "was given to somebody else while we worked on it"


def hard(stack: Installation, jobs: str, **environment: str) -> Installation:
    """A cluster on which the jobs of that name are due in a second."""
    stack.environment |= {"DJANGO_SETTINGS_MODULE": "tests.faults.hard_settings", "HARD_JOBS": jobs}
    stack.environment |= environment
    stack.start_scheduled()
    return stack


@pytest.fixture
def running(stack: Installation) -> Installation:
    """A cluster at work: a quick task each second, one of half a second every three."""
    stack.start_scheduled(EFFECT_SECONDS="0.5")
    wait_until(lambda: len(stack.events("note")) >= 2, saying="the first runs")
    return stack


def pool(stack: Installation) -> list[int]:
    (sentinel,) = wait_until(lambda: children(stack.processes[0].pid), saying="a sentinel")
    found: list[int] = wait_until(
        lambda: len(pids := children(sentinel)) == 4 and pids, saying="a pool of four processes"
    )
    return [sentinel, *found]


def first_after(stack: Installation, instant: float, what: str) -> Event:
    found: Event = wait_until(
        lambda: next((event for event in stack.events(what) if event.at > instant), None), saying=what
    )
    return found


def the_run(stack: Installation) -> tuple[str, int, int, str]:
    rows = stack.rows(
        "SELECT r.state, r.attempt, r.losses, r.error FROM scheduling_run r "
        "JOIN scheduling_job j ON j.id = r.job_id WHERE j.name LIKE 'hard-%'"
    )
    assert len(rows) == 1
    return rows[0]


def test_a_worker_killed_in_mid_task_has_it_run_again_within_three_seconds(running: Installation) -> None:
    began = first_after(running, 0, "work began")

    os.kill(began.pid, signal.SIGKILL)
    killed_at = time.time()

    again = first_after(running, killed_at, "work began")
    assert again.at - killed_at < AFTER_A_LOST_WORKER + OTHERS * crowding()


def test_whatever_process_is_killed_its_pool_works_again_within_two_seconds(running: Installation) -> None:
    # In this order each is still where it was: a successor comes last.
    for victim, place in {"pusher": 4, "monitor": 3, "worker": 1, "sentinel": 0}.items():
        everyone = pool(running)

        os.kill(everyone[place], signal.SIGKILL)
        killed_at = time.time()

        # The next is due within a second by itself.
        lost_for = first_after(running, killed_at, "note").at - killed_at
        assert lost_for < 1 + AFTER_A_LOST_POOL + OTHERS * crowding(), victim
        assert alive(everyone[0]) == (victim != "sentinel"), "each is replaced alone"


def test_no_child_is_left_a_second_after_its_parent_was_killed(running: Installation) -> None:
    everyone = pool(running)

    running.processes[0].kill()

    wait_until(
        lambda: not any(map(alive, everyone)),
        seconds=AFTER_A_LOST_PARENT * crowding(),
        saying="the end of every child",
    )

    assert [pid for pid in everyone if alive(pid)] == []


def test_what_waits_runs_within_a_second_after_redis_is_back(running: Installation) -> None:
    running.redis.terminate()
    time.sleep(2)
    running.redis.start()
    back_at = time.time()

    assert first_after(running, back_at, "note").at - back_at < AFTER_REDIS_IS_BACK + OTHERS * crowding()


def test_a_redis_that_accepts_and_never_answers_stops_nothing_longer_than_it_hangs(
    running: Installation,
) -> None:
    redis = running.redis._process
    assert redis is not None
    redis.send_signal(signal.SIGSTOP)
    time.sleep(4)
    redis.send_signal(signal.SIGCONT)
    back_at = time.time()

    assert first_after(running, back_at, "note").at - back_at < AFTER_REDIS_IS_BACK + OTHERS * crowding()
    assert running.processes[0].poll() is None


def test_a_sentinel_that_stands_still_is_replaced(running: Installation) -> None:
    everyone = pool(running)
    os.kill(everyone[0], signal.SIGSTOP)

    wait_until(
        lambda: not any(map(alive, everyone)),
        seconds=STALLED + OTHERS * crowding(),
        saying="the end of the stalled pool",
    )
    ended_at = time.time()
    assert first_after(running, ended_at, "note").at - ended_at < 1 + AFTER_A_LOST_POOL + OTHERS * crowding()


def test_a_worker_that_is_stopped_in_a_transaction_is_replaced_and_holds_the_database_no_more(
    stack: Installation,
) -> None:
    """By SIGSTOP; a run's limit would spare it for ten minutes, and nobody can write meanwhile on SQLite."""
    hard(stack, "HANGS_IN_A_TRANSACTION")
    stopped = first_after(stack, 0, "hangs")
    os.kill(stopped.pid, signal.SIGSTOP)

    wait_for_end(stopped.pid, saying="the end of the stopped worker")

    again = wait_until(
        lambda: [event for event in stack.events("hangs") if event.pid != stopped.pid],
        saying="a second attempt",
    )[0]
    assert again.pid in pool(stack)
    assert the_run(stack)[:3] == ("running", 2, 1)


def test_a_task_that_always_kills_its_worker_ends_as_failed(stack: Installation) -> None:
    hard(stack, "KILLS")

    wait_until(lambda: stack.rows("SELECT * FROM scheduling_run WHERE state = 'failed'"), saying="its end")

    state, attempt, losses, error = the_run(stack)
    assert (state, attempt, losses) == ("failed", 3, 3)
    assert error.startswith("worker lost 3 times")
    assert len(stack.events("kills")) == 3


def test_what_a_task_started_ends_with_the_worker_that_was_killed_in_it(stack: Installation) -> None:
    hard(stack, "FORKS")
    wait_until(lambda: len(stack.events()) == 3, saying="a child of each attempt")

    left = [int(event.what.removeprefix("forked ")) for event in stack.events()]
    wait_until(lambda: not any(map(is_running, left)), seconds=5.0, saying="their end")

    assert len(set(left)) == 3


def test_a_child_that_comes_back_from_its_task_does_not_end_its_parents_run(stack: Installation) -> None:
    hard(stack, "FORKS_AND_RETURNS")

    ended = "SELECT * FROM scheduling_run WHERE finished_at IS NOT NULL"
    wait_until(lambda: stack.rows(ended), saying="its end")

    assert the_run(stack) == ("succeeded", 1, 0, "")
    [worker] = [event.pid for event in stack.events("ended")]
    assert worker in pool(stack)


def test_a_time_limit_ends_a_task_and_its_transaction_and_the_worker_lives_on(stack: Installation) -> None:
    hard(stack, "EXCEEDS_ITS_LIMIT")

    twice_ended = "SELECT * FROM scheduling_run WHERE state = 'pending' AND attempt = 2"
    wait_until(lambda: stack.rows(twice_ended), saying="the end of two attempts")

    assert the_run(stack)[3].startswith("TimeLimitError: The task was ended at its time limit of 1 s.")
    assert stack.rows("SELECT * FROM scheduling_job WHERE description = 'stored'") == []
    workers = {event.pid for event in stack.events("hangs")}
    assert workers <= set(pool(stack))


def test_what_outlasts_the_grace_of_a_stop_is_put_back_and_that_counts_as_no_attempt(
    stack: Installation,
) -> None:
    hard(stack, "HANGS_ONCE", STOP_GRACE_SECONDS="1")
    wait_until(lambda: stack.events("began"), saying="a task under way")

    stack.processes[0].terminate()
    assert stack.processes[0].wait(10 * crowding()) == 0
    state, attempt, losses, _ = the_run(stack)
    assert (state, attempt, losses) == ("queued", 0, 0)

    stack.start("qcluster")
    wait_until(lambda: stack.events("ended"), saying="its end")
    wait_until(lambda: the_run(stack)[:3] == ("succeeded", 1, 0), saying="its record")


def test_a_stop_waits_for_what_runs_and_not_for_what_is_queued(stack: Installation) -> None:
    hard(stack, "TEN_OF_A_SECOND", STOP_GRACE_SECONDS="30")
    wait_until(lambda: len(stack.events("began")) >= 2, saying="two tasks under way")

    stack.processes[0].terminate()
    stopped_at = time.time()
    assert stack.processes[0].wait(10 * crowding()) == 0

    assert time.time() - stopped_at < 2 + OTHERS * crowding()
    assert len(stack.events("began")) == len(stack.events("ended")) <= 4
    stack.start("qcluster")
    wait_until(lambda: len(stack.events("ended")) == 10, saying="the end of all ten")


def test_a_second_signal_ends_it_at_once(stack: Installation) -> None:
    hard(stack, "HANGS", STOP_GRACE_SECONDS="60")
    wait_until(lambda: stack.events("hangs"), saying="a task under way")

    stack.processes[0].terminate()
    time.sleep(0.3)
    stack.processes[0].terminate()

    assert stack.processes[0].wait(1 + OTHERS * crowding()) == 0
    assert the_run(stack)[:2] == ("queued", 0)


if connection.vendor != "sqlite":  # whose hosts are one

    def test_a_lost_hosts_run_is_taken_back_within_the_lease_and_the_lost_host_has_given_it_up_before(
        stack: Installation,
    ) -> None:
        hard(stack, "WORKS", HOST_NAME="a")
        began = first_after(stack, 0, "began")
        stack.start("qcluster", HOST_NAME="b")
        everyone = [stack.processes[0].pid, *pool(stack)]
        # As when a machine is paused: it knows of nothing, and nothing there ends.
        for pid in everyone:
            os.kill(pid, signal.SIGSTOP)

        again = wait_until(
            lambda: [event for event in stack.events("began") if event.pid != began.pid],
            seconds=LEASE + NOTICED * crowding(),
            saying="a second attempt on the other host",
        )[0]
        for pid in reversed(everyone):
            os.kill(pid, signal.SIGCONT)
        # As soon as it runs again its watchdog strikes, or a heartbeat that was due finds the run given away
        # and its task hears it; which is first is chance. A task that was due to go on at that very moment
        # may take a step before, which stores nothing: its claim is no longer in force.
        wait_until(
            lambda: not alive(began.pid) or GIVEN_UP in stack.logs(),
            saying="the end of the paused attempt",
        )
        wait_until(lambda: again.pid in [event.pid for event in stack.events("ended")], saying="its end")
        wait_until(lambda: the_run(stack)[0] == "succeeded", saying="its record")

        assert again.at - began.at > 8
        assert the_run(stack)[:3] == ("succeeded", 2, 1)
