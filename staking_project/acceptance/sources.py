"""Whether every source was heard lately, or is known to be offered by nobody."""

from datetime import datetime, timedelta

from scheduling.ledger.presentation import pause_text
from scheduling.ledger.selectors import interval_of, paused_job
from scheduling.timing.durations import show_roughly
from staking_project.acceptance.results import CheckResult, Window
from validators.models import SourceState
from validators.monitoring.sources import Silence, job_name, silences, states


def sources_are_fresh(window: Window) -> CheckResult:
    """Each source's last success is no older than two of its intervals, or no endpoint offers its method.

    Of one that was never heard, the first time that it was or will be asked counts as if it were a success.
    One that somebody paused is not asked, and named.
    """
    everything = states()
    silent = {one.source: one for one in silences(now=window.end)}
    found = (_problem(state, silent.get(state.source), now=window.end) for state in everything)
    problems = [problem for problem in found if problem]
    seen = [f"{state.source} {_standing(state, now=window.end)}" for state in everything]
    return CheckResult(
        name="every source is fresh", passed=not problems, saw="; ".join(problems) or ", ".join(seen)
    )


def _problem(state: SourceState, silent: Silence | None, *, now: datetime) -> str:
    name = job_name(state.source)
    if interval_of(name) is None:
        return f"{state.source}: {name} is not scheduled; `manage.py scheduler setup` schedules it"
    if silent is None:
        return ""
    failure = f", and then: {silent.last_error}" if silent.last_error else ""
    hint = f"`manage.py scheduler explain {name}` says why"
    return f"{state.source}: {_standing(state, now=now)}{failure}; {hint}"


def _standing(state: SourceState, *, now: datetime) -> str:
    paused = paused_job(job_name(state.source))
    return _heard(state, now=now) + (f" and is paused {pause_text(paused)}" if paused else "")


def _heard(state: SourceState, *, now: datetime) -> str:
    if state.unavailable_until is not None:
        return f"not offered, to be asked again at {state.unavailable_until:%Y-%m-%d %H:%M}Z"
    if state.last_success_at is None:
        return "has stored nothing yet"
    return f"stored {show_roughly(max(now - state.last_success_at, timedelta(0)))} ago"
