"""Alerts to chats and pagers: by apprise, to a real receiver, in time, and their addresses stay with us."""

import json
import logging
import time
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer

from scheduling import telling
from scheduling.checks import alerts_can_be_told
from scheduling.clock import database_now
from scheduling.engine.courier import deliver_due
from scheduling.exceptions import DeliveryError
from scheduling.models import Run, RunState
from scheduling.monitoring.alert_delivery import News, ask_for_delivery, channels
from scheduling.telling import tell
from scheduling.wording import pip_install
from staking_project.environment import given_addresses
from tests.scheduling.factories import NOON
from tests.validators.endpoints import bare_endpoint, never_answers

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "s3cr3tk3y"
NEWS = News(event="opened", rule="late", subject="fetch", message="fetch is late", opened_at=NOON)


@pytest.fixture
def chat(httpserver: HTTPServer, settings: Settings) -> str:
    address = f"{httpserver.url_for(f'/{KEY}').replace('http', 'json')}"
    settings.ALERT_URLS = [address]
    return address


@pytest.mark.parametrize(("status", "state"), [(200, RunState.SUCCEEDED), (500, RunState.PENDING)])
def test_news_are_delivered_by_the_courier_and_tried_again_when_they_are_not_taken(
    chat: str, httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, status: int, state: RunState
) -> None:
    httpserver.expect_request(f"/{KEY}", method="POST").respond_with_data("", status=status)
    ask_for_delivery([NEWS], now=database_now())

    with caplog.at_level(logging.DEBUG):
        deliver_due(now=database_now())

    run = Run.objects.select_related("job").get()
    assert (run.state, run.job.name) == (state, channels()[0])
    assert run.job.name.startswith("alert-json-")
    (request, _), *_ = httpserver.log
    assert json.loads(request.data)["title"] == "[staking] opened: fetch is late"
    logged = [record.getMessage() for record in caplog.records]
    shown = f"{run.error} {run.result} {run.job.name} {run.job.description} {run.parameters} {logged}"
    assert KEY not in shown
    if status == 500:
        assert "DeliveryError: json: it could not be reached, or did not take it." in run.error


def test_news_that_are_too_long_for_a_chat_arrive_once_as_far_as_it_takes_them(
    httpserver: HTTPServer, settings: Settings
) -> None:
    """A Mattermost is given 4,000 characters, as a Telegram about, a Discord half of that."""
    httpserver.expect_request(f"/hooks/{KEY}", method="POST").respond_with_data("ok")
    settings.ALERT_URLS = [f"{httpserver.url_for('/').replace('http', 'mmost')}{KEY}"]
    ask_for_delivery([replace(NEWS, subject=f"job-{number}") for number in range(100)], now=database_now())

    deliver_due(now=database_now())

    assert Run.objects.get().state == RunState.SUCCEEDED
    [(request, _)] = httpserver.log
    text = json.loads(request.data)["text"]
    assert "[staking] opened: fetch is late (and 99 more)" in text
    assert "late: job-0\n" in text
    assert len(text) <= 4_000


def test_one_that_never_answers_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "PATIENCE", 1.0)
    with bare_endpoint(never_answers) as url:
        began = time.monotonic()
        with pytest.raises(DeliveryError, match=r"^json: no whole answer in 1 s\.$"):
            tell(url.replace("http", "json"), title="t", body="b", is_over=False)

    assert time.monotonic() - began < 5


def test_an_address_that_apprise_does_not_know_is_said_by_the_test_and_not_repeated(
    settings: Settings,
) -> None:
    settings.ALERT_URLS = [f"nonsense://{KEY}"]

    with pytest.raises(CommandError, match="nonsense: apprise does not understand this address") as refused:
        call_command("alert", "test")

    assert KEY not in str(refused.value)


def test_without_apprise_the_check_says_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALERT_URLS = [f"slack://{KEY}", f"#{KEY}"]
    monkeypatch.setattr("scheduling.checks.is_installed", lambda: False)

    nowhere, missing = alerts_can_be_told()

    assert nowhere.msg == "ALERT_URLS: address 2 is none that apprise knows."
    assert missing.hint == pip_install("-r requirements-alerts.txt")


def test_the_check_asks_apprise_for_the_kinds_that_it_knows(settings: Settings) -> None:
    settings.ALERT_URLS = ["json://127.0.0.1/", f"foo://{KEY}"]

    assert [found.msg for found in alerts_can_be_told()] == [
        "ALERT_URLS: address 2 is none that apprise knows."
    ]


def test_a_chat_that_was_taken_out_of_the_settings_is_told_no_more(chat: str, settings: Settings) -> None:
    ask_for_delivery([NEWS], now=database_now())
    settings.ALERT_URLS = []

    deliver_due(now=database_now())

    assert Run.objects.get().state == RunState.SKIPPED


def test_the_proxy_of_the_settings_is_the_only_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://else.where")
    settings.OUTGOING_PROXY = "http://proxy.internal:3128"

    given = telling._environment()

    assert (given["https_proxy"], given.get("HTTPS_PROXY")) == ("http://proxy.internal:3128", None)


def test_addresses_are_told_apart_at_white_space_and_commas() -> None:
    given = "slack://a/b/c, tgram://token/1,2\n json://host/?to=x,y discord://i/t slack://a/b/c"

    assert given_addresses(given) == [
        "slack://a/b/c",
        "tgram://token/1,2",
        "json://host/?to=x,y",
        "discord://i/t",
    ]
