"""The strip above each page for staff: the verdict of `readiness`, open alerts and the queue in one value."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from scheduling.api.replies import envelope
from scheduling.models import OPEN_STATES, Job, Run
from scheduling.monitoring.alerts import open_alerts
from scheduling.monitoring.queue_state import QueueState, queue_state
from scheduling.monitoring.readiness import Finding, database_problem, judge
from scheduling.timing.durations import show_roughly


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`waiting` is None while Redis does not answer, `as_of` before there are data.

    An alert is its rule, its message, when it opened, and the schedule that it is about, or empty.
    """

    findings: tuple[Finding, ...]
    alerts: list[tuple[str, str, datetime, str]]
    open_runs: dict[str, int]
    waiting: int | None
    workers: int
    as_of: datetime | None
    # Not in `repr`: two looks that saw the same are equal by it.
    at: datetime = field(repr=False)

    @property
    def age(self) -> str:
        """Of the newest data; empty when there are none."""
        return show_roughly(max(self.at - self.as_of, timedelta(0))) if self.as_of else ""

    @property
    def problems(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.problem]


def current_status(*, now: datetime) -> Status:
    return status_of(queue_state(now=now), now=now)


def status_of(queue: QueueState, *, now: datetime) -> Status:
    """Of a queue that was looked at; the number of queries depends on nothing that grows."""
    return Status(
        findings=judge(queue, now=now, database=database_problem()),
        alerts=_alerts(),
        open_runs=open_run_counts(),
        waiting=queue.waiting,
        workers=queue.workers_alive,
        as_of=envelope()["as_of"],
        at=now,
    )


def _alerts() -> list[tuple[str, str, datetime, str]]:
    schedules = Job.objects.filter(name=OuterRef("subject")).values("name")
    alerts = open_alerts().annotate(schedule=Subquery(schedules))
    return list(alerts.values_list("rule", "message", "opened_at", Coalesce("schedule", Value(""))))


def open_run_counts() -> dict[str, int]:
    """How many runs have not ended, by state."""
    runs = Run.objects.filter(state__in=OPEN_STATES).order_by().values_list("state")
    counted = dict(runs.annotate(rows=Count("pk")))
    return {state.value: counted.get(state.value, 0) for state in OPEN_STATES}
