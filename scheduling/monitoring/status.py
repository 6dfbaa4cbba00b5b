"""The strip above each page for staff: the verdict of `readiness`, open alerts and the queue in one value."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.module_loading import import_string

from scheduling.models import OPEN_STATES, Job, Run
from scheduling.monitoring.alerts import open_alerts
from scheduling.monitoring.queue_state import QueueState, queue_state
from scheduling.monitoring.readiness import Finding, database_verdict, judge
from scheduling.timing.durations import show_roughly

# So many are shown whole, so that what else a page says stays in sight; the others are a click away.
SHOWN_WHOLE: Final = 3


class StatusAlert(NamedTuple):
    """An open alert; `schedule` is the one that it is about, or empty."""

    key: int
    rule: str
    message: str
    opened_at: datetime
    schedule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`waiting` is None while Redis does not answer, `as_of` before there are data.

    The worst alert comes first.
    """

    findings: tuple[Finding, ...]
    alerts: list[StatusAlert]
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

    @property
    def first_alerts(self) -> list[StatusAlert]:
        return self.alerts[:SHOWN_WHOLE]

    @property
    def more_alerts(self) -> list[StatusAlert]:
        return self.alerts[SHOWN_WHOLE:]

    @property
    def first_problems(self) -> list[Finding]:
        return self.problems[:SHOWN_WHOLE]

    @property
    def more_problems(self) -> list[Finding]:
        return self.problems[SHOWN_WHOLE:]


def current_status(*, now: datetime) -> Status:
    return status_of(queue_state(now=now), now=now)


def status_of(queue: QueueState, *, now: datetime) -> Status:
    """Of a queue that was looked at; the number of queries depends on nothing that grows."""
    return Status(
        findings=judge(queue, now=now, database=database_verdict()),
        alerts=_alerts(),
        open_runs=open_run_counts(),
        waiting=queue.waiting,
        workers=queue.workers_alive,
        # Not by the API's replies, which load what makes its documentation: a tenth of every command's start.
        as_of=import_string(settings.API_ENVELOPE)()["as_of"],
        at=now,
    )


def _alerts() -> list[StatusAlert]:
    """As the settings name their rules, the worst first; of a rule the oldest first."""
    schedules = Job.objects.filter(name=OuterRef("subject")).values("name")
    alerts = open_alerts().annotate(schedule=Subquery(schedules))
    columns = ("pk", "rule", "message", "opened_at", Coalesce("schedule", Value("")))
    rank = {name: place for place, name in enumerate(settings.ALERT_RULES)}
    found = map(StatusAlert._make, alerts.values_list(*columns))
    return sorted(found, key=lambda alert: rank.get(alert.rule, len(rank)))


def open_run_counts() -> dict[str, int]:
    """How many runs have not ended, by state."""
    runs = Run.objects.filter(state__in=OPEN_STATES).order_by().values_list("state")
    counted = dict(runs.annotate(rows=Count("pk")))
    return {state.value: counted.get(state.value, 0) for state in OPEN_STATES}
