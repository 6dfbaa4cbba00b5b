"""Keeps django-q2's own history of successes at its limit by one statement.

Its monitor loads `save_limit` rows at every save: with 20,000 it saves about one task a second.
"""

import logging
from typing import Any

from django.db import Error as DatabaseError
from django_q.conf import Conf
from django_q.models import Success
from django_q.signals import post_execute

logger = logging.getLogger(__name__)

# Pruned at each fiftieth part of the limit, by as much at a time: to do so it is sorted.
PARTS = 50


def prune_by_statement() -> None:
    """Have this process, a monitor, prune in its own way. A limit of 0 (all) or less (none) stays."""
    limit = Conf.SAVE_LIMIT
    if limit <= 0:
        return
    Conf.SAVE_LIMIT = 0  # saves everything and prunes nothing
    every = max(1, limit // PARTS)
    saved = every  # somebody may have lowered the limit

    def count_and_prune(task: dict[str, Any], **_: Any) -> None:
        nonlocal saved
        saved += task["success"]
        if saved < every:
            return
        try:
            prune_successes(keep=limit - every + 1)
        except DatabaseError as exc:  # the next save tries again; the monitor lives on
            logger.warning("The history of tasks could not be pruned: %s", exc)
        else:
            saved = 0

    post_execute.connect(count_and_prune, weak=False)


def prune_successes(*, keep: int) -> None:
    """Delete all but the newest."""
    surplus = Success.objects.order_by("-stopped", "-pk").values("pk")[keep:]
    Success.objects.filter(pk__in=surplus).delete()
