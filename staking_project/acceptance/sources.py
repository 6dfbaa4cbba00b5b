"""Whether every source was heard lately, or is known to be offered by nobody."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Min

from scheduling.ledger.selectors import interval_of, next_occurrence
from scheduling.models import Run
from scheduling.timing.durations import show_roughly
from staking_project.acceptance.results import PATIENCE, CheckResult, Window
from validators.jobs import BY_SOURCE
from validators.models import ClusterEpoch, SourceState

Source = SourceState.Source

# One attempt that failed may lie between two successes, or before the first.
INTERVALS: Final = 2


def sources_are_fresh(window: Window) -> CheckResult:
    """Each source's last success is no older than two of its intervals, or no endpoint offers its method.

    Of one that was never heard, the first time that it was or will be asked counts as if it were a success.
    """
    states = {state.source: state for state in SourceState.objects.all()}
    everything = [states.get(source.value) or SourceState(source=source.value) for source in Source]
    problems = [problem for state in everything if (problem := _problem(state, now=window.end))]
    seen = [f"{state.source} {_standing(state, now=window.end)}" for state in everything]
    return CheckResult(
        name="every source is fresh", passed=not problems, saw="; ".join(problems) or ", ".join(seen)
    )


def job_name(source: str) -> str:
    """Of the job that asks it."""
    return BY_SOURCE[source].name


def _problem(state: SourceState, *, now: datetime) -> str:
    name = job_name(state.source)
    interval = interval_of(name)
    if interval is None:
        return f"{state.source}: {name} is not scheduled; `manage.py scheduler setup` schedules it"
    if not _overdue(state, patience=INTERVALS * interval + PATIENCE, now=now):
        return ""
    failure = f", and then: {state.last_error.splitlines()[0]}" if state.last_error else ""
    hint = f"`manage.py scheduler explain {name}` says why"
    return f"{state.source}: {_standing(state, now=now)}{failure}; {hint}"


def _overdue(state: SourceState, *, patience: timedelta, now: datetime) -> bool:
    """Whether an answer should be there by now, or one more refusal of a method that was not offered."""
    if state.unavailable_until is not None:
        return state.unavailable_until + patience < now
    awaited_since = state.last_success_at or _first_occurrence(job_name(state.source))
    if awaited_since is None:
        return True
    if state.source == Source.INFLATION:
        # It is asked for once in each epoch.
        running = ClusterEpoch.objects.order_by("-epoch").first()
        if running is not None and running.total_supply is not None:
            return False
        if running is not None and running.first_fetch_at is not None:
            awaited_since = max(awaited_since, running.first_fetch_at)
    return awaited_since + patience < now


def _first_occurrence(name: str) -> datetime | None:
    """Of the runs of a job that are kept, or else the one to come; None when it waits for somebody."""
    first: datetime | None = Run.objects.filter(job__name=name).aggregate(at=Min("occurrence"))["at"]
    return first or next_occurrence([name])


def _standing(state: SourceState, *, now: datetime) -> str:
    if state.unavailable_until is not None:
        return f"not offered, to be asked again at {state.unavailable_until:%Y-%m-%d %H:%M}Z"
    if state.last_success_at is None:
        return "has stored nothing yet"
    return f"stored {show_roughly(max(now - state.last_success_at, timedelta(0)))} ago"
