"""Finishing what somebody else began: lost workers, lost messages, attempts whose time has come.

Each function looks at the open runs, moves those it should by a conditional UPDATE, and
returns the ones it won.
"""

import logging
import os
import signal
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, Q

from scheduling.clock import AHEAD
from scheduling.engine.aftermath import follow_failure
from scheduling.engine.lease_watch import LeaseWatch
from scheduling.engine.locks import unless_held
from scheduling.engine.processes import ProcessIdentity
from scheduling.engine.room import Room, taking_room
from scheduling.engine.takeover import take_over_waiting, waits_for_another_attempt
from scheduling.engine.turns import in_turn_for_room, rank, turns_of_asked
from scheduling.ledger.attempts import waits_of, with_failed_attempt
from scheduling.models import OPEN_STATES, Job, Overlap, Run, RunState
from scheduling.timing.attempts import with_jitter

logger = logging.getLogger(__name__)

# A run that nobody picked up is asked for again after this long, then after waits that grow with
# its age: the message may be lost, or merely stand in a queue that is long.
SILENCE = timedelta(seconds=2)
LONGEST_SILENCE = timedelta(seconds=60)
# While messages wait in Redis the queue is long rather than lost.
SILENCE_WITH_A_QUEUE = timedelta(seconds=30)
# A task that killed its worker so often is a danger to the runs beside it.
MOST_LOSSES = 3
# A task that is still running this long after its time limit cannot be ended from within.
OVERDUE = timedelta(seconds=60)


def open_runs(*, but: Collection[int] = ()) -> list[Run]:
    """Every run that has not ended, `but` of some jobs, with its job."""
    runs = Run.objects.filter(state__in=OPEN_STATES).exclude(job__in=but)
    return list(runs.select_related("job").order_by("not_before", "pk"))


def unsettled_runs(
    *, now: datetime, messages_lost: bool, messages_waiting: bool, but: Collection[int] = ()
) -> list[Run]:
    """The open runs to look at, but for jobs of `but`: running, due, or queued and taken by nobody for long.

    With a pending one come all that its release depends on: of its job, and of those that leave a worker.
    Most of what is open when much is due was queued a moment ago, and is on its way to a worker.
    """
    due = Q(state=RunState.PENDING, not_before__lte=now)
    silent = Q(state=RunState.QUEUED)
    if not messages_lost:  # nothing is queued before it may start, and by that there is an index
        asked = now - (SILENCE_WITH_A_QUEUE if messages_waiting else SILENCE)
        silent &= Q(not_before__lt=asked) & (Q(queued_at__lt=asked) | Q(queued_at__gt=now + AHEAD))
    rows = Run.objects.exclude(job__in=but).select_related("job").order_by()
    found = {run.pk: run for run in rows.filter(Q(state=RunState.RUNNING) | due | silent)}
    if any(run.state == RunState.PENDING for run in found.values()):
        of_their_jobs = Q(state__in=OPEN_STATES, job__in=Run.objects.filter(due).values("job"))
        found |= {run.pk: run for run in rows.filter(of_their_jobs | taking_room()) if run.pk not in found}
    return sorted(found.values(), key=lambda run: (run.not_before, run.pk))


def put_back_lost(runs: Iterable[Run], *, watch: LeaseWatch, now: datetime) -> list[Run]:
    """Take back the runs whose worker is gone; the last attempt's loss ends the run as failed."""
    local: list[Run] = []
    remote: list[Run] = []
    for run in runs:
        if run.state == RunState.RUNNING:
            (local if _is_local(run) else remote).append(run)
    lost = [run for run in local if not _process_lives(run)]  # [RECOVER-1]
    _end_workers(watch.overdue(local, by=OVERDUE))
    return [run for run in (*lost, *watch.expired(remote)) if _put_back(run, now=now)]  # [LIVE-1]


def give_back_stopped(runs: Iterable[Run]) -> list[Run]:
    """Put back what the workers of this host were doing when they were stopped; it costs no attempt."""
    return [
        run
        for run in runs
        if run.state == RunState.RUNNING
        and _is_local(run)
        and not _process_lives(run)
        and Run.objects.filter(pk=run.pk, owner=run.owner, state=RunState.RUNNING).update(  # [FENCE-2]
            state=RunState.PENDING, attempt=F("attempt") - 1, error="given back by a worker that was stopped"
        )
    ]


def release_pending(runs: Iterable[Run], *, now: datetime) -> list[Run]:
    """Queue the runs that waited for this instant, one at a time of a job whose runs may not overlap."""
    runs = list(runs)
    busy = {run.job_id for run in runs if run.state != RunState.PENDING}
    runs = _without_taken_over(runs, busy=busy, now=now)
    room = Room(run.job.name for run in runs if run.state != RunState.PENDING)
    ready = _ready(runs, busy=busy, now=now)
    return [run for run in in_turn_for_room(ready) if room.take(run.job.name) and _queue(run, now=now)]


def _ready(runs: Iterable[Run], *, busy: set[int], now: datetime) -> Iterator[Run]:
    """The waiting runs that nothing of their own job keeps, in their order."""
    turns = turns_of_asked(runs, busy=busy, now=now)
    for run in sorted(runs, key=lambda run: rank(run, turns=turns)):
        if run.state != RunState.PENDING or (run.job_id in busy and run.job.overlap != Overlap.ALLOW):
            continue
        if run.is_held_by_a_pause and run.job.paused_at is not None:
            continue
        # Those behind it wait for it, also while it waits for its next attempt.
        busy.add(run.job_id)
        if run.not_before <= now:
            yield run


