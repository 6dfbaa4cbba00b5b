"""What the running system promises, each promise as a check that looks and can fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from scheduling import evidence, services
from scheduling.cadence import Cadence
from scheduling.checks import schedule_names_are_unique
from scheduling.exceptions import CadenceError
from scheduling.models import OPEN_STATES, Job, Run, RunState, RunTrigger
from scheduling.modes import CLEANUP, MODES, declared_jobs
from scheduling.queue_state import queue_state
from scheduling.retention import Retention, prune
from scheduling.selectors import current_mode
from validators.jobs import FETCH, SCORE
from validators.standings import freshness

# A run that starts later than this was not on time.
LATEST_START = timedelta(seconds=1)
# What a cleanup, a fetch or a score may take after its time, before its absence counts.
PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a check looked for, whether it held, and what it saw."""

    name: str
    passed: bool
    saw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time during which the system was watched."""

    start: datetime
    end: datetime


Check = Callable[[Window], CheckResult]


def checks_before_watching() -> Sequence[Check]:
    return (schedules_are_unique, mode_switches_and_back)


def checks_after_watching() -> Sequence[Check]:
    """Those that look at what happened; the uniqueness again, after the switching."""
    return (
        *(partial(ran_on_time, name) for name in domain_job_names()),
        no_occurrence_ran_twice,
        schedules_are_unique,
        retention_is_applied,
        cleanup_works,
        workers_are_alive,
        picture_is_fresh,
    )


def domain_job_names() -> list[str]:
    """The declared jobs that do the work, without the cleanup after it."""
    return [declared.name for declared in declared_jobs() if declared.name != CLEANUP.name]


def schedules_are_unique(window: Window) -> CheckResult:
    """Each declared schedule is there once, and the database would refuse a second."""
    counts = evidence.schedule_name_counts()
    ours = {declared.name: counts.get(declared.name, 0) for declared in declared_jobs()}
    problems = [str(problem.msg) for problem in schedule_names_are_unique(databases=["default"])]
    seen = ", ".join(f"{name}: {rows}" for name, rows in ours.items())
    return CheckResult(
        name="schedules are unique",
        passed=not problems and set(ours.values()) == {1},
        saw="; ".join([seen, *(problems or ["held by a unique index"])]),
    )


def mode_switches_and_back(window: Window) -> CheckResult:
    """Setting up the other mode and then this one leaves exactly the declared rows each time.

    Tried in a transaction that is rolled back: whatever interrupts it, the system stays as found.
    """
    name = "mode switches and back"
    mode = current_mode()
    if mode is None:
        return CheckResult(name=name, passed=False, saw="the schedules are of no one mode")
    other = next(known for known in MODES if known != mode)
    problems = []
    with transaction.atomic():
        for target in (other, mode):
            services.set_up(target, now=window.end)
            problems += _deviations(target, now=window.end)
        transaction.set_rollback(True)
    seen = f"{mode} -> {other} -> {mode}, {len(declared_jobs())} schedules each time"
    return CheckResult(name=name, passed=not problems, saw="; ".join(problems) or seen)


def ran_on_time(job_name: str, window: Window) -> CheckResult:
    """The job's occurrences in the window ran by themselves, none missed, each within a second of its time.

    When none falls into the window, the newest occurrence is looked at instead.
    """
    name = f"{job_name} ran on time by itself"
    try:
        cadence = _cadence_of(job_name)
    except (Job.DoesNotExist, CadenceError) as exc:
        return CheckResult(name=name, passed=False, saw=str(exc))
    runs = Run.objects.filter(job__name=job_name, trigger=RunTrigger.SCHEDULE).order_by("-occurrence")
    watched = list(runs.filter(occurrence__gte=window.start, occurrence__lte=window.end))
    expected = _least_occurrences(cadence, window)
    if not watched and not expected:
        watched = list(runs.exclude(state__in=OPEN_STATES)[:1])
    problems = [problem for run in watched if (problem := _fault_of(run, now=window.end))]
    problems += _lack_of(watched, expected=expected, cadence=cadence, now=window.end)
    return CheckResult(name=name, passed=not problems, saw="; ".join(problems) or _seen(watched))


def no_occurrence_ran_twice(window: Window) -> CheckResult:
    """By django-q2's own history, not by the ledger that prevents it."""
    twice = evidence.runs_executed_twice(since=window.start)
    runs = Run.objects.filter(occurrence__gte=window.start, occurrence__lte=window.end)
    occurrences = set(runs.values_list("job", "occurrence"))
    seen = f"{runs.count()} runs of {len(occurrences)} occurrences"
    return CheckResult(
        name="no occurrence ran twice",
        passed=not twice and runs.count() == len(occurrences),
        saw=f"executed more than once: runs {twice}" if twice else f"{seen}, none executed twice",
    )


def retention_is_applied(window: Window) -> CheckResult:
    """The jobs keep history as long as their mode says, and nothing much older is there."""
    name = "retention is applied"
    mode = MODES.get(current_mode() or "")
    if mode is None:
        return CheckResult(name=name, passed=False, saw="the schedules are of no one mode")
    retention = Retention(keep_succeeded=mode.keep_succeeded, keep_failed=mode.keep_failed)
    deviating = [
        f"{job} keeps {job.keep_succeeded} and {job.keep_failed}"
        for job in Job.objects.filter(schedule__isnull=False)
        if Retention(keep_succeeded=job.keep_succeeded, keep_failed=job.keep_failed) != retention
    ]
    patience = _cleanup_period(mode.name) + PATIENCE
    kept = evidence.rows_kept_too_long(retention, now=window.end, patience=patience)
    problems = [*deviating, *(f"{rows} {table} are too old" for table, rows in kept.items())]
    seen = f"nothing is older than {mode.keep_succeeded} (failures: {mode.keep_failed})"
    return CheckResult(name=name, passed=not problems, saw="; ".join(problems) or seen)


