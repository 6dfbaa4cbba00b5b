"""What Prometheus scrapes: read from the tables, so that one scrape speaks for every process and host.

`settings.METRICS` names the functions that yield metrics, ours and the other apps'.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from scheduling.clock import database_now
from scheduling.ledger.tallies import BEYOND, DURATION_BOUNDS, LATENESS_BOUNDS, Distribution, Tallies, tallies
from scheduling.models import Job
from scheduling.monitoring import readiness
from scheduling.monitoring.database_state import database_size
from scheduling.monitoring.queue_state import queue_state
from scheduling.monitoring.schedule_metrics import schedule_metrics
from scheduling.monitoring.status import open_run_counts

CollectMetrics = Callable[[], Iterable[Metric]]


class ProjectCollector(Collector):
    """Everything that the settings name; a class because prometheus-client wants one."""

    def collect(self) -> Iterator[Metric]:
        for path in settings.METRICS:
            collect: CollectMetrics = import_string(path)
            yield from collect()


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(ProjectCollector())
    return generate_latest(registry)


def scheduling_metrics() -> Iterator[Metric]:
    """Schedules, runs, queue, workers and database."""
    now = database_now()
    yield from schedule_metrics(now=now)
    yield from _run_totals()
    yield _open_runs()
    yield from _queue(now=now)
    yield GaugeMetricFamily("staking_database_size_bytes", "Size of the database.", value=database_size())
    yield GaugeMetricFamily(
        "staking_database_writable",
        "1 while the database takes writes.",
        value=float(not readiness.database_verdict()),
    )


def cumulative(distribution: Distribution, *, bounds: Iterable[float]) -> list[tuple[str, float]]:
    """How many lie at or below each bound, as Prometheus wants its buckets."""
    reached, buckets = 0, []
    for bound in (*map(str, bounds), BEYOND):
        reached += distribution.counts[bound]
        buckets.append((bound, float(reached)))
    return buckets


def _run_totals() -> Iterator[Metric]:
    names = dict(Job.objects.values_list("pk", "name"))
    counted = tallies()
    yield _runs_ended(counted, names)
    yield _missed(counted, names)
    yield _lateness(counted, names)
    yield _duration(counted, names)


def _runs_ended(counted: Tallies, names: dict[int, str]) -> Metric:
    ended = CounterMetricFamily(
        "staking_runs", "Runs that ended: succeeded, failed, skipped.", labels=["schedule", "outcome"]
    )
    for (job_id, outcome), tally in counted.items():
        ended.add_metric([names[job_id], outcome], tally.runs)
    return ended


def _missed(counted: Tallies, names: dict[int, str]) -> Metric:
    by_job: Counter[int] = Counter()
    for (job_id, _), tally in counted.items():
        by_job[job_id] += tally.missed
    missed = CounterMetricFamily(
        "staking_missed_occurrences", "Occurrences that no dispatcher claimed in time.", labels=["schedule"]
    )
    for job_id, occurrences in by_job.items():
        missed.add_metric([names[job_id]], occurrences)
    return missed


def _lateness(counted: Tallies, names: dict[int, str]) -> Metric:
    by_job: dict[int, Distribution] = {}
    for (job_id, _), tally in counted.items():
        by_job.setdefault(job_id, Distribution()).include(tally.lateness.as_json())
    lateness = HistogramMetricFamily(
        "staking_run_lateness_seconds", "First start of a run minus its occurrence.", labels=["schedule"]
    )
    for job_id, distribution in by_job.items():
        buckets = cumulative(distribution, bounds=LATENESS_BOUNDS)
        lateness.add_metric([names[job_id]], buckets, distribution.seconds)
    return lateness


def _duration(counted: Tallies, names: dict[int, str]) -> Metric:
    duration = HistogramMetricFamily(
        "staking_run_duration_seconds",
        "How long the last attempt of a run took, by outcome.",
        labels=["schedule", "outcome"],
    )
    for (job_id, outcome), tally in counted.items():
        buckets = cumulative(tally.duration, bounds=DURATION_BOUNDS)
        duration.add_metric([names[job_id], outcome], buckets, tally.duration.seconds)
    return duration


def _open_runs() -> Metric:
    gauge = GaugeMetricFamily(
        "staking_open_runs", "Runs that have not ended: pending, queued, running.", labels=["state"]
    )
    for state, count in open_run_counts().items():
        gauge.add_metric([state], count)
    return gauge


def _queue(*, now: datetime) -> Iterator[Metric]:
    queue = queue_state(now=now)
    yield GaugeMetricFamily(
        "staking_redis_up",
        "1 while Redis takes messages; messages, workers and clusters are absent otherwise.",
        value=float(not queue.problem),
    )
    if queue.problem:
        return  # unknown is not 0
    yield GaugeMetricFamily(
        "staking_queue_messages", "Messages that wait in Redis.", value=queue.waiting or 0
    )
    yield GaugeMetricFamily("staking_workers", "Worker processes alive.", value=queue.workers_alive)
    yield GaugeMetricFamily("staking_clusters", "qcluster commands alive.", value=len(queue.clusters))