def _without_taken_over(runs: list[Run], *, busy: set[int], now: datetime) -> list[Run]:
    """The runs but those that a newer one took over, which is due while they wait for another attempt."""
    waiting = [run for run in runs if run.job_id not in busy and waits_for_another_attempt(run, now=now)]
    gone = {
        old.pk
        for new in runs
        if waiting and new.state == RunState.PENDING and new.not_before <= now
        for old in take_over_waiting(waiting, by=new, now=now)
    }
    return [run for run in runs if run.pk not in gone]


@unless_held
def _queue(run: Run, *, now: datetime) -> bool:
    # A pause may have come after the look.
    held = {"job__paused_at": None} if run.is_held_by_a_pause else {}  # [PAUSE-2]
    # And it may have been tried since, and wait for its next attempt.
    pending = Run.objects.filter(
        pk=run.pk,
        state=RunState.PENDING,  # [END-1]
        not_before=run.not_before,
        **held,
    )
    queued: dict[str, Any] = {"state": RunState.QUEUED, "queued_at": now}
    if not run.attempt:  # it waits for nothing any more; why an attempt failed is told until the next ends
        queued["error"] = ""
    if run.job.overlap == Overlap.ALLOW and not held:
        return bool(pending.update(**queued))
    # Whoever claims an occurrence of the job, or pauses it, holds its row, so that of two one is seen first.
    under_way = Run.objects.filter(job=run.job_id, state__in=(RunState.QUEUED, RunState.RUNNING))
    free = Q() if run.job.overlap == Overlap.ALLOW else ~Exists(under_way)
    with transaction.atomic():
        Job.objects.select_for_update(no_key=True).only("pk").get(pk=run.job_id)  # [OVERLAP-1] [PAUSE-2]
        return bool(pending.filter(free).update(**queued))  # [OVERLAP-1]


def requeue_silent(
    runs: Iterable[Run], *, now: datetime, messages_lost: bool, messages_waiting: bool
) -> list[Run]:
    """Ask again for queued runs that no worker took, all of them at once when messages were lost.

    A message too many does no harm: it dies at the worker's claim.
    """
    return [
        run
        for run in runs
        if run.state == RunState.QUEUED
        and (messages_lost or _is_silent(run, now=now, messages_waiting=messages_waiting))
        and _ask_again(run, now=now)
    ]


@unless_held
def _ask_again(run: Run, *, now: datetime) -> bool:
    silent = Run.objects.filter(pk=run.pk, state=RunState.QUEUED, queued_at=run.queued_at)  # [LIVE-1]
    return bool(silent.update(queued_at=now))


def _is_silent(run: Run, *, now: datetime, messages_waiting: bool) -> bool:
    assert run.queued_at is not None, "a queued run was queued at some time"
    patience = min(max(SILENCE, run.queued_at - run.not_before), LONGEST_SILENCE)
    if messages_waiting:
        patience = max(patience, SILENCE_WITH_A_QUEUE)
    # Or it was asked for by a clock that was ahead.
    return now - run.queued_at > patience or run.queued_at > now + AHEAD


def _is_local(run: Run) -> bool:
    """Whether the run's process is one of this host, as all are that share a SQLite file."""
    identity = ProcessIdentity.parse(run.worker)
    return identity is None or identity.is_local or connection.vendor == "sqlite"


def _process_lives(run: Run) -> bool:
    identity = ProcessIdentity.parse(run.worker)
    return identity is not None and identity.is_alive


def _end_workers(overdue: Iterable[Run]) -> None:
    """Kill the processes of these runs of this host; a later look finds them lost."""
    for run in overdue:
        identity = ProcessIdentity.parse(run.worker)
        if identity is None or not identity.is_alive:
            continue
        logger.error("%s is far over its time limit; its worker %s is killed.", run, identity)
        with suppress(ProcessLookupError):
            os.kill(identity.pid, signal.SIGKILL)


@unless_held
def _put_back(run: Run, *, now: datetime) -> bool:
    losses = run.losses + 1
    waits = waits_of(run.job, occurrence=run.occurrence)
    ended = run.attempt > len(waits) or losses >= MOST_LOSSES  # [ATTEMPT-1]
    # The first loss is nobody's fault, and costs no time.
    wait = with_jitter(waits[min(losses - 2, len(waits) - 1)]) if losses > 1 and not ended else timedelta(0)
    error = f"worker lost {losses} times (attempt {run.attempt} of {len(waits) + 1}, {run.worker})"
    # The heartbeat too: what we know of it may be old, after a slow answer say. [RECOVER-1] [END-1]
    seen = Run.objects.filter(pk=run.pk, owner=run.owner, heartbeat=run.heartbeat, state=RunState.RUNNING)
    with transaction.atomic():
        won = seen.update(
            state=RunState.FAILED if ended else RunState.PENDING,
            losses=losses,
            not_before=now + wait,
            finished_at=now,
            error=error,
            failed_attempts=with_failed_attempt(run, error=error, now=now),
        )
        if won and ended:
            follow_failure(job_id=run.job_id, now=now)
    if won:
        logger.warning("%s: worker %s was lost in attempt %d.", run, run.worker, run.attempt)
    return bool(won)
