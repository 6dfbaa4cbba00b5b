"""Setting up, changing and removing schedules."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django_q.models import Schedule

from scheduling.exceptions import RefusedError, UnknownNameError
from scheduling.ledger.journal import record_change
from scheduling.ledger.patience import briefly, in_turn, refused_while_held
from scheduling.models import Action, Job, Run, RunState
from scheduling.modes import (
    DEFAULT_MODE,
    MODES,
    JobDeclaration,
    Mode,
    declared_jobs,
    first_starts,
    mode_named,
)
from scheduling.operations.overrides import CADENCE, COUNT, keeps_cadence, undo_overrides
from scheduling.timing.cadence import Cadence, Cron, Every
from scheduling.timing.zones import require_canonical

# The most that the row's small integer holds.
LONGEST_MINUTES = 32_767

# Of the schedules of one mode, in a refusal that names them.
MOST_LISTED = 3

_CADENCE_FIELDS = ("schedule_type", "minutes", "cron")
_DECLARED_FIELDS = (
    "task",
    "description",
    "time_limit",
    "mode",
    "keep_succeeded",
    "keep_failed",
    "every_seconds",
    "offset_seconds",
    "after_id",
    "ends_at",
    "schedule_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one schedule: `created`, `changed`, `left alone`, `removed` or `removed before`."""

    name: str
    action: str
    detail: str = ""
    # Why it does not run whatever its cadence; empty where it does.
    halted: str = ""


def mode_to_keep() -> tuple[str, str]:
    """The mode that set-up without one is for, and why it is that.

    The one that the declared schedules are in; where all were removed, the one they were in. Raises
    `RefusedError` where they are in several: nobody but who asks knows which is meant.
    """
    names = [declaration.name for declaration in declared_jobs()]
    jobs = list(Job.objects.filter(name__in=names).order_by("name").only("name", "mode", "schedule_id"))
    scheduled = [job for job in jobs if job.schedule_id is not None]
    by_mode: dict[str, list[str]] = {}
    for job in scheduled or jobs:
        by_mode.setdefault(job.mode, []).append(job.name)
    if not by_mode:
        return DEFAULT_MODE, "the default where nothing was set up yet"
    if len(by_mode) > 1:
        stand = "; ".join(f"{mode}: {_listed(of_mode)}" for mode, of_mode in sorted(by_mode.items()))
        either = " or ".join(f"`scheduler setup {mode}`" for mode in MODES)
        those = "The schedules are" if scheduled else "The removed schedules were"
        raise RefusedError(f"{those} not in one mode ({stand}). Say which is meant: {either}.")
    [mode] = by_mode
    return mode, "which the schedules are in" if scheduled else "which the removed schedules were in"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_LISTED])
    return f"{shown} and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else shown


def set_up(mode_name: str, *, now: datetime, by: str, reset: bool = False) -> list[Change]:
    """Leave exactly the declared schedules, with the mode's cadences, however often it is called.

    A schedule that has its mode's cadence already is left alone, its next run too; a pause and
    the policies that are not the mode's stay, and so does whatever somebody set, unless with
    `reset`. What is no longer declared is named. Raises `UnknownNameError` for a mode that is none.
    """
    mode = mode_named(mode_name)
    declarations = declared_jobs()
    with in_turn(), refused_while_held("A schedule"), transaction.atomic():
        Job.objects.bulk_create(
            [_new_job(declaration, mode=mode) for declaration in declarations], ignore_conflicts=True
        )
        # From here on one caller at a time, on every database: the lock is the rows'.
        names = [declaration.name for declaration in declarations]
        _let_go_of_lost_rows()
        jobs = {job.name: job for job in _locked_jobs(names)}
        if reset:
            for job in jobs.values():
                undo_overrides(job, by=by, now=now)
        starts = first_starts(declarations, mode=mode.name)
        done = [
            _set_up_one(
                declaration,
                job=jobs[declaration.name],
                mode=mode,
                first_run=now + timedelta(seconds=starts[declaration.name]),
                now=now,
                by=by,
            )
            for declaration in declarations
        ]
        return done + _no_longer_declared(jobs)


def _no_longer_declared(jobs: Mapping[str, Job]) -> list[Change]:
    """They run on, for nobody knows why they are there."""
    others = Job.objects.filter(schedule__isnull=False).exclude(name__in=jobs).order_by("name")
    return [
        Change(name=name, action="no longer declared", detail=f"`scheduler remove {name}` removes it")
        for name in others.values_list("name", flat=True)
    ]


def remove(names: Sequence[str], *, now: datetime, by: str) -> list[Change]:
    """Remove the schedules named, or all of ours for a mode's name or none; their run history stays.

    Occurrences that wait in the queue are recorded as skipped. To name one that was removed before changes
    nothing. Schedules that are not ours are never touched: naming one, or one that never was, raises
    `UnknownNameError` and removes nothing.
    """
    with refused_while_held("A schedule"), transaction.atomic():
        jobs = {job.name: job for job in _locked_jobs(None)}
        return [_remove_one(jobs[name], now=now, by=by) for name in _names_meant(names, jobs=jobs)]


def _new_job(declaration: JobDeclaration, *, mode: Mode) -> Job:
    job = Job(name=declaration.name)
    _apply_declaration(job, declaration, mode=mode)
    return job


def _apply_declaration(job: Job, declaration: JobDeclaration, *, mode: Mode) -> None:
    """But for what somebody set otherwise."""
    job.task = declaration.task
    job.description = declaration.description
    job.mode = mode.name
    declared = {
        "time_limit": declaration.time_limit,
        "keep_succeeded": mode.keep_succeeded,
        "keep_failed": mode.keep_failed,
        "ends_at": None,
    }
    for field, value in declared.items():
        if field not in job.overrides:
            setattr(job, field, value)
    if not keeps_cadence(job):
        job.after, job.stretch = None, 1


