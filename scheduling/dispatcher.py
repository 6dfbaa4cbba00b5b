"""Finds what is due, makes each occurrence exactly one run, and sees every run to its end.

Any number of dispatchers may tick at once, on any number of hosts. Whatever one of them does
is a conditional UPDATE whose row count says who won, so nothing is done twice; whatever one
of them leaves half done because it died, another one's next tick finishes.
"""

import logging
import time
from datetime import datetime

from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Min
from django_q.models import Schedule

from scheduling.claiming import claim_due
from scheduling.clock import database_now
from scheduling.doorbell import Doorbell
from scheduling.leases import LeaseWatch
from scheduling.models import Run, RunState
from scheduling.recovery import open_runs, put_back_lost, release_pending, requeue_silent

logger = logging.getLogger(__name__)

# Seconds. An edited schedule takes effect within this, and a lost worker is noticed within it.
LONGEST_SLEEP = 0.5


class Dispatcher:
    """One ticking dispatcher; what it remembers between ticks is only about lost things."""

    def __init__(self) -> None:
        self._doorbell = Doorbell()
        self._watch = LeaseWatch()
        self._pool_was_lost = False

    def pool_was_lost(self) -> None:
        """Say that this host's worker pool was restarted: messages it had taken from Redis are gone."""
        self._pool_was_lost = True

    def tick(self) -> float:
        """Do everything that is to be done now; return the seconds until the next tick.

        A database that does not answer is waited for: the tick is tried again.
        """
        try:
            return self._tick()
        except DatabaseError as exc:
            logger.warning("The database does not answer (%s); trying again.", exc)
            connection.close()
            return LONGEST_SLEEP

    def _tick(self) -> float:
        now, stopwatch = database_now(), time.monotonic()
        self._doorbell.ring(claim_due(now=now))
        self._finish_open(now=now)
        next_instant = _next_instant()
        if next_instant is None:
            return LONGEST_SLEEP
        wait = (next_instant - now).total_seconds() - (time.monotonic() - stopwatch)
        return min(max(wait, 0.0), LONGEST_SLEEP)

    def _finish_open(self, *, now: datetime) -> None:
        messages_lost = self._doorbell.has_lost_messages() or self._pool_was_lost
        runs = open_runs()
        if runs:
            put_back_lost(runs, watch=self._watch, now=now)
            queued = release_pending(runs, now=now)
            queued += requeue_silent(
                runs,
                now=now,
                messages_lost=messages_lost,
                messages_waiting=self._doorbell.waiting(),
            )
            self._doorbell.ring(queued)
        self._pool_was_lost = False


def _next_instant() -> datetime | None:
    """When the next schedule is due or the next attempt may start, whichever is sooner."""
    instants = (
        Schedule.objects.filter(job__isnull=False).aggregate(first=Min("next_run"))["first"],
        Run.objects.filter(state=RunState.PENDING).aggregate(first=Min("not_before"))["first"],
    )
    return min((instant for instant in instants if instant), default=None)
