"""How the newest runs of a schedule ended, as a strip and as the points of two charts."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.safestring import SafeString, mark_safe

from scheduling.ledger.presentation import milliseconds, took_ms
from scheduling.ledger.selectors import nearest_rank
from scheduling.models import Job, Run, RunState
from scheduling.timing.cadence import EPOCH

# Each point of a chart is a percentile of this many runs, up to and with its own.
WINDOW = 20
POINTS = 120


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

    @property
    def as_json(self) -> SafeString:
        """Numbers only, so there is nothing to escape."""
        return mark_safe(json.dumps(asdict(self)))  # noqa: S308


def with_oldest_needed(jobs: "QuerySet[Job]", *, newest: int) -> "QuerySet[Job, Any]":
    """Each with the occurrence just older than that many of its newest runs, None when it has fewer."""
    runs = Run.objects.filter(job=OuterRef("pk")).order_by("-occurrence").values("occurrence")
    return jobs.annotate(oldest_needed=Subquery(runs[newest : newest + 1]))


def newest_runs(jobs: Sequence[Any]) -> defaultdict[int, list[PastRun]]:
    """The newest runs of each job by its id, oldest first; jobs as `with_oldest_needed` gives them."""
    found: defaultdict[int, list[PastRun]] = defaultdict(list)
    if not jobs:
        return found
    wanted = reduce(or_, (Q(job=job.pk, occurrence__gt=job.oldest_needed or EPOCH) for job in jobs))
    columns = ("job_id", "pk", "occurrence", "state", "attempt", "lateness", "duration")
    for run in map(PastRun._make, Run.objects.filter(wanted).order_by("occurrence").values_list(*columns)):
        found[run.job_id].append(run)
    return found


def strip_of(runs: Sequence[PastRun], *, length: int) -> list[Outcome]:
    """The newest of them, oldest first."""
    return [
        Outcome(
            run_id=run.run_id,
            occurrence=run.occurrence,
            state=run.state,
            attempt=run.attempt,
            late=milliseconds(run.lateness),
            took=took_ms(run.state, run.duration),
        )
        for run in runs[-length:]
    ]


def summary_of(strip: Sequence[Outcome]) -> str:
    """The strip in words."""
    counted = [(state.value, sum(outcome.state == state for outcome in strip)) for state in RunState]
    return ", ".join(f"{count} {state}" for state, count in counted if count)


def series_of(runs: Sequence[PastRun]) -> Series:
    """Percentiles over a window that moves along the runs that started."""
    started = [run for run in runs if run.lateness is not None]
    first = max(0, len(started) - POINTS)
    late = [milliseconds(run.lateness) for run in started]
    took = [took_ms(run.state, run.duration) for run in started]
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
