"""Whether the schedules ran by themselves, in time and once."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from scheduling.exceptions import CadenceError
from scheduling.ledger import evidence
from scheduling.ledger.attempts import first_line
from scheduling.ledger.audit.auditing import audit
from scheduling.ledger.audit.judging import Verdict
from scheduling.ledger.presentation import pause_text
from scheduling.ledger.selectors import cadence_of, paused_job
from scheduling.models import OPEN_STATES, Run, RunState, RunTrigger
from scheduling.timing.cadence import Cadence
from scheduling.timing.instants import show_instant
from scheduling.wording import counted
from staking_project.acceptance.results import LATEST_START, CheckResult, Window

# The reckoning goes so far back, and is done within a second; `scheduler audit` goes as far as one likes.
AUDITED_BEFORE = timedelta(minutes=10)
# Of broken promises, that is; `scheduler audit` names all.
MOST_NAMED = 5


def ran_on_time(job_name: str, window: Window) -> CheckResult:
    """The job's occurrences in the window ran by themselves, none missed, each within a second of its time.

    When none falls into the window, the newest occurrence is looked at instead. It may be the only one yet,
    which set-up asked for before a dispatcher was there; that one may have waited.
    """
    name = f"{job_name} ran on time by itself"
    if paused := paused_job(job_name):
        return CheckResult(name=name, passed=False, saw=f"it is paused {pause_text(paused)}")
    try:
        cadence = cadence_of(job_name)
    except CadenceError as exc:
        return CheckResult(name=name, passed=False, saw=str(exc))
    runs = Run.objects.filter(job__name=job_name, trigger=RunTrigger.SCHEDULE).order_by("-occurrence")
    watched = list(runs.filter(occurrence__gte=window.start, occurrence__lte=window.end))
    expected, latest = _least_occurrences(cadence, window), LATEST_START
    if not watched and not expected:
        watched = list(runs.exclude(state__in=OPEN_STATES)[:1])
        latest = LATEST_START if runs.count() > 1 else timedelta.max
    problems = [problem for run in watched if (problem := _fault_of(run, latest=latest, now=window.end))]
    problems += _lack_of(watched, expected=expected, cadence=cadence, now=window.end)
    return CheckResult(name=name, passed=not problems, saw="; ".join(problems) or _seen(watched))


def no_occurrence_ran_twice(window: Window) -> CheckResult:
    """By django-q2's own history, not by the ledger that prevents it.

    When none falls into the window, from the newest one on, which may be hours before it.
    """
    before = Run.objects.filter(occurrence__lte=window.end).order_by("-occurrence")
    newest = before.values_list("occurrence", flat=True).first()
    since = window.start if newest is None else min(window.start, newest)
    twice = evidence.runs_executed_twice(since=since)
    runs = before.filter(occurrence__gte=since)
    occurrences = set(runs.values_list("job", "occurrence"))
    seen = f"{counted(runs.count(), 'run')} of {counted(len(occurrences), 'occurrence')}"
    return CheckResult(
        name="no occurrence ran twice",
        passed=not twice and runs.count() == len(occurrences),
        saw=f"executed more than once: runs {twice}" if twice else f"{seen}, none executed twice",
    )


def every_occurrence_is_accounted_for(window: Window) -> CheckResult:
    """A second reckoning of the window and the minutes before it finds none missed and none doubled."""
    audits = list(audit(None, start=window.start - AUDITED_BEFORE, end=window.end, now=window.end))
    counts = sum((one.counts for one in audits), Counter[Verdict]())
    seen = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
    problems = [
        f"{one.name} {show_instant(finding.occurrence)} {finding.verdict.value}: {finding.why}"
        for one in audits
        for finding in one.broken
    ]
    return CheckResult(
        name="every occurrence is accounted for",
        passed=not problems,
        saw="; ".join(problems[:MOST_NAMED])
        or f"{counted(len(audits), 'schedule')}: {seen or 'nothing was due'}",
    )


def _least_occurrences(cadence: Cadence, window: Window) -> int:
    """How many occurrences the window holds at least, wherever the grid lies."""
    count, instant = 0, cadence.after(window.start)
    while instant <= window.end - LATEST_START:
        count, instant = count + 1, cadence.after(instant)
    return count


def _fault_of(run: Run, *, latest: timedelta, now: datetime) -> str:
    """What is wrong with a run; nothing when it is not over yet and began in time."""
    lateness = now - run.occurrence if run.lateness is None else run.lateness
    if run.state == RunState.FAILED:
        return f"{run} failed: {first_line(run.error)}"
    if run.state != RunState.SKIPPED and lateness > latest:
        return f"{run} began {lateness.total_seconds():.1f} s late"
    if run.missed_before:
        return f"{run} found {run.missed_before} missed before it"
    return ""


def _lack_of(runs: Sequence[Run], *, expected: int, cadence: Cadence, now: datetime) -> list[str]:
    if len(runs) < expected:
        return [f"{counted(len(runs), 'occurrence')} came instead of {expected}"]
    if not any(run.state == RunState.SUCCEEDED for run in runs):
        return ["none succeeded" if runs else "it has not run yet"]
    if cadence.after(runs[0].occurrence) < now - LATEST_START:
        return [f"{runs[0]} was the last, and the next is overdue"]
    return []


def _seen(runs: Sequence[Run]) -> str:
    latest = max((run.lateness for run in runs if run.lateness is not None), default=timedelta(0))
    return f"{counted(len(runs), 'run')}, the latest start {latest.total_seconds() * 1000:.0f} ms late"
