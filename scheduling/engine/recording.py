"""Writing the end of a run down for certain: with patience, or not at all and then by dying."""

import logging
import math
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.db import Error as DatabaseError
from django.db import connection

from scheduling.engine.leases import let_go
from scheduling.engine.time_limits import TimeIsUp
from scheduling.exceptions import RunLostError
from scheduling.monitoring.refusals import database_problem, is_passing
from scheduling.timing.attempts import with_jitter

logger = logging.getLogger(__name__)

# How long (seconds) the end of a run waits for a database that is away or takes no writes, before its process
# gives up and leaves the run to be taken back. Somebody else may not need to wait: what is written is fenced.
RECORDING_PATIENCE = 3_600.0
# Seconds until the second trial; each further wait is twice as long, up to the longest.
TRY_AGAIN = 0.2
LONGEST_WAIT = 5.0

Result = TypeVar("Result")


def for_certain(record: Callable[[], None]) -> None:
    """Record something, or end this process.

    A worker that gave up and lived on would hold its run for ever; the dispatcher takes a dead
    one's back.
    """
    try:
        persistently(record)
    except Exception:
        logger.exception("The end of a run could not be recorded; this worker ends.")
        os._exit(1)


def persistently(record: Callable[[], None]) -> None:
    """Record an end even when the database is away for a while; this process ends when it stays away."""
    patience_ends = time.monotonic() + RECORDING_PATIENCE
    try:
        patiently(record, until=patience_ends)
    except RunLostError as exc:
        logger.warning("%s", exc)
    except DatabaseError as exc:
        if not is_passing(exc):
            raise
        logger.exception("The database was away for %.0f s; this worker ends.", RECORDING_PATIENCE)
        os._exit(1)


def patiently(write: Callable[[], Result], *, until: float, refusal: DatabaseError | None = None) -> Result:
    """Write in a transaction of one's own, again and again until that instant of `time.monotonic()`.

    Raises what the last trial raised, and at once what will not pass. A time limit that strikes
    meanwhile tells of the last refusal; `refusal` is that of a trial before.
    """
    wait = TRY_AGAIN
    try:
        while True:
            try:
                return write()
            except DatabaseError as exc:
                if not is_passing(exc) or time.monotonic() > until:
                    raise
                refusal = exc
            connection.close()
            time.sleep(with_jitter(timedelta(seconds=wait)).total_seconds())
            wait = min(2 * wait, LONGEST_WAIT)
    except TimeIsUp as up:
        if refusal is not None:
            up.waited_for = f"Its work was done and could not be stored. {database_problem(refusal)}"
            up.refusal = refusal
        raise


def within_reach(commit: Callable[[], Result], *, what: str) -> Result:
    """Commit work that is done, when a database that takes no writes just now takes them again.

    As long as the task's time limit lets us, and without the lease, which nobody can renew there.
    """
    try:
        return commit()
    except DatabaseError as exc:
        if not is_passing(exc) or connection.in_atomic_block:
            raise
        logger.warning("%s has ended and cannot be stored yet: %s", what, " ".join(str(exc).split()))
        refusal = exc
    let_go()
    connection.close()
    return patiently(commit, until=math.inf, refusal=refusal)
