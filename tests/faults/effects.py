"""Tasks that leave two traces: lines in a file that only grows, and a row stored with the end of the run.

The file is written with one system call a line, so a line is there or not, whoever is killed.
A lock that the kernel drops with the process shows two processes at one occurrence.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from scheduling.engine.execution import commit_with_run, current_occurrence
from tests.faults import mischief
from tests.faults.traces import append_line


def nothing() -> None:
    """For what only counts how many run."""


def too_long(ballast: str) -> None:
    """For a time limit to end; what it is called with is only large."""
    time.sleep(60)


def quick() -> None:
    _run("quick-repeatable", seconds=0)


def steady() -> None:
    _run("steady-repeatable", seconds=0.5)


def slow() -> None:
    _run("slow-repeatable", seconds=2.5)


def _write(what: str, *, job: str, occurrence: datetime) -> None:
    line = {
        "at": time.monotonic(),
        # The true time, also where the test has set the clock wrong.
        "clock": time.clock_gettime(time.CLOCK_REALTIME),
        "what": what,
        "process": f"{settings.HOST_NAME}/{os.getpid()}",
        "job": job,
        "occurrence": occurrence.isoformat(),
    }
    append_line(Path(os.environ["EFFECT_LOG"]), line)


def _run(job: str, *, seconds: float) -> None:
    occurrence = current_occurrence()
    assert occurrence is not None, "a storm's task runs for an occurrence"
    with _alone(job, occurrence):
        _write("began", job=job, occurrence=occurrence)
        try:
            if mischief.is_left_to_return(Path(os.environ["EFFECT_LOG"])):
                _write("broke", job=job, occurrence=occurrence)
                return
            time.sleep(seconds)
            commit_with_run(lambda: _store(job, occurrence))
        except BaseException:
            _write("broke", job=job, occurrence=occurrence)
            raise
        _write("ended", job=job, occurrence=occurrence)


@contextlib.contextmanager
def _alone(job: str, occurrence: datetime) -> Iterator[None]:
    path = Path(f"{os.environ['EFFECT_LOG']}.{job}.{occurrence:%H%M%S}.lock")
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _write("overlapped", job=job, occurrence=occurrence)
        yield


def _store(job: str, occurrence: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO faults_effect VALUES (%s, %s)", [job, occurrence.isoformat()])
