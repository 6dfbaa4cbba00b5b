"""All that `manage.py monitor` shows: the verdict of `readiness`, open alerts, and the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduling.ledger.attempts import first_line
from scheduling.ledger.presentation import milliseconds, pause_text, took_ms
from scheduling.ledger.selectors import current_mode, never_set_up, run_counts, schedule_rows
from scheduling.models import Run
from scheduling.monitoring.alerts import open_alerts
from scheduling.monitoring.database_state import DatabaseState, database_state
from scheduling.monitoring.panels import Panel, panels
from scheduling.monitoring.queue_state import QueueState, queue_state, with_keys
from scheduling.monitoring.readiness import Finding, database_verdict, judge

RECENT_RUNS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NextOccurrence:
    """When a schedule is due; `due_in` is in seconds, negative when that passed, None without a next run.

    A job that is `paused` (since when and why; empty when it is not) is not claimed then.
    """

    name: str
    cadence: str
    next_run_at: datetime | None
    due_in: float | None
    paused: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentRun:
    """What became of an occurrence. `lateness_ms` and `duration_ms` are None when it did not start or end."""

    name: str
    occurrence: datetime
    state: str
    variant: str
    attempt: int
    lateness_ms: float | None
    duration_ms: float | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlert:
    """Something that was found wrong and is not over."""

    rule: str
    subject: str
    message: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that `manage.py monitor` shows, at one instant. `runs` is state -> rows."""

    at: datetime
    mode: str | None
    health: tuple[Finding, ...]
    alerts: list[OpenAlert]
    queue: QueueState
    # By state, and the states whose number is an estimate.
    runs: dict[str, int]
    runs_estimated: tuple[str, ...]
    next_occurrences: list[NextOccurrence]
    # Declared jobs that an upgrade or a setting brought; empty where nothing is set up at all.
    never_set_up: Sequence[str]
    recent_runs: list[RecentRun]
    panels: list[Panel]
    database: DatabaseState


def overview(*, now: datetime) -> Overview:
    """Look, and change nothing."""
    queue, runs = with_keys(queue_state(now=now)), run_counts()
    due = _next_occurrences(now=now)
    return Overview(
        at=now,
        mode=current_mode(),
        health=judge(queue, now=now, database=database_verdict()),
        alerts=[
            OpenAlert(
                rule=alert.rule, subject=alert.subject, message=alert.message, opened_at=alert.opened_at
            )
            for alert in open_alerts()
        ],
        queue=queue,
        runs=runs.numbers,
        runs_estimated=runs.estimated,
        next_occurrences=due,
        never_set_up=never_set_up({one.name for one in due}),
        recent_runs=recent_runs(),
        panels=panels(),
        database=database_state(),
    )


def recent_runs() -> list[RecentRun]:
    """The newest runs, the newest first."""
    runs = Run.objects.select_related("job").order_by("-pk")[:RECENT_RUNS]
    return [
        RecentRun(
            name=run.job.name,
            occurrence=run.occurrence,
            state=run.state,
            variant=run.variant,
            attempt=run.attempt,
            lateness_ms=milliseconds(run.lateness),
            duration_ms=took_ms(run.state, run.duration),
            error=first_line(run.error),
        )
        for run in runs
    ]


def _next_occurrences(*, now: datetime) -> list[NextOccurrence]:
    return [
        NextOccurrence(
            name=row.job.name,
            cadence=row.cadence,
            next_run_at=row.next_run_at,
            due_in=round((row.next_run_at - now).total_seconds(), 1) if row.next_run_at else None,
            paused=pause_text(row.job),
        )
        for row in schedule_rows()
    ]
