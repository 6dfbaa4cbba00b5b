"""Tasks that are hard on their workers, each declared as a job that is due once, a second after set-up."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.db import connection, transaction

from scheduling.modes import JobDeclaration


def _note(what: str) -> None:
    with Path(os.environ["EFFECT_LOG"]).open("a") as log:
        log.write(f"{time.time():.6f} {os.getpid()} {what}\n")


def kill_the_worker() -> None:
    _note("kills")
    os.kill(os.getpid(), signal.SIGKILL)


def fork_and_die() -> None:
    """Leaves a child in a session of its own behind, then is killed."""
    child = subprocess.Popen(["sleep", "300"], start_new_session=True)
    _note(f"forked {child.pid}")
    os.kill(os.getpid(), signal.SIGKILL)


def fork_and_return() -> None:
    """A child comes back from its task at once, and the other fails; their parent works on."""
    for fails in (False, True):
        if os.fork() == 0:
            if fails:
                raise ValueError("in a child")
            return
    time.sleep(1)
    _note("ended")


def store_and_hang() -> None:
    """Is ended, or stopped, in the middle of a transaction."""
    _note("hangs")
    with transaction.atomic():
        _store()
        time.sleep(60)


def hang() -> None:
    _note("hangs")
    time.sleep(60)


def hang_once() -> None:
    """Hangs in its first attempt only."""
    first = not Path(f"{os.environ['EFFECT_LOG']}.hung").exists()
    Path(f"{os.environ['EFFECT_LOG']}.hung").touch()
    _note("began")
    time.sleep(60 if first else 0)
    _note("ended")


def work_for_seconds() -> None:
    _note("began")
    time.sleep(6)
    _note("ended")


def take_a_second() -> None:
    _note("began")
    time.sleep(1)
    _note("ended")


def _store() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scheduling_job SET description = 'stored'")


def once(task: Callable[[], None], *, copies: int = 1, limit: float = 600) -> tuple[JobDeclaration, ...]:
    return tuple(
        JobDeclaration(
            name=f"hard-{number}",
            task=f"tests.faults.hard.{task.__name__}",
            description="",
            every_seconds={"test": 21_600, "production": 21_600},
            start_after_seconds={"test": 1, "production": 1},
            time_limit=timedelta(seconds=limit),
        )
        for number in range(copies)
    )


FORKS = once(fork_and_die)
FORKS_AND_RETURNS = once(fork_and_return)
KILLS = once(kill_the_worker)
HANGS_IN_A_TRANSACTION = once(store_and_hang)
EXCEEDS_ITS_LIMIT = once(store_and_hang, limit=1)
HANGS = once(hang)
HANGS_ONCE = once(hang_once)
WORKS = once(work_for_seconds)
TEN_OF_A_SECOND = once(take_a_second, copies=10)
