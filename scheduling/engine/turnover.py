"""The end of a run and the claim of the next by one statement, where the next one waits already (PostgreSQL).

That is one round trip and one commit instead of two. A worker still has one run and no more: what it holds
back is the end of a task that stored nothing with its run, until it has asked for the next message, and that
it asks for at once. On SQLite there is no way to go and no disk to wait for.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection

from scheduling.engine import statements
from scheduling.engine.recording import persistently

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """An end that is not written yet; how to write it alone, and what to do when it cannot be written."""

    name: str
    run_id: int
    owner: str
    fields: dict[str, Any]
    write: Callable[[], None]
    fail: Callable[[Exception], object]


# Of this process; nobody but a worker that reads messages holds anything back.
_more_waits: Callable[[], bool] | None = None
_held: HeldBack | None = None


def hold_back_while(more_waits: Callable[[], bool]) -> None:
    """Have this process, a worker, hold an end back when that says that there is a next run to ask for."""
    global _more_waits
    _more_waits = more_waits


def end(ended: HeldBack) -> None:
    """Write the end of a run, now or with the next claim."""
    global _held
    if _more_waits is not None and connection.vendor == "postgresql" and _more_waits():
        _held = ended
    else:
        persistently(ended.write, what=ended.name)


def holds_back() -> bool:
    return _held is not None


def flush() -> None:
    """Write what is held back; to be called before this process waits for anything, or ends."""
    global _held
    ended, _held = _held, None
    if ended is None:
        return
    try:
        persistently(ended.write, what=ended.name)
    except Exception as exc:
        ended.fail(exc)


def take(run_id: int, *, owner: str, worker: str) -> tuple[Any, ...] | None:
    """Take a run as `statements.take` does, and write what is held back.

    What cannot be done together is done one by one: a row that somebody else holds stops its own run.
    """
    global _held
    if (ended := _held) is None:
        return statements.take(run_id, owner=owner, worker=worker)
    try:
        was_ours, row = statements.end_and_take(
            run_id,
            owner=owner,
            worker=worker,
            ended_run=ended.run_id,
            ended_owner=ended.owner,
            **ended.fields,
        )
    except DatabaseError:
        flush()
        # Nothing of it was done, or all of it without our having heard: then there is none to be had, and
        # who asked gives it back.
        row = statements.take(run_id, owner=owner, worker=worker)
        if row is None:
            raise
        return row
    _held = None
    if not was_ours:
        logger.warning("%s was given to somebody else before its end was written.", ended.name)
    return row
