"""Schedules, runs and changes as JSON documents and as table rows."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from scheduling.ledger.attempts import attempts_text, failed_attempts, first_line
from scheduling.ledger.journal_words import action_words, journal_words
from scheduling.ledger.selectors import ScheduleRow, next_run_of
from scheduling.models import OPEN_STATES, Job, JobChange, Run
from scheduling.timing.instants import show_instant

SCHEDULE_HEADERS = (
    "name",
    "task",
    "cadence",
    "attempts",
    "next run (UTC)",
    "last run (UTC)",
    "outcome",
    "note",
)
RUN_HEADERS = ("id", "occurrence (UTC)", "state", "trigger", "attempt", "late", "took", "worker", "why")
LONGEST_REASON = 70
# Nobody triggers what comes within this by itself.
SOON = timedelta(minutes=1)


def iso(instant: datetime | None) -> str | None:
    return instant.isoformat().replace("+00:00", "Z") if instant else None


def milliseconds(duration: timedelta | None) -> float | None:
    return None if duration is None else round(duration.total_seconds() * 1000, 1)


def took_ms(state: str, duration: timedelta | None) -> float | None:
    """Of a run that ended: one that runs, or waits for its next attempt, knows that of the last alone."""
    return None if state in OPEN_STATES else milliseconds(duration)


def clock_time(instant: datetime | None) -> str | None:
    return f"{instant:%Y-%m-%d %H:%M:%S}" if instant else None


def never_set_up_text(names: Sequence[str]) -> str:
    """What the names of `never_set_up` mean; empty where there are none."""
    if not names:
        return ""
    return f"{', '.join(names)}: declared, and never set up; `manage.py scheduler setup` does it."


def removed_text(names: Sequence[str]) -> str:
    """What it means to have been removed; empty where nothing was."""
    if not names:
        return ""
    return f"{', '.join(names)}: removed until the next `manage.py scheduler setup`; a pause lasts."


def resumed_text(name: str, next_run: datetime | None, *, now: datetime) -> str:
    """When a job goes on that was paused, and what runs it sooner where that is not soon."""
    text = f"{name} goes on; its next run is at {clock_time(next_run) or 'no set time'} (UTC)."
    is_soon = next_run is None or next_run - now <= SOON
    return text if is_soon else f"{text} `manage.py scheduler trigger {name}` runs it now."


def pause_text(job: Job) -> str:
    """Since when and why a job is paused; empty when it is not."""
    if job.paused_at is None:
        return ""
    until = f" until {clock_time(job.paused_until)}" if job.paused_until else ""
    return f"since {clock_time(job.paused_at)}{until}" + (f": {job.pause_note}" if job.pause_note else "")


def overrides_text(job: Job) -> str:
    """Who set what otherwise than declared, and when; empty when nobody did."""
    return "; ".join(f"{key} set by {who['by']} at {who['at']}" for key, who in job.overrides.items())


def next_text(job: Job) -> str:
    """When a job that was just changed runs next."""
    if job.paused_at is not None:
        return f"It is paused {pause_text(job)}."
    if job.after is not None:
        return f"It runs after each success of {job.after.name}."
    next_run = next_run_of(job)
    return f"Its next run is at {clock_time(next_run)} UTC." if next_run else "It has no next run."


def trigger_text(run: Run, *, now: datetime) -> str:
    """What becomes of a run that was just asked for at `now`."""
    name = run.job.name
    if run.occurrence != now:
        return f"A run of {name} was asked for at {show_instant(run.occurrence)} already, and waits."
    if run.job.paused_at is not None:
        return f"{name} is paused; the run waits until it is resumed."
    return f"{name} runs as soon as a worker is free."


def retry_text(run: Run) -> str:
    """When a run that is to begin anew does."""
    if run.job.paused_at is not None:
        return f"{run} begins anew when {run.job.name} is resumed."
    return f"{run} begins anew as soon as a worker is free."


def change_text(change: JobChange) -> str:
    """A line of the journal."""
    said = f"{change.by}: {action_words(change.action)} {journal_words(change.detail)}"
    return f"{show_instant(change.at)} {said}".rstrip()


def schedule_document(row: ScheduleRow) -> dict[str, Any]:
    """For `--json` of the commands; the API's, which strangers read, is in `api.documents`."""
    return {
        "name": row.job.name,
        "task": row.job.task,
        "cadence": row.cadence,
        "attempts": attempts_text(row.job),
        "max_attempts": row.job.max_attempts,
        "backoff_seconds": row.job.backoff.total_seconds(),
        "next_run_at": iso(row.next_run_at),
        "paused_at": iso(row.job.paused_at),
        "overrides": row.job.overrides,
        "edition": row.edition,
        "paused_until": iso(row.job.paused_until),
        "pause_note": row.job.pause_note or None,
        "last_run": run_document(row.last_run) if row.last_run else None,
    }


def schedule_cells(row: ScheduleRow) -> tuple[object, ...]:
    run = row.last_run
    paused = f"paused {pause_text(row.job)}" if row.job.paused_at else ""
    return (
        row.job.name,
        row.job.task,
        row.cadence,
        attempts_text(row.job),
        clock_time(row.next_run_at),
        run and clock_time(run.occurrence),
        run and run.state,
        "; ".join(filter(None, (paused, overrides_text(row.job)))),
    )


def run_document(run: Run) -> dict[str, Any]:
    """As `schedule_document`."""
    return {
        "id": run.pk,
        "occurrence": iso(run.occurrence),
        "trigger": run.trigger,
        "state": run.state,
        "attempt": run.attempt,
        "started_at": iso(run.started_at),
        "lateness_ms": milliseconds(run.lateness),
        "duration_ms": took_ms(run.state, run.duration),
        "missed_before": run.missed_before,
        "variant": run.variant or None,
        "worker": run.worker or None,
        "error": run.error or None,
        "failed_attempts": [asdict(failed) for failed in failed_attempts(run)],
        "result": run.result,
    }


def run_cells(run: Run) -> tuple[object, ...]:
    return (
        run.pk,
        clock_time(run.occurrence),
        run.state,
        run.trigger,
        run.attempt,
        _shown_milliseconds(milliseconds(run.lateness)),
        _shown_milliseconds(took_ms(run.state, run.duration)),
        run.worker or None,
        first_line(run.error)[:LONGEST_REASON],
    )


def _shown_milliseconds(milliseconds: float | None) -> str | None:
    return None if milliseconds is None else f"{milliseconds:.0f} ms"
