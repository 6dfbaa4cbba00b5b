"""What a scrape says of each schedule: when it is due, how often, and whether it fails."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from scheduling.ledger.failures import failing_now, interval_of_next
from scheduling.ledger.selectors import next_run_of
from scheduling.models import Job, Run

_GAUGES = {
    "next_run_timestamp_seconds": "When it is due next.",
    "paused": "1 while an operator or failures paused it.",
    "interval_seconds": "From its next occurrence to the one after.",
    "failures_in_a_row": "Runs that failed for good since its last success.",
    "failed_attempts": "Attempts that failed of the run that is being tried.",
    "last_lateness_seconds": "First start of its newest run minus the occurrence.",
}


def schedule_metrics() -> Iterator[Metric]:
    """One gauge for each figure, one sample for each schedule that has it."""
    gauges = {
        name: GaugeMetricFamily(f"staking_schedule_{name}", text, labels=["schedule"])
        for name, text in _GAUGES.items()
    }
    failing = {one.job.pk: one for one in failing_now()}
    for job in _jobs():
        found, next_run = failing.get(job.pk), next_run_of(job)
        figures = {
            "next_run_timestamp_seconds": next_run.timestamp() if next_run else None,
            "paused": float(job.paused_at is not None),
            "interval_seconds": _seconds(interval_of_next(job)),
            "failures_in_a_row": len(found.runs) if found else 0,
            "failed_attempts": found.failed_attempts if found else 0,
            "last_lateness_seconds": _seconds(job.last_lateness),
        }
        for name, figure in figures.items():
            if figure is not None:  # unknown is not 0
                gauges[name].add_metric([job.name], figure)
    yield from gauges.values()


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()


def _jobs() -> Any:
    newest = Run.objects.filter(job=OuterRef("pk"), lateness__isnull=False).order_by("-occurrence")
    return (
        Job.objects.filter(schedule__isnull=False)
        .select_related("schedule", "after__schedule")
        .annotate(last_lateness=Subquery(newest.values("lateness")[:1]))
        .order_by("name")
    )
