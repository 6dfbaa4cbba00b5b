"""The lanes of their own in which strangers are talked to: alerts and the heartbeat, and what settings name.

A process for each beside the workers, so that a receiver that takes its time takes none of them, and none of
another lane. They need no bell: they look into the database, and so tell of a Redis that is away as well.
"""

import logging
import os
import signal
import time
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import OperationalError, connection, connections, transaction
from django.utils.module_loading import import_string
from django_q.cluster import get_mp_context

from scheduling.clock import database_now
from scheduling.engine.execution import execute_run
from scheduling.engine.locks import PatientConnection
from scheduling.engine.processes import adopt_orphans, die_with_parent
from scheduling.engine.standstill import StoppedChildren
from scheduling.ledger.ahead import waiting_ahead
from scheduling.ledger.patience import briefly, is_held
from scheduling.models import OPEN_STATES, Job, Run, RunState, RunTrigger
from scheduling.monitoring.alert_delivery import DELIVERY_DEADLINE, channels, digest
from scheduling.monitoring.heartbeat import Heartbeat
from scheduling.timing.instants import show_instant

logger = logging.getLogger(__name__)

# Seconds between two looks.
LOOK_EVERY = 1.0
# Seconds between two looks whether a lane is wanted, and its process there.
ASK_EVERY = 1.0
# Where the table is locked, asking waits, and the dispatcher with it: not at each of its ticks.
ASK_AFTER_REFUSAL = 30.0
# What was queued this long ago and is not running was queued by somebody who died, or by an older version.
FORGOTTEN = timedelta(seconds=5)


class Lane(Protocol):
    """What a class that `settings.COURIER_LANES` names can do."""

    def is_wanted(self) -> bool:
        """Whether there is anybody to talk to; asked beside the dispatcher, so within milliseconds."""

    def look(self, *, now: datetime) -> None:
        """Do what is to be done now, within seconds; called once a second in a process of its own."""


class AlertLane:
    """Deliveries of alerts, and the heartbeat; there is nobody while the settings name nobody."""

    def __init__(self) -> None:
        self._heartbeat = Heartbeat()

    def is_wanted(self) -> bool:
        return bool(channels() or settings.HEARTBEAT_URL)

    def look(self, *, now: datetime) -> None:
        deliver_due(now=now)
        self._heartbeat.beat_if_due()


class Courier:
    """The parent's side: each process is started anew when it ended, and dies with its parent."""

    def __init__(self) -> None:
        named = {name: import_string(path)() for name, path in settings.COURIER_LANES.items()}
        self._lanes: dict[str, Lane] = {"alerts": AlertLane(), **named}
        self._processes: dict[str, Any] = {}
        self._stopped = StoppedChildren()
        self._ask_at = dict.fromkeys(self._lanes, 0.0)
        self._connection = PatientConnection()

    def keep_running(self) -> None:
        for name, lane in self._lanes.items():
            process = self._processes.get(name)
            if (process is None or not process.is_alive()) and self._is_wanted(name, lane):
                self._processes[name] = self._started(lane)
        self._stopped.end([process.pid for process in self._processes.values()])

    def stop(self) -> None:
        """What they were telling is put back, or found not told; it may be told twice, never not at all."""
        for process in self._processes.values():
            process.kill()
            process.join()

    def _is_wanted(self, name: str, lane: Lane) -> bool:
        if time.monotonic() < self._ask_at[name]:
            return False
        self._ask_at[name] = time.monotonic() + ASK_EVERY
        try:
            self._connection.bound()
            return lane.is_wanted()
        except DatabaseError:
            connection.close()  # the dispatcher says so
            self._ask_at[name] = time.monotonic() + ASK_AFTER_REFUSAL
            return False

    def _started(self, lane: Lane) -> Any:
        # A connection that a child inherits is shared with it, and closed for both.
        connections.close_all()
        process = get_mp_context().Process(target=_run, args=(lane, os.getpid()), daemon=True)
        process.start()
        return process


def deliver_due(*, now: datetime) -> list[int]:
    """Tell everything that is to be told now, one delivery of each channel; returns the runs."""
    waiting = Run.objects.filter(trigger=RunTrigger.ALERT, state__in=OPEN_STATES)
    found = []
    for job_id in waiting.order_by("job_id").values_list("job_id", flat=True).distinct():
        try:
            run_id = _next_delivery(job_id, now=now)
        except OperationalError as exc:
            if not is_held(exc):
                raise
            run_id = None  # one of its runs is held; the other channels are not
        if run_id is None:
            continue
        found.append(run_id)
        try:
            execute_run(run_id)
        except DatabaseError:
            raise
        except Exception:  # noqa: S110 - the run has recorded and said it
            pass
    return found


def _next_delivery(job_id: int, *, now: datetime) -> int | None:
    """The one run that tells all the news that wait in a channel; None while one is under way, or somebody
    else holds the channel's row.

    The others end as skipped. Under the lock of the channel, so that two hosts do not tell beside each other.
    """
    with transaction.atomic():
        job = briefly(Job.objects.select_for_update(skip_locked=True).filter(pk=job_id)).first()
        if job is None:
            return None
        if job.time_limit != DELIVERY_DEADLINE:  # one of an older version
            Job.objects.filter(pk=job_id).update(time_limit=DELIVERY_DEADLINE)
        runs = list(
            Run.objects.filter(job=job, trigger=RunTrigger.ALERT, state__in=OPEN_STATES).order_by("pk")
        )
        for run in runs:
            if run.state == RunState.QUEUED and run.queued_at and abs(now - run.queued_at) > FORGOTTEN:
                return run.pk
        # Told too early does no harm, unlike what runs by a clock that was wrong.
        ahead = set(waiting_ahead(now=now).filter(job=job).values_list("pk", flat=True))
        due = [run for run in runs if run.not_before <= now or run.pk in ahead]
        if not due or any(run.state != RunState.PENDING for run in runs):
            return None
        return _join(runs, into=due[-1], now=now)


def _join(runs: list[Run], *, into: Run, now: datetime) -> int:
    others = [run for run in runs if run.pk != into.pk]
    Run.objects.filter(pk__in=[run.pk for run in others], state=RunState.PENDING).update(
        state=RunState.SKIPPED,
        finished_at=now,
        error=f"told together with the news of {show_instant(into.occurrence)}",
    )
    news = digest([one for run in runs for one in run.parameters.get("news", [])])
    Run.objects.filter(pk=into.pk, state=RunState.PENDING).update(
        state=RunState.QUEUED, queued_at=now, parameters={"news": news}
    )
    return into.pk


def _run(lane: Lane, parent_pid: int) -> None:
    die_with_parent(parent_pid)
    adopt_orphans()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        began = time.monotonic()
        try:
            lane.look(now=database_now())
        except DatabaseError:
            connection.close()  # the dispatcher says so
        time.sleep(max(LOOK_EVERY - (time.monotonic() - began), 0.05))
