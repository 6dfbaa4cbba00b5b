"""Production mode by a clock that is moved: an endpoint that is away for a second, a minute, and for hours.

The dispatcher, the worker, the attempts, the rules and the courier are the real ones, and so are the endpoint
and the receiver of alerts, on loopback. Nobody moves PostgreSQL's clock: there Python's stands for it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.db.models import Min
from django_q.models import Schedule
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer

from scheduling.engine import dispatcher
from scheduling.engine.courier import deliver_due
from scheduling.engine.dispatcher import Dispatcher
from scheduling.engine.execution import execute_run
from scheduling.engine.outlook import look_ahead
from scheduling.ledger.audit.auditing import audit
from scheduling.models import Alert, Run, RunState, RunTrigger
from scheduling.operations import setting_up
from tests.validators.endpoints import CannedEndpoint
from validators.jobs import FETCH
from validators.models import Fetch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

JOBS = (FETCH,)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
INTERVAL = 6 * HOUR
# How long the endpoint is away, right before a fetch, and how often everybody is told that it fails.
OUTAGES = {
    "sqlite": ((SECOND, 0), (MINUTE, 1), (HOUR, 1), (5 * HOUR, 1)),
    # Which retries and alerts are is the same code; what they store and lock is looked at once more.
    "postgresql": ((5 * HOUR, 1),),
}
# Seldom, besides after each attempt: alerts are looked for every ten seconds.
LOOK_EVERY = HOUR
EVERYBODY = ["ada@example.org", "bob@example.org"]


class Switched(HTTPServer):
    """Off at once when it is switched off."""

    def thread_target(self) -> None:
        assert self.server is not None
        self.server.serve_forever(poll_interval=0.01)


@pytest.fixture
def server(settings: Settings) -> Iterator[HTTPServer]:
    with Switched(host="127.0.0.1") as made:
        settings.SOLANA_RPC_URLS = [CannedEndpoint(made).url]
        settings.SCHEDULED_JOBS = ["tests.faults.test_endpoints_away.JOBS"]
        settings.ALERT_EMAILS = EVERYBODY
        settings.ALERT_WEBHOOK_URL = settings.HEARTBEAT_URL = ""
        yield made


class Production:
    """One dispatcher and one worker, which do at once whatever is due."""

    def __init__(self, clock: Any) -> None:
        self.clock, self.dispatcher = clock, Dispatcher()
        setting_up.set_up("production", now=self.now, by="tester")
        setting_up.remove(["cleanup-repeatable"], now=self.now, by="tester")

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def pass_to(self, end: datetime) -> None:
        while self.now < end:
            self.clock.move_to(min(end, self._next()))
            self.dispatcher._alerts._looked_at = float("-inf")  # by a stopwatch, which does not jump
            self.dispatcher.tick()
            for run in Run.objects.filter(state=RunState.QUEUED):
                self._execute(run.pk)
            deliver_due(now=self.now)

    def _next(self) -> datetime:
        """The next schedule, the next attempt or the next look; the dispatcher sleeps until one of them."""
        waiting = Run.objects.filter(state=RunState.PENDING, not_before__gt=self.now)
        due = Schedule.objects.filter(next_run__gt=self.now).aggregate(first=Min("next_run"))["first"]
        attempt = waiting.aggregate(first=Min("not_before"))["first"]
        instants: list[datetime | None] = [due, attempt, self.now + LOOK_EVERY]
        return min(filter(None, instants))

    def _execute(self, run_id: int) -> None:
        try:
            execute_run(run_id)
        except Exception:
            assert Run.objects.get(pk=run_id).error


def test_outages_cost_what_they_must_and_are_told_of_once(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduling.clock.connection", SimpleNamespace(vendor="sqlite"))
    monkeypatch.setattr(dispatcher, "look_ahead", lambda at=None: look_ahead(at=at or datetime.now(UTC)))
    outages = OUTAGES[connection.vendor]
    with time_machine.travel(NOON, tick=False) as clock:
        production = Production(clock)
        for number, (away, told) in enumerate(outages, start=1):
            production.pass_to(NOON + number * INTERVAL)
            mail.outbox.clear()
            server.stop()
            production.pass_to(NOON + number * INTERVAL + away)
            server.start()
            production.pass_to(NOON + (number + 1) * INTERVAL - SECOND)
            bad_news = [message for message in mail.outbox if not message.body.startswith("CLOSED")]
            assert [message.to for message in bad_news] == [EVERYBODY] * told, away
        production.pass_to(NOON + (len(outages) + 1) * INTERVAL + MINUTE)
        [audited] = audit(FETCH.name, start=NOON, end=production.now, now=production.now)

    runs = Run.objects.filter(trigger=RunTrigger.SCHEDULE).order_by("occurrence")
    # The first run, one for each outage, of which the longest outlasts all attempts, and the one after.
    assert [run.state for run in runs] == [*["succeeded"] * len(outages), "failed", "succeeded"]
    assert Fetch.objects.count() == len(outages) + 1
    assert Alert.objects.filter(closed_at=None).count() == 0
    assert (len(audited.findings), audited.broken) == (len(outages) + 2, [])