def cleanup_works(window: Window) -> CheckResult:
    """The cleanup job ran lately, and left nothing that it should have deleted."""
    name = "cleanup works"
    runs = Run.objects.filter(job__name=CLEANUP.name).exclude(state__in=OPEN_STATES)
    newest = runs.order_by("-occurrence").first()
    if newest is None:
        return CheckResult(name=name, passed=False, saw="it has not run yet")
    patience = _cleanup_period(newest.job.mode) + PATIENCE
    left = prune(now=window.end - patience, dry_run=True)
    problems = [f"{rows} {table} were left" for table, rows in left.items() if rows]
    if newest.state != RunState.SUCCEEDED:
        problems.append(f"{newest} {newest.state}: {_first_line(newest)}")
    if window.end - newest.occurrence > patience:
        problems.append(f"{newest} was its last run")
    return CheckResult(name=name, passed=not problems, saw="; ".join(problems) or f"{newest} succeeded")


def workers_are_alive(window: Window) -> CheckResult:
    """Redis answers, and a cluster with workers reported within the last seconds."""
    queue = queue_state(now=window.end)
    seen = f"{queue.workers_alive} workers in {len(queue.clusters)} clusters, {queue.waiting} messages waiting"
    return CheckResult(
        name="workers are alive", passed=not queue.problem and queue.workers_alive > 0, saw=queue.problem or seen
    )


def picture_is_fresh(window: Window) -> CheckResult:
    """The newest fetch and the newest scores are no older than two of their cadences."""
    fresh = freshness()
    instants = {
        FETCH.name: fresh.fetch and fresh.fetch.stored_at,
        SCORE.name: fresh.scoring_run and fresh.scoring_run.finished_at,
    }
    problems = [
        problem for name, at in instants.items() if (problem := _staleness(name, at=at, now=window.end))
    ]
    scored = fresh.scoring_run.scored_count if fresh.scoring_run else 0
    seen = "; ".join(f"{name} stored at {at:%H:%M:%S}" for name, at in instants.items() if at)
    return CheckResult(
        name="the picture is fresh",
        passed=not problems and scored > 0,
        saw="; ".join(problems) or f"{seen}; {scored} validators scored",
    )


def _deviations(mode_name: str, *, now: datetime) -> list[str]:
    """In what the schedules differ from those that the mode declares."""
    counts = evidence.schedule_name_counts()
    jobs = {job.name: job for job in Job.objects.filter(mode=mode_name).select_related("schedule")}
    problems = []
    for declared in declared_jobs():
        job, seconds = jobs.get(declared.name), timedelta(seconds=declared.every_seconds[mode_name])
        if job is None or job.schedule is None or counts.get(declared.name) != 1:
            problems.append(f"{mode_name}: {declared.name} is there {counts.get(declared.name, 0)} times")
        elif job.cadence.after(now) != now + seconds:
            problems.append(f"{mode_name}: {declared.name} runs {job.cadence}")
        elif not now <= job.schedule.next_run <= now + seconds:
            problems.append(f"{mode_name}: {declared.name} runs next at {job.schedule.next_run}")
    return problems


def _cadence_of(job_name: str) -> Cadence:
    return Job.objects.select_related("schedule").get(name=job_name).cadence


def _cleanup_period(mode_name: str) -> timedelta:
    return timedelta(seconds=CLEANUP.every_seconds[mode_name])


def _least_occurrences(cadence: Cadence, window: Window) -> int:
    """How many occurrences the window holds at least, wherever the grid lies."""
    count, instant = 0, cadence.after(window.start)
    while instant <= window.end - LATEST_START:
        count, instant = count + 1, cadence.after(instant)
    return count


def _fault_of(run: Run, *, now: datetime) -> str:
    """What is wrong with a run; nothing when it is not over yet and began in time."""
    lateness = now - run.occurrence if run.lateness is None else run.lateness
    if run.state == RunState.FAILED:
        return f"{run} failed: {_first_line(run)}"
    if run.state != RunState.SKIPPED and lateness > LATEST_START:
        return f"{run} began {lateness.total_seconds():.1f} s late"
    if run.missed_before:
        return f"{run} found {run.missed_before} missed before it"
    return ""


def _lack_of(runs: Sequence[Run], *, expected: int, cadence: Cadence, now: datetime) -> list[str]:
    if len(runs) < expected:
        return [f"{len(runs)} occurrences came instead of {expected}"]
    if not any(run.state == RunState.SUCCEEDED for run in runs):
        return ["none succeeded" if runs else "it has not run yet"]
    if cadence.after(runs[0].occurrence) < now - LATEST_START:
        return [f"{runs[0]} was the last, and the next is overdue"]
    return []


def _seen(runs: Sequence[Run]) -> str:
    latest = max((run.lateness for run in runs if run.lateness is not None), default=timedelta(0))
    return f"{len(runs)} runs, the latest start {latest.total_seconds() * 1000:.0f} ms late"


def _staleness(job_name: str, *, at: datetime | None, now: datetime) -> str:
    if at is None:
        return f"{job_name} has stored nothing yet"
    try:
        cadence = _cadence_of(job_name)
    except (Job.DoesNotExist, CadenceError) as exc:
        return str(exc)
    stale = cadence.after(cadence.after(at)) + PATIENCE < now
    return f"{job_name} stored last at {at:%Y-%m-%d %H:%M:%S}Z" if stale else ""


def _first_line(run: Run) -> str:
    return run.error.partition("\n")[0]
