"""What an operator does to one job at run time; who did it, and when, is kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from scheduling.cadence import Cadence, Cron, due_at, occurrences_between
from scheduling.conditions import condition_names
from scheduling.exceptions import CadenceError, RefusedError, UnknownNameError
from scheduling.journal import record_change
from scheduling.models import Job, Run, RunState, RunTrigger
from scheduling.services import write_cadence

# More than this at once is a mistake in a date rather than a wish.
MOST_BACKFILLED = 1_000


def job_named(name: str) -> Job:
    """The scheduled job of that name; raises `UnknownNameError` with the names there are."""
    jobs = Job.objects.filter(schedule__isnull=False).select_related("schedule", "after")
    try:
        return jobs.get(name=name)
    except Job.DoesNotExist:
        names = ", ".join(jobs.order_by("name").values_list("name", flat=True))
        raise UnknownNameError(
            f"There is no schedule named {name!r}; there are: {names or 'none'}."
        ) from None


def pause(name: str, *, by: str, note: str, now: datetime) -> None:
    """Claim no more occurrences of this job until it is resumed; a run under way goes on."""
    with transaction.atomic():
        job = _locked(name)
        if job.paused_at is not None:
            raise RefusedError(f"{name} is paused already, since {job.paused_at:%Y-%m-%d %H:%M:%S}Z.")
        job.paused_at, job.pause_note = now, note
        job.save(update_fields=["paused_at", "pause_note"])
        record_change(job, at=now, by=by, action="pause", detail=note)


def resume(name: str, *, by: str, now: datetime) -> datetime | None:
    """Go on with the first occurrence from now; what lay in the pause is not made up for. Returns it."""
    with transaction.atomic():
        job = _locked(name)
        if job.paused_at is None:
            raise RefusedError(f"{name} is not paused.")
        job.paused_at, job.pause_note = None, ""
        job.save(update_fields=["paused_at", "pause_note"])
        schedule = job.schedule
        assert schedule is not None, "job_named gives scheduled jobs"
        next_run: datetime | None = schedule.next_run
        if next_run is not None and next_run < now:
            next_run = due_at(now, cadence=job.cadence, first=next_run, ends_at=job.ends_at).following
            schedule.next_run = next_run
            schedule.save(update_fields=["next_run"])
        record_change(job, at=now, by=by, action="resume")
        return next_run


def trigger(name: str, *, by: str, now: datetime) -> Run:
    """Ask for a run now, beside the schedule; it waits for a run under way unless the job allows overlap."""
    with transaction.atomic():
        job = _locked(name)
        run = Run.objects.create(
            job=job,
            occurrence=now,
            not_before=now,
            state=RunState.PENDING,
            trigger=RunTrigger.OPERATOR,
            parameters=job.parameters,
        )
        record_change(job, at=now, by=by, action="trigger")
        return run


def backfill(name: str, *, start: datetime, end: datetime, by: str, now: datetime) -> list[Run]:
    """Run the occurrences of the past between two instants that never ran, one after the other.

    Raises `RefusedError`, and asks for nothing, when one of them ran, is under way, or lies in the
    future, and when there is none. An occurrence recorded as skipped is made up for.
    """
    with transaction.atomic():
        job = _locked(name)
        occurrences = _past_occurrences(job, start=start, end=end, now=now)
        known = {run.occurrence: run for run in Run.objects.filter(job=job, occurrence__in=occurrences)}
        ran = [run for run in known.values() if run.state != RunState.SKIPPED]
        if ran:
            raise RefusedError(
                f"{len(ran)} of the {len(occurrences)} occurrences ran already or are under way, "
                f"the first {ran[0].occurrence:%Y-%m-%d %H:%M:%S}Z ({ran[0].state})."
            )
        for run in known.values():
            run.delete()
        runs = Run.objects.bulk_create(
            Run(
                job=job,
                occurrence=occurrence,
                not_before=now,
                state=RunState.PENDING,
                trigger=RunTrigger.BACKFILL,
                parameters=job.parameters,
            )
            for occurrence in occurrences
        )
        record_change(job, at=now, by=by, action="backfill", detail=f"{len(runs)} from {start} to {end}")
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
) -> str:
    """Change a job's cadence or policies; returns what changed, `field: old -> new`, empty if nothing did.

    `cadence` takes effect from `start` or now, `after` names the job to run after, `fields` are
    fields of `Job`. Raises `CadenceError`, `UnknownNameError` or `RefusedError`, and changes nothing.
    """
    with transaction.atomic():
        job = _locked(name)
        before = _described(job)
        for field, value in (fields or {}).items():
            setattr(job, field, value)
        _retime(job, cadence=cadence, start=start, after=after, now=now)
        _require_sense(job)
        schedule = job.schedule
        assert schedule is not None, "job_named gives scheduled jobs"
        if repeats is not None:
            schedule.repeats = repeats
        schedule.save()
        job.save()
        changed = _difference(before, _described(job))
        if changed:
            record_change(job, at=now, by=by, action="set", detail=changed)
        return changed


def reschedule(job: Job, *, next_run: datetime | None, by: str, now: datetime) -> None:
    """Store the cadence that a job and its schedule have in memory; the cadence says the next run if None."""
    with transaction.atomic():
        stored = _locked(job.name)
        schedule = job.schedule
        assert schedule is not None, "a cadence is edited on a job that has a schedule"
        schedule.next_run = next_run or job.cadence.after(now)
        schedule.save(update_fields=["schedule_type", "minutes", "cron", "next_run"])
        job.save(update_fields=["every_seconds", "offset_seconds", "time_zone"])
        changed = _difference(_described(stored), _described(job))
        if changed:
            record_change(job, at=now, by=by, action="set", detail=changed)


def _locked(name: str) -> Job:
    job = job_named(name)
    Job.objects.select_for_update().get(pk=job.pk)
    return job_named(name)


def _past_occurrences(job: Job, *, start: datetime, end: datetime, now: datetime) -> list[datetime]:
    if end > now:
        raise RefusedError("A backfill ends in the past; what is to come runs by itself.")
    if start > end:
        raise RefusedError("A backfill begins before it ends.")
    anchor = job.schedule.next_run if job.schedule else None
    if anchor is None:
        raise RefusedError(f"{job.name} does not run by the clock, so it has no occurrences to make up for.")
    found: list[datetime] = []
    for occurrence in occurrences_between(start, end, cadence=job.cadence, anchor=anchor):
        found.append(occurrence)
        if len(found) > MOST_BACKFILLED:
            raise RefusedError(f"That is more than {MOST_BACKFILLED} occurrences; take a shorter time.")
    if not found:
        raise RefusedError(f"{job.name} has no occurrence between {start} and {end}.")
    return found


def _retime(
    job: Job, *, cadence: Cadence | None, start: datetime | None, after: str | None, now: datetime
) -> None:
    schedule = job.schedule
    assert schedule is not None, "job_named gives scheduled jobs"
    if after is not None:
        job.after = _leader(job, after)
        schedule.next_run = None if job.after else schedule.next_run
    if cadence is not None:
        write_cadence(schedule, job, cadence)
        job.after, job.stretch = None, 1
    if cadence is not None or start is not None or (job.after is None and schedule.next_run is None):
        schedule.next_run = _first_from(start or now, cadence=job.cadence)


def _first_from(instant: datetime, *, cadence: Cadence) -> datetime:
    """The first occurrence from an instant on; an interval without a grid begins right there."""
    if isinstance(cadence, Cron) or cadence.offset is not None:
        return cadence.after(instant - timedelta(microseconds=1))
    return instant


def _leader(job: Job, name: str) -> Job | None:
    """The job to run after, None for an empty name; raises `RefusedError` when both would wait for ever."""
    if not name:
        return None
    leader = job_named(name)
    ahead: Job | None = leader
    while ahead is not None:
        if ahead.pk == job.pk:
            raise RefusedError(f"{job.name} cannot run after {name}: that one runs after {job.name}.")
        ahead = ahead.after
    return leader


def _require_sense(job: Job) -> None:
    """Refuse what could never run; the message names the field."""
    str(job.cadence)
    if job.condition and job.condition not in condition_names():
        raise UnknownNameError(
            f"There is no condition {job.condition!r}; there are: {', '.join(condition_names())}."
        )
    try:
        job.clean_fields(exclude=["schedule", "after"])
    except ValidationError as exc:
        problems = "; ".join(f"{field}: {' '.join(texts)}" for field, texts in exc.message_dict.items())
        raise RefusedError(problems) from exc


_DESCRIBED = (
    "ends_at",
    "jitter",
    "overlap",
    "catch_up",
    "catch_up_window",
    "condition",
    "parameters",
    "parameters_b",
    "stretch_limit",
    "time_limit",
    "max_attempts",
    "pause_after_failures",
    "keep_succeeded",
    "keep_failed",
    "keep_newest",
)


def _described(job: Job) -> dict[str, str]:
    """What `change` may change, as text."""
    assert job.schedule is not None, "job_named gives scheduled jobs"
    try:
        cadence = str(job.cadence)
    except CadenceError as exc:
        cadence = f"broken ({exc})"
    return {
        "cadence": f"after {job.after.name}" if job.after else cadence,
        "next_run": str(job.schedule.next_run),
        "count": "no end" if job.schedule.repeats < 0 else str(job.schedule.repeats),
    } | {field: str(getattr(job, field)) for field in _DESCRIBED}


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    return ", ".join(f"{key}: {before[key]} -> {after[key]}" for key in after if before[key] != after[key])
