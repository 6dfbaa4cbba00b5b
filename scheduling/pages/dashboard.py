"""What the operations page shows, at one instant."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.safestring import SafeString, mark_safe

from scheduling.exceptions import CadenceError
from scheduling.ledger.presentation import milliseconds
from scheduling.ledger.selectors import cadence_text, nearest_rank
from scheduling.models import OPEN_STATES, Job, Run, RunState
from scheduling.monitoring.database_state import database_size
from scheduling.monitoring.panels import Panel, panels
from scheduling.monitoring.queue_state import QueueState, queue_state
from scheduling.monitoring.status import Status, status_of
from scheduling.timing.cadence import Every
from scheduling.timing.durations import show_duration

# More schedules than this are not one page any more; `scheduler list` has them all.
MOST_SCHEDULES = 40
STRIP_LENGTH = 40
# Each point of a chart is a percentile of this many runs, up to and with its own.
WINDOW = 20
POINTS = 120
ERRORS_SHOWN = 8
MEBIBYTE = 2**20
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run in a strip. `late` and `took` are in milliseconds, None when it did not start or end."""

    run_id: int
    occurrence: datetime
    state: str
    attempt: int
    late: float | None
    took: float | None

    @property
    def words(self) -> str:
        late = "" if self.late is None else f", {self.late} ms late"
        took = "" if self.took is None else f", took {self.took} ms"
        return f"{self.occurrence:%Y-%m-%d %H:%M:%S} {self.state}{late}{took}"


class PastRun(NamedTuple):
    """What is shown of a run; a thousand of them are read at every look, so they are no model instances."""

    job_id: int
    run_id: int
    occurrence: datetime
    state: str
    attempt: int
    lateness: timedelta | None
    duration: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Points of the two charts, oldest first: seconds since 1970, and milliseconds or None."""

    time: list[float]
    late_p50: list[float | None]
    late_p99: list[float | None]
    took_p50: list[float | None]
    took_p99: list[float | None]

    @property
    def newest_late(self) -> tuple[float | None, float | None]:
        """The last p50 and p99; asked only when there is a point."""
        return self.late_p50[-1], self.late_p99[-1]

    @property
    def newest_took(self) -> tuple[float | None, float | None]:
        return self.took_p50[-1], self.took_p99[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleCard:
    """One schedule. `typed` is its cadence as one types it; `follows` the job it runs after, or empty."""

    job_id: int
    schedule_id: int
    name: str
    cadence: str
    typed: str
    follows: str
    next_run: datetime | None
    paused_at: datetime | None
    pause_note: str
    strip: list[Outcome]
    series: Series

    def count(self, state: str) -> int:
        return sum(outcome.state == state for outcome in self.strip)

    @property
    def summary(self) -> str:
        """The strip in words."""
        counted = [(state.value, self.count(state)) for state in RunState]
        words = ", ".join(f"{count} {state}" for state, count in counted if count)
        return f"Newest runs: {words}" if words else "No runs yet"

    @property
    def series_json(self) -> SafeString:
        """Numbers only, so there is nothing to escape."""
        return mark_safe(json.dumps(asdict(self.series)))  # noqa: S308

    @property
    def newest(self) -> Outcome | None:
        return self.strip[-1] if self.strip else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    """A run that failed, or that waits for its next attempt; `reason` is one line, `trace` all of it."""

    run_id: int
    name: str
    occurrence: datetime
    state: str
    attempt: int
    reason: str
    trace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One living `qcluster`."""

    name: str
    pid: int
    workers: int
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Everything on the page; the size is in MiB."""

    status: Status
    schedules: list[ScheduleCard]
    more_schedules: int
    panels: list[Panel]
    hosts: list[Host]
    database: str
    database_size: float
    errors: list[RunError]

    # Whether it is for somebody who may read what went wrong.
    tells_why: bool = True
    window: int = WINDOW

    @property
    def fingerprint(self) -> str:
        """The same for two looks that saw the same."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]


def dashboard(*, now: datetime) -> Dashboard:
    """Look at everything; the number of queries does not grow with the number of schedules or runs."""
    queue = queue_state(now=now)
    jobs = list(_jobs())
    shown = jobs[:MOST_SCHEDULES]
    runs = _newest_runs(shown)
    return Dashboard(
        status=status_of(queue, now=now),
        schedules=[_card(job, runs[job.pk]) for job in shown],
        more_schedules=len(jobs) - len(shown),
        panels=panels(),
        hosts=_hosts(queue),
        database=connection.vendor,
        database_size=round(database_size() / MEBIBYTE, 1),
        errors=_errors(),
    )


