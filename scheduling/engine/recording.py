"""Writing the end of a run down for certain: with patience, or not at all and then by dying.

`persistently` writes an end by itself, and waits for `RECORDING_PATIENCE`. `for_certain` does so too, and any
other error ends the process as well. `within_reach` commits an end with what its task wrote, and waits for as
long as the task has time; `under_lease` so commits a part of that work, before the end.
"""

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
from scheduling.ledger.patience import is_held
from scheduling.monitoring.refusals import database_problem, is_passing
from scheduling.timing.attempts import with_jitter

logger = logging.getLogger(__name__)

# How long (seconds) the end of a run waits for a database that is away or takes no writes, before its process
# gives up and leaves the run to be taken back. Somebody else may not need to wait: what is written is fenced.
RECORDING_PATIENCE = 3_600.0
# And for a row that somebody else holds (PostgreSQL): the worker is needed by others, and the run is repeated
# when it is let go.
HELD_PATIENCE = 30.0
# Seconds until the second trial; each further wait is twice as long, up to the longest.
TRY_AGAIN = 0.2
LONGEST_WAIT = 5.0

# What is recorded, where nobody says of which run it is.
SOME = "The end of a run"

Result = TypeVar("Result")


def for_certain(record: Callable[[], None], *, what: str = SOME) -> None:
    """Record something, or end this process.

    A worker that gave up and lived on would hold its run for ever; the dispatcher takes a dead
    one's back.
    """
    try:
        persistently(record, what=what)
    except Exception:
        logger.exception("%s could not be recorded; this worker ends.", what)
        os._exit(1)


def persistently(record: Callable[[], None], *, what: str) -> None:
    """Record an end even when the database is away for a while; this process ends when it stays away.

    That the run is somebody else's by now is said in the log. Raises what would fail again.
    """
    began = time.monotonic()
    try:
        patiently(record, until=began + RECORDING_PATIENCE, what=what)
    except RunLostError as exc:
        logger.warning("%s", exc)
    except DatabaseError as exc:
        if not is_passing(exc):
            raise
        waited = time.monotonic() - began
        logger.exception("%s could not be stored for %.0f s; this worker ends.", what, waited)
        os._exit(1)


def patiently(
    write: Callable[[], Result], *, until: float, what: str, refusal: DatabaseError | None = None
) -> Result:
    """Write in a transaction of one's own, again and again until that instant of `time.monotonic()`.

    Raises what the last trial raised, and at once what will not pass. A time limit that strikes
    meanwhile tells of the last refusal; `refusal` is that of a trial before.
    """
    wait, held_until = TRY_AGAIN, min(until, time.monotonic() + HELD_PATIENCE)
    try:
        while True:
            try:
                return write()
            except DatabaseError as exc:
                if not is_passing(exc) or time.monotonic() > (held_until if is_held(exc) else until):
                    raise
                if refusal is None:
                    _say_once(what, exc)
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
        _say_once(what, exc)
        refusal = exc
    let_go()
    connection.close()
    return patiently(commit, until=math.inf, what=what, refusal=refusal)


def under_lease(commit: Callable[[], Result], *, what: str) -> Result:
    """Commit a part of work that goes on, as `within_reach` does, and hold the lease while it waits."""
    if connection.in_atomic_block:
        return commit()
    return patiently(commit, until=math.inf, what=what)  # [ONCE-1]


def _say_once(what: str, exc: DatabaseError) -> None:
    """`health` names who holds a row; the database's own words name the row alone."""
    why = "somebody else holds its row" if is_held(exc) else " ".join(str(exc).split())
    logger.warning("%s has ended and cannot be stored yet: %s", what, why)
