"""What a scrape says of each schedule: when it is due, how often, and whether it fails."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from scheduling.clock import AHEAD
from scheduling.ledger.failures import failing_now, interval_of_next
from scheduling.ledger.selectors import next_run_of
from scheduling.models import Job, Run

_GAUGES = {
    "staking_schedule_next_run_timestamp_seconds": "When it is due next; absent while paused.",
    "staking_schedule_paused": "1 while an operator or failures paused it.",
    "staking_schedule_interval_seconds": "From its next occurrence to the one after.",
    "staking_schedule_failures_in_a_row": "Runs that failed for good since its last success.",
    "staking_schedule_failed_attempts": "Attempts that failed of the run that is being tried.",
    "staking_schedule_last_lateness_seconds": "First start of its newest run minus the occurrence.",
}


def schedule_metrics(*, now: datetime) -> Iterator[Metric]:
    """One gauge for each figure, one sample for each schedule that has it."""
    gauges = {name: GaugeMetricFamily(name, text, labels=["schedule"]) for name, text in _GAUGES.items()}
    failing = {one.job.pk: one for one in failing_now(now=now)}
    for job in _jobs(now=now):
        found, next_run = failing.get(job.pk), next_run_of(job)
        figures = {
            "staking_schedule_next_run_timestamp_seconds": next_run.timestamp() if next_run else None,
            "staking_schedule_paused": float(job.paused_at is not None),
            "staking_schedule_interval_seconds": _seconds(interval_of_next(job)),
            "staking_schedule_failures_in_a_row": len(found.runs) if found else 0,
            "staking_schedule_failed_attempts": found.failed_attempts if found else 0,
            "staking_schedule_last_lateness_seconds": _seconds(job.last_lateness),
        }
        for name, figure in figures.items():
            if figure is not None:  # unknown is not 0
                gauges[name].add_metric([job.name], figure)
    yield from gauges.values()


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()


def _jobs(*, now: datetime) -> Any:
    begun = Run.objects.filter(job=OuterRef("pk"), lateness__isnull=False, occurrence__lte=now + AHEAD)
    newest = begun.order_by("-occurrence")
    return (
        Job.objects.filter(schedule__isnull=False)
        .select_related("schedule", "after__schedule")
        .annotate(last_lateness=Subquery(newest.values("lateness")[:1]))
        .order_by("name")
    )
