"""What the operations page shows, at one instant."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from scheduling.ledger.presentation import never_set_up_text, overrides_text
from scheduling.ledger.selectors import cadence_text, never_set_up, next_run_of
from scheduling.models import OPEN_STATES, Job, Run, RunState
from scheduling.monitoring.database_state import MEBIBYTE, database_size
from scheduling.monitoring.panels import Panel, panels
from scheduling.monitoring.queue_state import QueueState, queue_state
from scheduling.monitoring.status import Status, status_of
from scheduling.pages.outcomes import (
    Outcome,
    PastRun,
    newest_runs,
    strip_of,
    summary_of,
    with_oldest_needed,
)
from scheduling.pages.run_lines import RunLine, run_lines

# More schedules than this are not one page any more; `scheduler list` has them all.
MOST_SCHEDULES = 200
STRIP_LENGTH = 20
ERRORS_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLine:
    """One schedule in the table. While paused it has no next run; `follows` is the job it runs after."""

    job_id: int
    name: str
    cadence: str
    follows: str
    next_run: datetime | None
    paused_at: datetime | None
    paused_until: datetime | None
    pause_note: str
    set_by: str
    strip: list[Outcome]

    @property
    def summary(self) -> str:
        words = summary_of(self.strip)
        return f"Newest runs: {words}" if words else "No runs yet"

    @property
    def newest(self) -> Outcome | None:
        return self.strip[-1] if self.strip else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One living `qcluster`, without how long ago it reported: no two looks would have one fingerprint."""

    name: str
    pid: int
    workers: int
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Everything on the page; the size is in MiB."""

    status: Status
    schedules: list[ScheduleLine]
    more_schedules: int
    never_set_up: str
    panels: list[Panel]
    hosts: list[Host]
    database: str
    database_size: float
    errors: list[RunLine]

    @property
    def any_paused(self) -> bool:
        return any(line.paused_at for line in self.schedules)

    @property
    def fingerprint(self) -> str:
        """The same for two looks that saw the same."""
        return fingerprint_of(self)


def fingerprint_of(seen: object) -> str:
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]


def dashboard(*, now: datetime, in_full: bool = True) -> Dashboard:
    """Look at everything; the number of queries does not grow with the number of schedules or runs.

    Not `in_full` leaves out what only those may read who may view runs: errors that are not ours, notes,
    and what panels tell of hosts and endpoints.
    """
    queue = queue_state(now=now)
    scheduled = Job.objects.filter(schedule__isnull=False).select_related("schedule", "after")
    jobs = list(with_oldest_needed(scheduled, newest=STRIP_LENGTH).order_by("name"))
    shown = jobs[:MOST_SCHEDULES]
    runs = newest_runs(shown)
    return Dashboard(
        status=status_of(queue, now=now),
        schedules=[_line(job, runs[job.pk], in_full=in_full) for job in shown],
        more_schedules=len(jobs) - len(shown),
        never_set_up=never_set_up_text(never_set_up({job.name for job in jobs})),
        panels=panels() if in_full else [],
        hosts=_hosts(queue),
        database=connection.vendor,
        database_size=round(database_size() / MEBIBYTE, 1),
        errors=_errors(in_full=in_full),
    )


def _line(job: Job, runs: Sequence[PastRun], *, in_full: bool) -> ScheduleLine:
    return ScheduleLine(
        job_id=job.pk,
        name=job.name,
        cadence=cadence_text(job),
        follows=job.after.name if job.after else "",
        next_run=next_run_of(job),
        paused_at=job.paused_at,
        paused_until=job.paused_until,
        pause_note=job.pause_note if in_full else "",
        set_by=overrides_text(job) if in_full else "",
        strip=strip_of(runs, length=STRIP_LENGTH),
    )


def _hosts(queue: QueueState) -> list[Host]:
    hosts = [
        Host(name=cluster.host, pid=cluster.pid, workers=cluster.workers, started_at=cluster.started_at)
        for cluster in queue.clusters
    ]
    return sorted(hosts, key=lambda host: (host.name, host.pid))


def _errors(*, in_full: bool) -> list[RunLine]:
    """What failed and what waits for another attempt, the newest first."""
    again = Run.objects.filter(state__in=OPEN_STATES, attempt__gt=0).exclude(error="").select_related("job")
    failed = Run.objects.filter(state=RunState.FAILED).select_related("job").order_by("-not_before")
    newest = sorted([*again[:ERRORS_SHOWN], *failed[:ERRORS_SHOWN]], key=_failed_at, reverse=True)
    return run_lines(newest[:ERRORS_SHOWN], in_full=in_full)


def _failed_at(run: Run) -> datetime:
    """When it ended, or began to wait: what waits for its next attempt has no end yet."""
    return run.finished_at or run.started_at or run.not_before