def typed_cadence(job: Job) -> str:
    """A cadence as one would type it to get it; empty when it is broken or not by the clock."""
    try:
        cadence = job.cadence
    except CadenceError:
        return ""
    if job.after is not None:
        return ""
    return (
        show_duration(timedelta(seconds=cadence.seconds))
        if isinstance(cadence, Every)
        else cadence.expression
    )


def _jobs() -> "QuerySet[Job, Any]":
    """Each with the oldest occurrence that its card needs, None when it has fewer."""
    newest = Run.objects.filter(job=OuterRef("pk")).order_by("-occurrence").values("occurrence")
    return (
        Job.objects.filter(schedule__isnull=False)
        .select_related("schedule", "after")
        .annotate(oldest_needed=Subquery(newest[POINTS + WINDOW : POINTS + WINDOW + 1]))
        .order_by("name")
    )


def _newest_runs(jobs: Sequence[Any]) -> defaultdict[int, list[PastRun]]:
    """The newest runs of each job by its id, oldest first."""
    found: defaultdict[int, list[PastRun]] = defaultdict(list)
    if not jobs:
        return found
    wanted = reduce(or_, (Q(job=job.pk, occurrence__gt=job.oldest_needed or BEGINNING) for job in jobs))
    columns = ("job_id", "pk", "occurrence", "state", "attempt", "lateness", "duration")
    for run in map(PastRun._make, Run.objects.filter(wanted).order_by("occurrence").values_list(*columns)):
        found[run.job_id].append(run)
    return found


def _card(job: Job, runs: Sequence[PastRun]) -> ScheduleCard:
    schedule = job.schedule
    assert schedule is not None, "only scheduled jobs are shown"
    return ScheduleCard(
        job_id=job.pk,
        schedule_id=schedule.pk,
        name=job.name,
        cadence=cadence_text(job),
        typed=typed_cadence(job),
        follows=job.after.name if job.after else "",
        next_run=schedule.next_run,
        paused_at=job.paused_at,
        pause_note=job.pause_note,
        strip=[_outcome(run) for run in runs[-STRIP_LENGTH:]],
        series=_series([run for run in runs if run.lateness is not None]),
    )


def _outcome(run: PastRun) -> Outcome:
    return Outcome(
        run_id=run.run_id,
        occurrence=run.occurrence,
        state=run.state,
        attempt=run.attempt,
        late=milliseconds(run.lateness),
        took=milliseconds(run.duration),
    )


def _series(started: Sequence[PastRun]) -> Series:
    """Percentiles over a window that moves along the runs."""
    first = max(0, len(started) - POINTS)
    late = [milliseconds(run.lateness) for run in started]
    took = [milliseconds(run.duration) for run in started]
    ends = range(first + 1, len(started) + 1)
    return Series(
        time=[run.occurrence.timestamp() for run in started[first:]],
        late_p50=[_percentile(late, 50, end) for end in ends],
        late_p99=[_percentile(late, 99, end) for end in ends],
        took_p50=[_percentile(took, 50, end) for end in ends],
        took_p99=[_percentile(took, 99, end) for end in ends],
    )


def _percentile(values: Sequence[float | None], percent: int, end: int) -> float | None:
    """Of what is known among the WINDOW values before `end`."""
    known = sorted(value for value in values[max(0, end - WINDOW) : end] if value is not None)
    return nearest_rank(known, percent) if known else None


def _hosts(queue: QueueState) -> list[Host]:
    hosts = [
        Host(name=cluster.host, pid=cluster.pid, workers=cluster.workers, started_at=cluster.started_at)
        for cluster in queue.clusters
    ]
    return sorted(hosts, key=lambda host: (host.name, host.pid))


def _errors() -> list[RunError]:
    """What waits for another attempt, then what failed, the newest first."""
    again = Run.objects.filter(state__in=OPEN_STATES, attempt__gt=0).exclude(error="").select_related("job")
    failed = Run.objects.filter(state=RunState.FAILED).select_related("job").order_by("-not_before")
    return [
        RunError(
            run_id=run.pk,
            name=run.job.name,
            occurrence=run.occurrence,
            state=run.state,
            attempt=run.attempt,
            reason=run.error.partition("\n")[0],
            trace=run.error,
        )
        for run in [*again[:ERRORS_SHOWN], *failed[:ERRORS_SHOWN]][:ERRORS_SHOWN]
    ]