def _locked_jobs(names: Sequence[str] | None) -> list[Job]:
    jobs = briefly(Job.objects.select_for_update().order_by("name"))
    return list(jobs if names is None else jobs.filter(name__in=names))


def _let_go_of_lost_rows() -> None:
    """Of schedules that somebody deleted by sqlite3, which looks after references only when told to."""
    rows = Schedule.objects.values("pk")
    Job.objects.filter(schedule__isnull=False).exclude(schedule_id__in=rows).update(schedule=None)


def _set_up_one(
    declaration: JobDeclaration, *, job: Job, mode: Mode, first_run: datetime, now: datetime, by: str
) -> Change:
    keeps = keeps_cadence(job)
    cadence = job.cadence if keeps else Every(declaration.every_seconds[mode.name])
    schedule = Schedule.objects.filter(name=declaration.name).first()
    if schedule is not None and _is_as_declared(job, declaration, mode=mode, schedule=schedule):
        shown = _shown(job, cadence, keeps=keeps)
        halted = _halted(job, schedule)
        return Change(name=declaration.name, action="left alone", detail=shown, halted=halted)
    action = Action.CREATED if schedule is None else Action.CHANGED
    schedule = schedule or Schedule(name=declaration.name)
    _apply_declaration(job, declaration, mode=mode)
    schedule.func = declaration.task
    moved = ""
    if not keeps:
        write_cadence(schedule, job, cadence)
        if schedule.repeats == 0 and COUNT not in job.overrides:
            schedule.repeats = -1
    # One whose count is reached has none: the journal is what the audit reckons by.
    if not keeps and schedule.repeats != 0:
        moved = f", next run {None if action == 'created' else schedule.next_run} -> {first_run}"
        schedule.next_run = first_run
    schedule.save()
    job.schedule = schedule
    job.save()
    shown = _shown(job, cadence, keeps=keeps)
    record_change(job, at=now, by=by, action=action, detail=f"{mode.name}: {shown}{moved}")
    return Change(name=declaration.name, action=action, detail=shown, halted=_halted(job, schedule))


def _halted(job: Job, schedule: Schedule) -> str:
    return "paused" if job.paused_at else "its count is reached" if schedule.repeats == 0 else ""


def _shown(job: Job, cadence: Cadence, *, keeps: bool) -> str:
    text = f"after {job.after.name}" if keeps and job.after else str(cadence)
    return f"{text} (kept: set by {job.overrides[CADENCE]['by']})" if keeps else text


def _is_as_declared(job: Job, declaration: JobDeclaration, *, mode: Mode, schedule: Schedule) -> bool:
    """Whether set-up would change nothing but the next run."""
    wanted, keeps = copy(job), keeps_cadence(job)
    wanted.schedule = schedule
    _apply_declaration(wanted, declaration, mode=mode)
    wanted_schedule = copy(schedule)
    if not keeps:
        write_cadence(wanted_schedule, wanted, Every(declaration.every_seconds[mode.name]))
    return (
        (keeps or schedule.next_run is not None or schedule.repeats == 0)
        and (keeps or COUNT in job.overrides or schedule.repeats != 0)
        and schedule.func == declaration.task
        and all(getattr(schedule, name) == getattr(wanted_schedule, name) for name in _CADENCE_FIELDS)
        and all(getattr(job, name) == getattr(wanted, name) for name in _DECLARED_FIELDS)
    )


def write_cadence(schedule: Schedule, job: Job, cadence: Cadence) -> None:
    """Say it in the schedule row where that can, beside it where not; refuses a zone's former name."""
    if isinstance(cadence, Cron):
        if cadence.time_zone != job.time_zone:  # one that is stored already goes on
            require_canonical(cadence.time_zone)
        schedule.schedule_type, schedule.cron, schedule.minutes = Schedule.CRON, cadence.expression, None
        job.every_seconds, job.offset_seconds, job.time_zone = None, None, cadence.time_zone
        return
    job.offset_seconds = cadence.offset
    minutes, seconds = divmod(cadence.seconds, 60)
    says_it = seconds == 0 and minutes <= LONGEST_MINUTES
    schedule.schedule_type, schedule.cron = Schedule.MINUTES, None
    schedule.minutes = minutes if says_it else None
    job.every_seconds = None if says_it else cadence.seconds


def _names_meant(names: Sequence[str], *, jobs: dict[str, Job]) -> list[str]:
    scheduled = [name for name, job in jobs.items() if job.schedule_id is not None]
    if not names:
        return scheduled
    if len(names) == 1 and names[0] in MODES:
        return [name for name in scheduled if jobs[name].mode == names[0]]
    known = {*scheduled, *(jobs.keys() & {declared.name for declared in declared_jobs()})}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownNameError(
            f"There is no schedule of ours named {', '.join(map(repr, unknown))}; "
            f"there are: {', '.join(scheduled) or 'none'}."
        )
    return list(dict.fromkeys(names))


def _remove_one(job: Job, *, now: datetime, by: str) -> Change:
    if job.schedule_id is None:
        return Change(name=job.name, action="removed before")
    Schedule.objects.filter(pk=job.schedule_id).delete()
    Run.objects.filter(job=job, state__in=(RunState.PENDING, RunState.QUEUED)).update(
        state=RunState.SKIPPED, error="the schedule was removed", finished_at=now
    )
    Job.objects.filter(pk=job.pk).update(overrides={})
    record_change(job, at=now, by=by, action=Action.REMOVED)
    return Change(name=job.name, action=Action.REMOVED)
