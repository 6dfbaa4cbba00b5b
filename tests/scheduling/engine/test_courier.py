"""Deliveries go their own way: one of a channel at a time, in a digest, within a deadline."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer

from scheduling.clock import database_now
from scheduling.engine import courier
from scheduling.engine.courier import FORGOTTEN, deliver_due
from scheduling.engine.dispatcher import Dispatcher
from scheduling.models import Job, Run, RunState
from scheduling.monitoring import heartbeat
from scheduling.monitoring.alert_delivery import DELIVERY_DEADLINE, News, ask_for_delivery
from scheduling.monitoring.heartbeat import Heartbeat
from scheduling.monitoring.readiness import Finding, Readiness
from tests.scheduling.factories import NOON

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def somebody_to_tell(settings: Settings) -> None:
    settings.ALERT_EMAILS = ["ops@example.org"]
    settings.HEARTBEAT_URL = ""


def news(subject: str, event: str = "opened") -> News:
    return News(event=event, rule="late", subject=subject, message=f"{subject} is late", opened_at=NOON)


def ask(*told: News, at: datetime) -> None:
    ask_for_delivery(told, now=at)


def states() -> list[str]:
    return list(Run.objects.order_by("pk").values_list("state", flat=True))


def test_news_that_wait_are_told_together_and_of_one_alert_the_newest() -> None:
    start = database_now() - 10 * SECOND
    ask(news("fetch"), news("score"), at=start)
    Run.objects.update(attempt=2, not_before=database_now() + timedelta(hours=1))
    ask(news("fetch", "closed"), at=start + SECOND)

    deliver_due(now=database_now())

    [message] = mail.outbox
    assert message.body.startswith("OPENED  late: score")
    assert "CLOSED  late: fetch" in message.body
    assert "OPENED  late: fetch" not in message.body
    assert states() == [RunState.SKIPPED, RunState.SUCCEEDED]


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.QUEUED])
def test_one_delivery_of_a_channel_is_made_at_a_time(state: RunState) -> None:
    now = database_now()
    ask(news("fetch"), at=now)
    Run.objects.update(state=state, queued_at=now)
    ask(news("score"), at=now + SECOND)

    assert deliver_due(now=now + 2 * SECOND) == []
    assert states() == [state, RunState.PENDING]


def test_what_somebody_queued_and_forgot_is_told() -> None:
    now = database_now()
    ask(news("fetch"), at=now)
    Run.objects.update(state=RunState.QUEUED, queued_at=now - FORGOTTEN - SECOND)

    deliver_due(now=now)

    assert states() == [RunState.SUCCEEDED]


def test_nothing_is_told_before_its_time_and_dispatchers_leave_it_alone() -> None:
    now = database_now()
    ask(news("fetch"), at=now)
    Dispatcher().tick()
    assert states() == [RunState.PENDING]

    assert deliver_due(now=now - SECOND) == []
    assert deliver_due(now=now) != []


def test_a_channel_of_an_older_version_gets_the_deadline() -> None:
    ask(news("fetch"), at=database_now())
    Job.objects.update(time_limit=timedelta(minutes=1))

    deliver_due(now=database_now())

    assert Job.objects.get().time_limit == DELIVERY_DEADLINE


@pytest.fixture
def dripping() -> Iterator[str]:
    """A receiver that answers with a byte now and then, and never to the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def drip() -> None:
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    while not over.wait(0.02):
                        connection.send(b"H")

        threading.Thread(target=drip, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook"
        over.set()


def test_a_receiver_that_drips_is_given_up_at_the_deadline(
    dripping: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALERT_EMAILS = []
    settings.ALERT_WEBHOOK_URL, settings.ALERT_WEBHOOK_SECRET = dripping, "secret"
    monkeypatch.setattr(courier, "DELIVERY_DEADLINE", timedelta(seconds=0.3))
    ask(news("fetch"), at=database_now())
    started = time.monotonic()

    deliver_due(now=database_now())

    assert time.monotonic() - started < 3
    run = Run.objects.get()
    assert (run.state, run.attempt) == (RunState.PENDING, 1)
    assert run.error.startswith("TimeLimitError")


class UnaskableLane:
    """One whose table is locked, say."""

    asked = 0

    def is_wanted(self) -> bool:
        type(self).asked += 1
        raise OperationalError("lock timeout")

    def look(self, *, now: datetime) -> None:
        raise AssertionError("nobody wants it")


def test_a_lane_that_cannot_say_whether_it_is_wanted_is_not_asked_at_each_tick(settings: Settings) -> None:
    settings.ALERT_EMAILS = []
    settings.COURIER_LANES = {"unaskable": f"{__name__}.UnaskableLane"}
    made = courier.Courier()

    for _ in range(3):
        made.keep_running()
    made.stop()

    assert UnaskableLane.asked == 1


class Rounds:
    """What looking finds, and a receiver of heartbeats."""

    problem = ""

    @classmethod
    def look(cls) -> Readiness:
        return Readiness(at=NOON, findings=(Finding(check="data", problem=cls.problem),))


def test_a_heartbeat_goes_out_after_each_good_round_and_after_no_other(
    httpserver: HTTPServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    stopwatch = [1_000.0]
    monkeypatch.setattr("scheduling.monitoring.heartbeat.time.monotonic", lambda: stopwatch[0])
    monkeypatch.setattr(heartbeat, "readiness", Rounds.look)
    settings.HEARTBEAT_URL = httpserver.url_for("/ping?key=hush")
    httpserver.expect_request("/ping").respond_with_data("OK")
    heart = Heartbeat()

    def beats(after: float, problem: str = "") -> bool:
        stopwatch[0] += after
        monkeypatch.setattr(Rounds, "problem", problem)
        return heart.beat_if_due()

    assert [beats(0), beats(5), beats(30), beats(30, "no workers"), beats(30)] == [
        *(True, False, True),
        *(False, True),
    ]
    assert len(httpserver.log) == 3

    settings.HEARTBEAT_URL = "http://127.0.0.1:1/ping?key=hush"
    assert not beats(30)
    assert not beats(30)
    assert [record.getMessage() for record in caplog.records if "heartbeat" in record.getMessage()] == [
        "The heartbeat is not heard: ConnectionError."
    ]


def test_without_an_address_nothing_beats(settings: Settings) -> None:
    settings.HEARTBEAT_URL = ""

    assert not Heartbeat().beat_if_due()
