"""django-q2's own history of what its workers did: stored many at a time, kept at its limit by one statement.

Its monitor asks and stores each task by itself, and loads `save_limit` rows to do so: with 20,000 it saves
about one a second.
"""

import logging
from collections.abc import Sequence
from typing import Any

from django.db import Error as DatabaseError
from django_q.conf import Conf
from django_q.models import Success, Task
from django_q.utils import get_func_repr

logger = logging.getLogger(__name__)

# Pruned at each fiftieth part of the limit, by as much at a time: to do so it is sorted.
PARTS = 50
LONGEST_NAME = 100


class TaskHistory:
    """What one monitor keeps. A limit of 0 keeps all successes, a lower one none; failures always stay."""

    def __init__(self) -> None:
        self._limit = Conf.SAVE_LIMIT
        self._room = 0  # somebody may have lowered the limit

    def store(self, tasks: Sequence[dict[str, Any]]) -> None:
        """Store what became of these, as workers hand it over, by one statement; raises what that raises."""
        failures = [task for task in tasks if not task["success"]]
        successes = [task for task in tasks if task["success"]] if self._limit >= 0 else []
        if self._limit > 0:
            successes = successes[-self._limit :]
            self._make_room(len(successes))
        Task.objects.bulk_create(map(_row, (*failures, *successes)), ignore_conflicts=True)

    def _make_room(self, rows: int) -> None:
        """Before they come, so that there are never more than the limit."""
        if rows > self._room:
            self._room = max(rows, self._limit // PARTS)
            try:
                prune_successes(keep=self._limit - self._room)
            except DatabaseError as exc:  # the next time tries again
                logger.warning("The history of tasks could not be pruned: %s", exc)
                self._room = rows
        self._room -= rows


def prune_successes(*, keep: int) -> None:
    """Delete all but the newest."""
    surplus = Success.objects.order_by("-stopped", "-pk").values("pk")[keep:]
    Success.objects.filter(pk__in=surplus).delete()


def _row(task: dict[str, Any]) -> Task:
    return Task(
        id=task["id"],
        name=task["name"][:LONGEST_NAME],
        func=get_func_repr(task["func"]),
        hook=task.get("hook"),
        args=task["args"],
        kwargs=task["kwargs"],
        cluster=task.get("cluster"),
        started=task["started"],
        stopped=task["stopped"],
        result=task["result"],
        group=task.get("group"),
        success=task["success"],
        attempt_count=1,
    )
