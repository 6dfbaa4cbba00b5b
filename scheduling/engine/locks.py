"""How a dispatcher lives with rows that somebody else holds (PostgreSQL): briefly, and saying so."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.db import OperationalError, connection

from scheduling.ledger.patience import PATIENCE_MS, is_held
from scheduling.models import Job, Run
from scheduling.monitoring.row_locks import lock_holders

logger = logging.getLogger(__name__)

# A row that was held is left alone for so long (seconds): waiting for it at each tick delays the others.
LEFT_ALONE = 5.0
# Claimed by nobody for so long, a due schedule is held by somebody, or there is too much to do.
OVERDUE = timedelta(seconds=2)
REMINDER_EVERY = 30.0


class PatientConnection:
    """Sees that no statement of this thread waits for a lock for ever; asks once for each connection."""

    def __init__(self) -> None:
        self._bounded: object = None

    def bound(self) -> None:
        here = connection.connection
        # None is no connection yet, and the one that comes is not bounded.
        if connection.vendor != "postgresql" or (here is not None and here is self._bounded):
            return
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {PATIENCE_MS}")
        self._bounded = connection.connection


# When each held run may be tried again, by this process's stopwatch.
_left_alone: dict[int, float] = {}


def unless_held(act: Callable[..., bool]) -> Callable[..., bool]:
    """Have a conditional UPDATE of one run come to nothing while somebody else holds that run's row."""

    @wraps(act)
    def unless(run: Run, **arguments: Any) -> bool:
        if _left_alone.get(run.pk, 0.0) > time.monotonic():
            return False
        try:
            return act(run, **arguments)
        except OperationalError as exc:
            if not is_held(exc):
                raise
        _left_alone[run.pk] = time.monotonic() + LEFT_ALONE
        logger.warning("%s is left alone for now: its row is locked by %s.", run, _holders())
        return False

    return unless


class HeldSchedules:
    """What was said, and when, of schedules that stay due because somebody holds them."""

    def __init__(self) -> None:
        self._reminded_at = -REMINDER_EVERY

    def mention(self, *, now: datetime) -> None:
        """Name them and who holds them, once in a while."""
        if connection.vendor != "postgresql" or time.monotonic() - self._reminded_at < REMINDER_EVERY:
            return
        due = Job.objects.filter(schedule__next_run__lt=now - OVERDUE, paused_at=None)
        names = list(due.order_by("name").values_list("name", flat=True)[:5])
        if names and (holders := lock_holders()):
            self._reminded_at = time.monotonic()
            logger.warning("%s: not claimed, locked by %s.", ", ".join(names), "; ".join(map(str, holders)))


def _holders() -> str:
    return "; ".join(map(str, lock_holders())) or "somebody"
