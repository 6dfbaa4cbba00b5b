"""The monitor of a pool: has what the workers did stored for the admin, many at a time.

History is in no hurry. What it tells of has ended in the ledger already.
"""

import logging
import os
import queue
import time
from collections.abc import Iterator
from typing import Any

from django.db import Error as DatabaseError
from django.db import close_old_connections
from django_q.signals import post_execute

from scheduling.engine.mailbox import Mailbox
from scheduling.ledger.task_history import TaskHistory
from scheduling.models.paths import EXECUTE_RUN, path_today
from scheduling.monitoring.refusals import is_passing

logger = logging.getLogger(__name__)

# Behind those that it tells of, so that many runs at once start sooner.
NICENESS = 5
# Seconds. Those that end within it are stored together; the mailbox has room for more.
GATHER = 0.05
MOST_AT_ONCE = 200
STOP = "STOP"


def keep_history(results: Mailbox) -> None:
    """What the process does: until it is told to stop."""
    os.nice(NICENESS)
    history = TaskHistory()
    for tasks in _batches(results):
        close_old_connections()
        _store(history, tasks)
        for task in tasks:
            post_execute.send_robust(sender="django_q", task=task)
            if task["success"]:
                logger.info("Processed %s: %s.", task["name"], _outcome(task))


def _outcome(task: dict[str, Any]) -> str:
    """Of a run what it came to: its message may come twice, and then the second finds it taken."""
    return str(task["result"]) if path_today(task["func"]) == EXECUTE_RUN else "succeeded"


def _batches(results: Mailbox) -> Iterator[list[dict[str, Any]]]:
    """What has come, at least one at a time."""
    message = results.get()
    while message != STOP:
        time.sleep(GATHER)
        tasks = []
        while message != STOP and message is not None:
            tasks.append(message)
            message = _waiting(results) if len(tasks) < MOST_AT_ONCE else None
        yield tasks
        if message is None:
            message = results.get()


def _waiting(results: Mailbox) -> Any:
    try:
        return results.get(timeout=0.0)
    except queue.Empty:
        return None


def _store(history: TaskHistory, tasks: list[dict[str, Any]]) -> None:
    """One that cannot be stored costs the others nothing; a database that is away costs them all."""
    try:
        history.store(tasks)
    except Exception as exc:
        if len(tasks) > 1 and not (isinstance(exc, DatabaseError) and is_passing(exc)):
            for task in tasks:
                _store(history, [task])
            return
        logger.warning("The history has no row of %d tasks, of %s say: %s", len(tasks), tasks[0]["name"], exc)
