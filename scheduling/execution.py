"""What a worker does with a run: claim it, run its task, record what became of it.

The ledger decides, the message only asks: a run is claimed by one conditional UPDATE, and
everything a claim writes later is fenced by its owner token, so a worker that lost its run
can store nothing.
"""

import logging
import os
import random
import time
import traceback
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.db.models import F
from django.utils.module_loading import import_string

from scheduling.clock import database_now
from scheduling.exceptions import RunLostError, SkipRun
from scheduling.leases import held_lease
from scheduling.models import Run, RunState
from scheduling.processes import this_process
from scheduling.time_limits import time_limit

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# The wait before the second attempt; it doubles with each further one.
BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(minutes=5)
# How long a finished task tries to reach a database that does not answer before its process
# gives up and leaves the run to be taken back.
RECORDING_PATIENCE = 30.0
LONGEST_ERROR = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A run that this process owns."""

    run_id: int
    owner: str
    name: str
    task: str
    attempt: int
    max_attempts: int
    time_limit: timedelta
    started_at: datetime


_current: ContextVar[Claim | None] = ContextVar("current_claim", default=None)


def commit_with_run(write: Callable[[], Result]) -> Result:
    """Call `write` in a transaction that also ends the run being executed, and return its result.

    A task does its reading and its network work first and stores everything through this, so
    its effect and the end of its run are one: both are there or neither. Outside a run it is
    a plain transaction. Raises `RunLostError`, and stores nothing, when the run was given to
    somebody else meanwhile.
    """
    claim = _current.get()
    with transaction.atomic():
        result = write()
        if claim is not None:
            _end(claim, RunState.SUCCEEDED, result=result)
    if claim is not None:
        _current.set(None)
    return result


def execute_run(run_id: int) -> str:
    """Run the task of a queued run and record its end; the function django-q2 workers call.

    Returns what happened in a few words. Raises what the task raised, after recording it, so
    that django-q2's own history shows a failure as a failure.
    """
    claim = claim_run(run_id, now=database_now())
    if claim is None:
        return "already taken"
    token = _current.set(claim)
    try:
        task = import_string(claim.task)
        with held_lease(run_id=claim.run_id, owner=claim.owner), time_limit(claim.time_limit):
            result = task()
        if _current.get() is not None:
            _persistently(lambda: _end(claim, RunState.SUCCEEDED, result=result))
    except SkipRun as exc:
        reason = str(exc)
        _persistently(lambda: _end(claim, RunState.SKIPPED, error=reason))
        return f"skipped: {reason}"
    except RunLostError as exc:
        logger.warning("%s", exc)
        return "lost"
    except Exception as exc:
        error = _explained(exc)
        _persistently(lambda: _record_failure(claim, error=error))
        raise
    finally:
        _current.reset(token)
    return "succeeded"


def claim_run(run_id: int, *, now: datetime) -> Claim | None:
    """Make a queued run ours; None when it is not there to be had, which is no error."""
    owner = uuid.uuid4().hex
    won = Run.objects.filter(pk=run_id, state=RunState.QUEUED).update(
        state=RunState.RUNNING,
        attempt=F("attempt") + 1,
        owner=owner,
        worker=str(this_process()),
        heartbeat=0,
        started_at=now,
        finished_at=None,
    )
    if not won:
        return None
    run = Run.objects.select_related("job").get(pk=run_id)
    if run.attempt == 1:
        Run.objects.filter(pk=run_id, owner=owner).update(lateness=now - run.occurrence)
    return Claim(
        run_id=run_id,
        owner=owner,
        name=str(run),
        task=run.job.task,
        attempt=run.attempt,
        max_attempts=run.job.max_attempts,
        time_limit=run.job.time_limit,
        started_at=now,
    )


def backoff(attempt: int) -> timedelta:
    """How long to wait after this many failed attempts: doubling, with a jitter of up to a quarter."""
    wait = min(BACKOFF * int(2 ** (attempt - 1)), LONGEST_BACKOFF)
    return wait * random.uniform(1, 1.25)


def _record_failure(claim: Claim, *, error: str) -> None:
    """Put the run back for its next attempt, or end it as failed after the last."""
    if claim.attempt >= claim.max_attempts:
        _end(claim, RunState.FAILED, error=error)
        return
    _end(claim, RunState.PENDING, error=error, not_before=database_now() + backoff(claim.attempt))


def _end(claim: Claim, state: RunState, **fields: Any) -> None:
    """Write what became of the claim, if it is still in force; raises `RunLostError` if it is not."""
    now = database_now()
    written = Run.objects.filter(pk=claim.run_id, owner=claim.owner, state=RunState.RUNNING).update(
        state=state, finished_at=now, duration=now - claim.started_at, **fields
    )
    if not written:
        raise RunLostError(f"{claim.name} was given to somebody else during attempt {claim.attempt}.")


def _persistently(record: Callable[[], None]) -> None:
    """Record an end even when the database is away for a while.

    A worker that gave up and lived on would hold its run for ever, so it dies instead; the
    dispatcher then takes the run back like any other lost one.
    """
    patience_ends = time.monotonic() + RECORDING_PATIENCE
    while True:
        try:
            return record()
        except RunLostError as exc:
            logger.warning("%s", exc)
            return None
        except DatabaseError:
            connection.close()
            if time.monotonic() > patience_ends:
                logger.exception("The database was away for %.0f s; this worker ends.", RECORDING_PATIENCE)
                os._exit(1)
            time.sleep(0.2)


def _explained(exc: BaseException) -> str:
    """The error in one line, then the last of its traceback."""
    trace = "".join(traceback.format_exception(exc))[-LONGEST_ERROR:]
    return f"{type(exc).__name__}: {exc}\n\n{trace}"
