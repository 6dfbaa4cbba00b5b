"""What an operator does to one job at run time; who did it, and when, is kept."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction

from scheduling.exceptions import CadenceError, DoneAlreadyError, RefusedError
from scheduling.ledger.ahead import jobs_ahead, shorten_waits, stands_ahead, waiting_ahead
from scheduling.ledger.editions import require_edition
from scheduling.ledger.journal import record_change
from scheduling.ledger.patience import briefly, refused_while_held
from scheduling.ledger.tallies import fold
from scheduling.models import Action, Job, Run, RunState, RunTrigger
from scheduling.modes import reads_the_present
from scheduling.operations.backfilled import past_occurrences
from scheduling.operations.descriptions import described, difference
from scheduling.operations.naming import job_named
from scheduling.operations.overrides import CADENCE, note_overrides
from scheduling.operations.retiming import next_by, require_clock, retime
from scheduling.operations.rules import (
    require_effect,
    require_room_to_stretch,
    require_sense,
    require_short_note,
    require_some,
    require_to_come,
)
from scheduling.timing.cadence import Cadence, due_at
from scheduling.timing.instants import show_instant


def pause(
    name: str,
    *,
    by: str,
    note: str,
    now: datetime,
    until: datetime | None = None,
    expected: int | None = None,
) -> None:
    """Claim no more occurrences of this job until it is resumed, or an instant; a run under way goes on.

    With an `expected` edition it raises `ConflictError`, here as below, when somebody else edited the job.
    """
    require_to_come(until, now=now)
    require_short_note(note)
    with _changing(name, expected) as job:
        if job.paused_at is not None:
            raise DoneAlreadyError(f"{name} is paused already, since {show_instant(job.paused_at)}.")
        job.paused_at, job.paused_until, job.pause_note = now, until, note
        job.save(update_fields=["paused_at", "paused_until", "pause_note"])
        end = f"until {show_instant(until)}" if until else ""
        record_change(job, at=now, by=by, action=Action.PAUSE, detail=": ".join(filter(None, (end, note))))


def resume(
    name: str, *, by: str, now: datetime, until: datetime | None = None, expected: int | None = None
) -> datetime | None:
    """Go on with the first occurrence from now; what lay in the pause is not made up for. Returns it.

    With `until` it ends that pause alone, and none that somebody began since he who asks looked.
    """
    with _changing(name, expected) as job:
        if job.paused_at is None:
            raise DoneAlreadyError(f"{name} is not paused.")
        # [PAUSE-1]
        if until is not None and job.paused_until != until:
            raise RefusedError(f"{name} was paused anew.")
        job.paused_at, job.paused_until, job.pause_note = None, None, ""
        job.save(update_fields=["paused_at", "paused_until", "pause_note"])
        schedule = job.schedule
        assert schedule is not None, "job_named gives scheduled jobs"
        next_run: datetime | None = schedule.next_run
        moved = ""
        if next_run is not None and next_run < now:
            next_run = _following(job, first=next_run, now=now)
            moved = f"next run {schedule.next_run} -> {next_run}"
            schedule.next_run = next_run
            schedule.save(update_fields=["next_run"])
        record_change(job, at=now, by=by, action=Action.RESUME, detail=moved)
        return next_run


def _following(job: Job, *, first: datetime, now: datetime) -> datetime | None:
    """The first occurrence from now; a broken cadence stays where it stands, and its claim says so."""
    try:
        return due_at(now, cadence=job.cadence, first=first, ends_at=job.ends_at).following
    except (CadenceError, OverflowError):
        return first


def rewind(name: str, *, by: str, now: datetime) -> datetime | None:
    """Let a job that ran while the clock was ahead go on from now, and what waits since then begin.

    Returns its next run. What ran for times that are still to come does not run again when they do. Raises
    `DoneAlreadyError` where it did not run so.
    """
    with _changing(name) as job:
        if not jobs_ahead(now=now).filter(pk=job.pk).exists():
            raise DoneAlreadyError(f"{name} did not run while the clock was ahead, or goes on already.")
        schedule, before = job.schedule, described(job)
        assert schedule is not None, "job_named gives scheduled jobs"
        next_run: datetime | None = schedule.next_run
        if stands_ahead(job, now=now):  # or else it is due, or somebody chose it
            next_run = schedule.next_run = next_by(job, stood=next_run, now=now)
            schedule.save(update_fields=["next_run"])
        waiting = waiting_ahead(now=now).filter(job=job)
        waiting.filter(state=RunState.QUEUED).update(not_before=now, queued_at=now)
        waiting.filter(state=RunState.PENDING).update(not_before=now)
        record_change(job, at=now, by=by, action=Action.SET, detail=difference(before, described(job)))
        return next_run


def trigger(name: str, *, by: str, now: datetime) -> Run:
    """Ask for a run now, beside the schedule; it waits for a run under way unless the job allows overlap.

    One at a time: while an earlier one of these waits, that is given, and no second is asked for.
    """
    with _changing(name) as job:
        waiting = Run.objects.filter(
            job=job, trigger=RunTrigger.OPERATOR, state__in=(RunState.PENDING, RunState.QUEUED)
        ).first()
        if waiting is not None:
            waiting.job = job
            return waiting
        run = Run.objects.create(
            job=job,
            occurrence=now,
            not_before=now,
            state=RunState.PENDING,
            trigger=RunTrigger.OPERATOR,
            parameters=job.parameters,
        )
        record_change(job, at=now, by=by, action=Action.TRIGGER)
        return run


def backfill(name: str, *, start: datetime, end: datetime, by: str, now: datetime) -> list[Run]:
    """Run the occurrences of the past between two instants that never ran, one after the other.

    Raises `RefusedError`, and asks for nothing, when one of them ran, is under way, or lies in the
    future, and when there is none. An occurrence recorded as skipped is made up for.
    """
    with _changing(name) as job:
        if reads_the_present(name):
            raise RefusedError(
                f"{name} reads the present: a run for an occurrence of the past would find what is now. "
                f"`scheduler trigger {name}` runs it once."
            )
        occurrences = past_occurrences(job, start=start, end=end, now=now)
        known = {run.occurrence: run for run in Run.objects.filter(job=job, occurrence__in=occurrences)}
        ran = [run for run in known.values() if run.state != RunState.SKIPPED]  # [ASK-1] [END-1]
        if ran:
            raise RefusedError(
                f"{len(ran)} of the {len(occurrences)} occurrences ran already or are under way, "
                f"the first {show_instant(ran[0].occurrence)} ({ran[0].state})."
            )
        skipped = Run.objects.filter(pk__in=[run.pk for run in known.values()])
        fold(skipped)
        missed_before = {run.occurrence: run.missed_before for run in known.values()}
        skipped.delete()
        runs = Run.objects.bulk_create(
            Run(
                job=job,
                occurrence=occurrence,
                not_before=now,
                state=RunState.PENDING,
                trigger=RunTrigger.BACKFILL,
                missed_before=missed_before.get(occurrence, 0),
                parameters=job.parameters,
            )
            for occurrence in occurrences
        )
        record_change(job, at=now, by=by, action=Action.BACKFILL, detail=f"{len(runs)} from {start} to {end}")
        return runs


def change(
    name: str,
    *,
    by: str,
    now: datetime,
    cadence: Cadence | None = None,
    start: datetime | None = None,
    repeats: int | None = None,
    after: str | None = None,
    fields: Mapping[str, Any] | None = None,
    expected: int | None = None,
) -> str:
    """Change a job's cadence or policies; returns what changed, `field: old -> new`, empty if nothing did.

    `cadence` takes effect from `start`, else one interval after the last occurrence; `after` names the
    job to run after, `fields` are fields of `Job`. Raises `CadenceError`, `UnknownNameError` or
    `RefusedError`, and changes nothing.
    """
    with _changing(name, expected) as job:
        before, backoff = described(job), job.backoff
        for field, value in (fields or {}).items():
            setattr(job, field, value)
        retime(job, cadence=cadence, start=start, after=after, now=now)
        require_sense(job)
        require_effect(job, fields or {})
        if cadence is not None or "stretch_limit" in (fields or {}):
            require_room_to_stretch(job)
        shorten_waits(job, former=backoff, now=now)
        schedule = job.schedule
        assert schedule is not None, "job_named gives scheduled jobs"
        if repeats is not None:
            require_some(repeats)
            schedule.repeats = repeats
        schedule.save()
        job.save()
        after_change = described(job)
        changed = difference(before, after_change)
        if changed:
            note_overrides(job, (key for key in before if before[key] != after_change[key]), by=by, now=now)
            job.save(update_fields=["overrides"])
            # A count counts from where the schedule stands, which may be an occurrence of before.
            counted = f", counted_from: None -> {schedule.next_run}" if repeats is not None else ""
            record_change(job, at=now, by=by, action=Action.SET, detail=f"{changed}{counted}")
        return changed


def reschedule(job: Job, *, next_run: datetime | None, by: str, now: datetime) -> None:
    """Store the cadence that a job and its schedule have in memory; the cadence says the next run if None.

    Raises `RefusedError` for a job that runs after another one and not by the clock, and for a new cadence
    beside which its stretch limit would do nothing.
    """
    with _changing(job.name) as stored:
        require_clock(stored)
        if described(stored)[CADENCE] != described(job)[CADENCE]:
            require_room_to_stretch(job)
        schedule = job.schedule
        assert schedule is not None, "a cadence is edited on a job that has a schedule"
        stood = stored.schedule and stored.schedule.next_run
        schedule.next_run = next_run or next_by(job, stood=stood, now=now)
        schedule.save(update_fields=["schedule_type", "minutes", "cron", "next_run"])
        note_overrides(job, [CADENCE], by=by, now=now)
        job.save(update_fields=["every_seconds", "offset_seconds", "time_zone", "overrides"])
        changed = difference(described(stored), described(job))
        if changed:
            record_change(job, at=now, by=by, action=Action.SET, detail=changed)


def require_unchanged(name: str, *, expected: int | None) -> None:
    """Raise `ConflictError` when somebody edited the job; nobody does until the transaction ends."""
    with _changing(name, expected):
        pass


@contextmanager
def _changing(name: str, expected: int | None = None) -> Iterator[Job]:
    """The job, its row ours until the transaction ends.

    The brief wait is the transaction's, so what the block says of another row that somebody holds
    (the schedule's, a run's) breaks off as well, and is refused in the same words.
    """
    with refused_while_held(name), transaction.atomic():
        job = job_named(name)
        briefly(Job.objects.select_for_update().filter(pk=job.pk)).get()  # [ASK-1]
        require_edition(job, expected)
        yield job_named(name)
