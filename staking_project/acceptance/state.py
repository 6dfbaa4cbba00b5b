"""Whether what stands in the database and in Redis is as promised."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from scheduling.checks import what_is_to_be_there_once_is
from scheduling.exceptions import CadenceError
from scheduling.ledger import evidence
from scheduling.ledger.attempts import first_line
from scheduling.ledger.retention import current_retention, prune
from scheduling.ledger.selectors import cadence_of, cadence_text, current_mode, interval_of
from scheduling.models import OPEN_STATES, Job, Run, RunState
from scheduling.modes import CLEANUP, MODES, declared_jobs
from scheduling.monitoring.queue_state import queue_state
from scheduling.operations import setting_up
from scheduling.operations.overrides import CADENCE, keeps_cadence
from scheduling.timing.durations import show_duration
from scheduling.timing.instants import show_instant
from scheduling.wording import counted, were
from staking_project.acceptance.results import PATIENCE, CheckResult, Window
from validators.jobs import FETCH, SCORE
from validators.reading.picture import current_picture


def schedules_are_unique(window: Window) -> CheckResult:
    """Each declared schedule is there once, and the database would refuse a second."""
    counts = evidence.schedule_name_counts()
    ours = {declared.name: counts.get(declared.name, 0) for declared in declared_jobs()}
    problems = [str(problem.msg) for problem in what_is_to_be_there_once_is(databases=["default"])]
    seen = ", ".join(f"{name}: {rows}" for name, rows in ours.items())
    return CheckResult(
        name="schedules are unique",
        passed=not problems and set(ours.values()) == {1},
        saw="; ".join([seen, *(problems or ["held by a unique index"])]),
    )


def no_duplicates_after_switching(window: Window) -> CheckResult:
    return replace(schedules_are_unique(window), name="no duplicates after switching")


def mode_switches_and_back(window: Window) -> CheckResult:
    """Setting up the other mode and then this one leaves exactly the declared rows each time.

    A cadence that somebody set is kept, and named. Tried in a transaction that is rolled back: whatever
    interrupts it, the system stays as found.
    """
    name = "mode switches and back"
    mode = current_mode()
    if mode is None:
        return CheckResult(name=name, passed=False, saw="the schedules are of no one mode")
    other = next(known for known in MODES if known != mode)
    problems, kept = [], ""
    with transaction.atomic():
        for target in (other, mode):
            setting_up.set_up(target, now=window.end, by="verify")
            problems += _deviations(target, now=window.end)
        kept = _kept()
        transaction.set_rollback(True)
    seen = f"{mode} -> {other} -> {mode}, {counted(len(declared_jobs()), 'schedule')} each time{kept}"
    return CheckResult(name=name, passed=not problems, saw="; ".join(problems) or seen)


def retention_is_applied(window: Window) -> CheckResult:
    """The jobs keep history as long as their mode says, or somebody, and nothing much older is there.

    What somebody set is named.
    """
    name = "retention is applied"
    mode = MODES.get(current_mode() or "")
    if mode is None:
        return CheckResult(name=name, passed=False, saw="the schedules are of no one mode")
    kept: list[str] = []
    deviating: list[str] = []
    for job in Job.objects.filter(schedule__isnull=False):
        for field in ("keep_succeeded", "keep_failed"):
            if (keeps := getattr(job, field)) == getattr(mode, field):
                continue
            told = f"{job} keeps {field.removeprefix('keep_')} runs {show_duration(keeps)}"
            who = job.overrides.get(field)
            (kept if who else deviating).append(f"{told}, set by {who['by']}" if who else told)
    old = evidence.rows_kept_too_long(
        current_retention(), now=window.end, patience=_cleanup_period(mode.name) + PATIENCE
    )
    problems = [*deviating, *(_too_old(rows, table) for table, rows in old.items())]
    seen = (
        f"nothing is older than {show_duration(mode.keep_succeeded)} "
        f"(failures: {show_duration(mode.keep_failed)})"
    )
    saw = "; ".join([*(problems or [seen]), *kept])
    return CheckResult(name=name, passed=not problems, saw=saw)


def cleanup_works(window: Window) -> CheckResult:
    """The cleanup job ran lately, and left nothing that it should have deleted."""
    name = "cleanup works"
    runs = Run.objects.filter(job__name=CLEANUP.name).exclude(state__in=OPEN_STATES)
    newest = runs.order_by("-occurrence").first()
    if newest is None:
        return CheckResult(name=name, passed=False, saw="it has not run yet")
    patience = _cleanup_period(newest.job.mode) + PATIENCE
    left = prune(now=window.end - patience, dry_run=True)
    problems = [
        f"{counted(rows, table.removesuffix('s'))} {were(rows)} left" for table, rows in left.items() if rows
    ]
    if newest.state != RunState.SUCCEEDED:
        problems.append(f"{newest} {newest.state}: {first_line(newest.error)}")
    if window.end - newest.occurrence > patience:
        problems.append(f"{newest} was its last run")
    return CheckResult(name=name, passed=not problems, saw="; ".join(problems) or f"{newest} succeeded")


def workers_are_alive(window: Window) -> CheckResult:
    """Redis answers, and a cluster with workers reported within the last seconds."""
    queue = queue_state(now=window.end)
    workers, clusters = queue.workers_alive, len(queue.clusters)
    where = f"{counted(workers, 'worker')} in {counted(clusters, 'cluster')}"
    seen = f"{where}, {counted(queue.waiting or 0, 'message')} waiting"
    return CheckResult(
        name="workers are alive", passed=not queue.problem and workers > 0, saw=queue.problem or seen
    )


def picture_is_fresh(window: Window) -> CheckResult:
    """The newest fetch and the newest scores are no older than two of their cadences."""
    fresh = current_picture()
    instants = {
        FETCH.name: fresh.fetch.stored_at if fresh.fetch else None,
        SCORE.name: fresh.scoring_run.finished_at if fresh.scoring_run else None,
    }
    problems = [
        problem for name, at in instants.items() if (problem := _staleness(name, at=at, now=window.end))
    ]
    scored = fresh.scoring_run.scored_count if fresh.scoring_run else 0
    seen = "; ".join(f"{name} stored at {at:%H:%M:%S}" for name, at in instants.items() if at)
    return CheckResult(
        name="the picture is fresh",
        passed=not problems and scored > 0,
        saw="; ".join(problems) or f"{seen}; {counted(scored, 'validator')} scored",
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
        elif keeps_cadence(job):
            continue
        elif job.cadence.after(now) != now + seconds:
            problems.append(f"{mode_name}: {declared.name} runs {job.cadence}")
        elif not now <= job.schedule.next_run <= now + seconds:
            problems.append(f"{mode_name}: {declared.name} runs next at {job.schedule.next_run}")
    return problems


def _kept() -> str:
    """The cadences that somebody set, which set-up leaves alone; empty when there are none."""
    jobs = Job.objects.filter(schedule__isnull=False).select_related("schedule", "after")
    kept = [
        f"{job.name} {cadence_text(job)}, set by {job.overrides[CADENCE]['by']}"
        for job in jobs
        if keeps_cadence(job)
    ]
    return f"; kept: {', '.join(kept)}" if kept else ""


def _cleanup_period(mode_name: str) -> timedelta:
    """As declared, or longer where somebody set it so."""
    declared = timedelta(seconds=CLEANUP.every_seconds[mode_name])
    return max(declared, interval_of(CLEANUP.name) or declared)


def _staleness(job_name: str, *, at: datetime | None, now: datetime) -> str:
    if at is None:
        return f"{job_name} has stored nothing yet"
    try:
        cadence = cadence_of(job_name)
    except CadenceError as exc:
        return str(exc)
    stale = cadence.after(cadence.after(at)) + PATIENCE < now
    return f"{job_name} stored last at {show_instant(at)}" if stale else ""


def _too_old(rows: int, table: str) -> str:
    return f"{counted(rows, table.removesuffix('s'))} {'is' if rows == 1 else 'are'} too old"
