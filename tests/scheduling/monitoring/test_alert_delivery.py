"""Telling about alerts: through the queue, by e-mail and by a signed webhook, with retries."""

import hashlib
import hmac
import json
import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from scheduling.clock import database_now
from scheduling.engine.execution import execute_run
from scheduling.engine.recovery import open_runs, release_pending
from scheduling.exceptions import DeliveryError
from scheduling.ledger.selectors import schedule_rows
from scheduling.models import Run, RunState
from scheduling.monitoring.alert_delivery import News, ask_for_delivery
from scheduling.operations import setting_up
from scheduling.operations.retrying import retry
from tests.commands import printed
from tests.scheduling.factories import NOON

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

SECRET = "a long random secret"
NEWS = News(
    event="opened",
    rule="late",
    subject="fetch",
    message="fetch is late\r\nBcc: eve@example.org",
    opened_at=NOON,
)


class Receiver:
    """A program that checks the signature as the documentation says, and answers what it is told to."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("/hook")
        self.answers = [200]
        self.received: list[Any] = []
        server.expect_request("/hook", method="POST").respond_with_handler(self.receive)
        server.expect_request("/elsewhere").respond_with_data("no")

    def receive(self, request: Request) -> Response:
        timestamp = request.headers["X-Staking-Timestamp"]
        expected = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + request.data, hashlib.sha256)
        assert hmac.compare_digest(request.headers["X-Staking-Signature"], f"sha256={expected.hexdigest()}")
        assert abs(int(timestamp) - time.time()) < 60
        self.received.append(json.loads(request.data))
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Response(status=status, headers={"Location": "/elsewhere"} if status in (302, 303) else {})


@pytest.fixture
def receiver(httpserver: HTTPServer, settings: Settings) -> Receiver:
    made = Receiver(httpserver)
    settings.ALERT_WEBHOOK_URL, settings.ALERT_WEBHOOK_SECRET = made.url, SECRET
    return made


def deliver() -> list[str]:
    """As dispatcher and worker do; what each delivery came to."""
    ask_for_delivery([NEWS], now=database_now())
    return [execute_run(run.pk) for run in release_pending(open_runs(), now=database_now())]


def test_a_webhook_is_sent_signed(receiver: Receiver) -> None:
    assert deliver() == ["succeeded"]

    assert receiver.received == [
        {
            "news": [
                {
                    "id": Run.objects.get().parameters["news"][0]["id"],
                    "event": "opened",
                    "rule": "late",
                    "subject": "fetch",
                    "message": NEWS.message,
                    "opened_at": "2026-11-23T12:00:00Z",
                    "closed_at": None,
                }
            ]
        }
    ]


@pytest.mark.parametrize("status", [500, 404, 302, 304, 303, 301])
def test_a_webhook_that_is_not_taken_is_tried_again(receiver: Receiver, status: int) -> None:
    receiver.answers = [status, 204]
    with pytest.raises(DeliveryError, match=f"answered {status}"):
        deliver()

    later = database_now() + timedelta(minutes=1)
    assert [execute_run(run.pk) for run in release_pending(open_runs(), now=later)] == ["succeeded"]

    # What was sent twice is known by its id.
    first, second = (received["news"][0]["id"] for received in receiver.received)
    assert first == second
    assert len(first) == 32
    assert Run.objects.get().attempt == 2


def test_a_webhook_that_cannot_be_reached_is_tried_again_and_its_address_is_not_kept(
    settings: Settings,
) -> None:
    settings.ALERT_WEBHOOK_URL = "http://127.0.0.1:1/hook?key=hush"
    settings.ALERT_WEBHOOK_SECRET = SECRET

    with pytest.raises(DeliveryError, match="could not be reached"):
        deliver()

    run = Run.objects.get()
    assert (run.state, run.attempt) == (RunState.PENDING, 1)
    assert "hush" not in run.error


def test_an_e_mail_goes_to_everybody_named_and_no_message_adds_a_header(settings: Settings) -> None:
    settings.ALERT_EMAILS = ["ops@example.org", "night@example.org"]

    assert deliver() == ["succeeded"]

    [message] = mail.outbox
    assert message.to == ["ops@example.org", "night@example.org"]
    assert message.subject == "[staking] opened: fetch is late Bcc: eve@example.org"
    assert "fetch is late" in message.body
    assert message.bcc == []


def test_each_channel_is_retried_by_itself(settings: Settings, receiver: Receiver) -> None:
    settings.ALERT_EMAILS = ["ops@example.org"]
    receiver.answers = [500]
    ask_for_delivery([NEWS], now=database_now())

    runs = release_pending(open_runs(), now=database_now())
    outcomes = {}
    for run in runs:
        try:
            outcomes[run.job.name] = execute_run(run.pk)
        except DeliveryError:
            outcomes[run.job.name] = "failed"

    assert outcomes == {"alert-email": "succeeded", "alert-webhook": "failed"}
    assert len(mail.outbox) == 1


def test_a_delivery_that_failed_for_good_can_be_asked_for_again(receiver: Receiver) -> None:
    ask_for_delivery([NEWS], now=NOON)
    Run.objects.update(state=RunState.FAILED, attempt=10)

    retry(Run.objects.get().pk, by="ada", now=NOON)

    assert [execute_run(run.pk) for run in release_pending(open_runs(), now=NOON)] == ["succeeded"]


def test_with_nobody_to_be_told_nothing_is_queued() -> None:
    ask_for_delivery([NEWS], now=NOON)

    assert not Run.objects.exists()


def test_deliveries_add_no_schedule(receiver: Receiver, settings: Settings) -> None:
    settings.SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS"]
    setting_up.set_up("test", now=NOON, by="tester")
    names = [row.job.name for row in schedule_rows()]

    deliver()

    assert [row.job.name for row in schedule_rows()] == names


def test_the_test_alert_is_sent_at_once_and_says_what_went_wrong(
    receiver: Receiver, settings: Settings
) -> None:
    settings.ALERT_EMAILS = ["ops@example.org"]

    assert printed("alert", "test") == "told: alert-email, alert-webhook\n"
    assert receiver.received[0]["news"][0]["event"] == "test"
    receiver.answers = [403]
    with pytest.raises(CommandError, match="alert-webhook: DeliveryError: The webhook answered 403"):
        call_command("alert", "test", stdout=StringIO())


def test_a_test_alert_with_nobody_to_be_told_is_wrong_usage() -> None:
    with pytest.raises(CommandError, match="ALERT_EMAILS, ALERT_URLS or ALERT_WEBHOOK_URL") as caught:
        call_command("alert", "test")

    assert caught.value.returncode == 2
