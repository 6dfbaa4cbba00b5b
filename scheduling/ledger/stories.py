"""Why a job did or did not run at a given time, in sentences."""

from datetime import datetime, timedelta

from scheduling.exceptions import CadenceError
from scheduling.ledger.attempts import attempt_sentences
from scheduling.models import Job, JobChange, Run, RunState
from scheduling.timing.durations import show_duration


def explain(job: Job, *, at: datetime, now: datetime) -> list[str]:
    """What the ledger and the journal know about the occurrence in force at an instant, oldest fact first."""
    story = [*_changes_before(job, at=at)]
    run = Run.objects.filter(job=job, occurrence__lte=at).order_by("-occurrence").first()
    later = Run.objects.filter(job=job, occurrence__gt=at).order_by("occurrence").first()
    if later is not None and later.missed_before and not _covers(job, run, at=at):
        story.append(
            f"No dispatcher ran then: it is among the {later.missed_before} occurrences missed before "
            f"{_shown(later.occurrence)}, whose run made up for them."
        )
    elif run is None:
        story.append(
            "The ledger has no run from then or before; older ones were deleted by retention, or never were."
        )
    else:
        story += [_story_of(run), *attempt_sentences(run)]
    return [*story, *_outlook(job, now=now)]


def _covers(job: Job, run: Run | None, *, at: datetime) -> bool:
    """Whether a run's occurrence is the one in force at that instant, not an earlier one."""
    if run is None:
        return False
    try:
        return bool(job.cadence.after(run.occurrence) > at)
    except CadenceError:
        return True


def _changes_before(job: Job, *, at: datetime) -> list[str]:
    """The newest change before the instant, and the pause that was in force, if any."""
    changes = JobChange.objects.filter(job=job, at__lte=at)
    last_switch = changes.filter(action__in=("pause", "resume")).first()
    story = []
    if last_switch is not None and last_switch.action == "pause":
        note = f": {last_switch.detail}" if last_switch.detail else ""
        story.append(f"The job was paused then, since {_shown(last_switch.at)} by {last_switch.by}{note}.")
    newest = changes.exclude(action__in=("pause", "resume")).first()
    if newest is not None:
        story.append(
            f"The last change before: {newest.action} by {newest.by} at {_shown(newest.at)}"
            + (f" ({newest.detail})." if newest.detail else ".")
        )
    return story


def _story_of(run: Run) -> str:
    """One run, from its occurrence to its end."""
    occurrence = f"The occurrence of {_shown(run.occurrence)}"
    if run.trigger != "schedule":
        occurrence += f" (asked for by {run.get_trigger_display().lower()})"
    first_line = run.error.split("\n", 1)[0]
    if run.state == RunState.SKIPPED:
        return f"{occurrence} was skipped: {first_line}."
    if run.state == RunState.PENDING:
        because = f": {first_line}" if first_line else ""
        return f"{occurrence} waits until {_shown(run.not_before)}{because}."
    if run.state == RunState.QUEUED:
        return f"{occurrence} is queued and no worker has taken it yet."
    started = f"{occurrence} was {_started(run)}"
    if run.state == RunState.RUNNING:
        return f"{started}, and is running (attempt {run.attempt})."
    missed = f" It made up for {run.missed_before} missed before it." if run.missed_before else ""
    because = f": {first_line}" if run.state == RunState.FAILED else ""
    took = _milliseconds(run.duration)
    return f"{started}, and {run.state} after {took} in attempt {run.attempt}{because}.{missed}"


def _started(run: Run) -> str:
    """When and by whom; how late is told of the first start, which a later attempt's is not."""
    last = f"by {run.worker} at {_shown(run.started_at)}"
    is_first = run.attempt <= 1 and not run.failed_attempts
    late = f", {_milliseconds(run.lateness)} late" if run.lateness is not None else ""
    if is_first:
        return f"started {last}{late}"
    if run.lateness is None:
        return f"started for the last time {last}"
    return f"first started at {_shown(run.occurrence + run.lateness)}{late}; for the last time {last}"


def _outlook(job: Job, *, now: datetime) -> list[str]:
    """What will happen next."""
    if job.schedule is None:
        return ["It has no schedule now; `scheduler setup` gives it one."]
    if job.paused_at is not None:
        note = f": {job.pause_note}" if job.pause_note else ""
        until = f", until {_shown(job.paused_until)}" if job.paused_until else ""
        return [
            f"It is paused now, since {_shown(job.paused_at)}{until}{note}. "
            f"`scheduler resume {job.name}` goes on."
        ]
    if job.after is not None:
        return [f"It runs after each success of {job.after.name}."]
    next_run = job.schedule.next_run
    if next_run is None:
        return ["It has no next run: its end or count is reached, or its cadence is broken."]
    wait = timedelta(seconds=round((next_run - now).total_seconds()))
    return [
        f"Its next run is at {_shown(next_run)}"
        + (f", in {show_duration(wait)}." if wait > timedelta(0) else ".")
    ]


def _shown(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}Z" if instant else "an unknown time"


def _milliseconds(duration: timedelta | None) -> str:
    return "an unknown time" if duration is None else f"{duration.total_seconds() * 1000:.0f} ms"
