"""Finds what is due, makes each occurrence exactly one run, and sees every run to its end.

Any number of dispatchers may tick at once, on any number of hosts. Whatever one of them does
is a conditional UPDATE whose row count says who won, so nothing is done twice; whatever one
of them leaves half done because it died, another one's next tick finishes.
"""

import logging
import time
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import Error as DatabaseError
from django.db import connection

from scheduling.engine.batches import claim_batches
from scheduling.engine.doorbell import Doorbell
from scheduling.engine.lease_watch import LeaseWatch
from scheduling.engine.locks import HeldSchedules, PatientConnection
from scheduling.engine.outage import Outage
from scheduling.engine.outlook import Outlook, look_ahead
from scheduling.engine.passed_over import PassedOver
from scheduling.engine.recovery import (
    give_back_stopped,
    open_runs,
    put_back_lost,
    release_pending,
    requeue_silent,
    unsettled_runs,
)
from scheduling.engine.write_trials import WriteTrials
from scheduling.models import RunState, RunTrigger
from scheduling.monitoring.alert_delivery import channels
from scheduling.monitoring.alerts import AlertWatch
from scheduling.monitoring.refusals import database_failure, is_full, is_passing
from scheduling.operations.pausing import end_pauses

logger = logging.getLogger(__name__)

# Seconds. An edited schedule takes effect within this, and a lost worker is noticed within it.
LONGEST_SLEEP = 0.5
# Where another dispatcher was faster, this one comes so much later the next times, until it finds
# something left to claim: two that claim at the same instant hold each other up.
DEFERENCE = 0.015

# Alerts are looked at when nothing is due for so long, if that comes: looking takes milliseconds.
ROOM_FOR_ALERTS = timedelta(seconds=0.25)


class Dispatcher:
    """One ticking dispatcher; what it remembers between ticks is only about lost things."""

    def __init__(self) -> None:
        self._doorbell = Doorbell()
        self._watch = LeaseWatch()
        self._alerts = AlertWatch()
        self._connection = PatientConnection()
        self._held = HeldSchedules()
        self._passed_over = PassedOver()
        self._messages_lost = False
        self._deference = 0.0
        self._trials = WriteTrials()
        # Of one tick: whether it wrote, and whether its outlook may be another since.
        self._wrote = self._moved = False
        # A disk that is full still answers who reads: that outage is over when a tick has written.
        self._is_full = False
        self._outage = Outage(consequence="trying until it does", back="The database answers again.")

    def messages_were_lost(self) -> None:
        """Say that processes of this host's pool ended: messages that they had taken from Redis are gone."""
        self._messages_lost = True

    def hand_over(self) -> None:
        """Give back what this host's stopped pool was doing, and ask everybody to go on with it."""
        with suppress(DatabaseError):  # what cannot be given back now is found lost later
            give_back_stopped(open_runs(but=self._passed_over.jobs))
        self.messages_were_lost()
        self.tick()

    def tick(self) -> float:
        """Do everything that is to be done now; return the seconds until the next tick.

        A database that does not answer, or takes no writes, is waited for: the tick is tried again. A row
        that cannot be read is passed over from the next tick on, which comes at once.
        """
        try:
            if self._outage.is_on:  # most ticks only read, and would go well in one that takes no writes
                self._trials.require_writes()
            wait = self._tick()
        except Exception as exc:
            if not is_passing(exc) and self._passed_over.explain():
                return 0.0
            if not isinstance(exc, DatabaseError):
                raise
            self._database_failed(exc)
            connection.close()
            return LONGEST_SLEEP
        if self._wrote or not self._is_full:
            self._is_full = False
            self._outage.worked()
        return wait

    def _tick(self) -> float:
        self._wrote = False
        self._connection.bound()
        self._passed_over.refresh()
        stopwatch, outlook = time.monotonic(), look_ahead()
        now = outlook.now
        if outlook.is_pause_over:
            outlook = self._end_pauses(outlook)
        if self._claim_and_finish(outlook):
            return 0.0
        if outlook.is_due:
            self._held.mention(now=now)
        next_instant = (look_ahead(at=now) if self._moved else outlook).next_instant
        has_room = next_instant is None or next_instant - now > ROOM_FOR_ALERTS
        if has_room or self._alerts.is_overdue:
            self._alerts.look(now=now)
        if next_instant is None:
            return LONGEST_SLEEP
        wait = (next_instant - now).total_seconds() - (time.monotonic() - stopwatch)
        return min(max(wait + self._deference, 0.0), LONGEST_SLEEP)

    def _end_pauses(self, outlook: Outlook) -> Outlook:
        for name in end_pauses(now=outlook.now, but=self._passed_over.jobs):
            logger.info("%s goes on: its pause is over.", name)
        return look_ahead(at=outlook.now)

    def _claim_and_finish(self, outlook: Outlook) -> bool:
        """Both, also when nothing can be claimed: an overdue run may be what holds the database up."""
        self._moved = outlook.is_due
        try:
            if outlook.is_due:
                self._claim_and_ring(now=outlook.now)
        except DatabaseError:
            connection.close()
            self._connection.bound()
            self._finish_open(outlook)
            raise
        return self._finish_open(outlook)

    def _claim_and_ring(self, *, now: datetime) -> None:
        has_claimed = False
        for recorded in claim_batches(now=now, but=self._passed_over.jobs):
            self._doorbell.ring(run for run in recorded if run.state == RunState.QUEUED)
            has_claimed = self._wrote = True
        self._deference = 0.0 if has_claimed else DEFERENCE

    def _finish_open(self, outlook: Outlook) -> bool:
        """See to the runs that have not ended; say whether one was put back, which may start at once."""
        # Remembered until it is acted upon: what follows may break off.
        self._messages_lost |= self._doorbell.has_lost_messages()
        if not (outlook.is_unsettled or self._moved or self._messages_lost):
            return False
        now = outlook.now
        waiting = self._doorbell.is_waited_for()
        runs = unsettled_runs(
            now=now,
            messages_lost=self._messages_lost,
            messages_waiting=waiting,
            but=self._passed_over.jobs,
        )
        lost = []
        if time.monotonic() > self._trials.writers_until:
            lost = put_back_lost(runs, watch=self._watch, now=now)
        if channels():  # deliveries are the courier's
            runs = [run for run in runs if run.trigger != RunTrigger.ALERT]
        queued = release_pending(runs, now=now)
        queued += requeue_silent(runs, now=now, messages_lost=self._messages_lost, messages_waiting=waiting)
        self._doorbell.ring(queued)
        self._messages_lost = False
        self._wrote |= bool(lost or queued)
        self._moved |= self._wrote
        return bool(lost)

    def _database_failed(self, exc: DatabaseError) -> None:
        self._is_full |= is_full(exc)
        self._outage.failed(database_failure(exc))
