"""The admin's first page says whether all is well."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.brokers import get_broker
from django_q.conf import Conf
from pytest_django.fixtures import Settings

from scheduling.models import Alert, RunState
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = pytest.mark.django_db

INDEX = reverse("admin:index")
FAR_AWAY = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def empty_redis(settings: Settings) -> Iterator[None]:
    settings.READINESS_CHECKS = {}
    broker: Any = get_broker()
    broker.connection.flushdb()
    yield
    broker.connection.close()


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("ada", is_staff=True))
    return client


def alert(rule: str, message: str) -> None:
    Alert.objects.create(rule=rule, message=message, opened_at=NOON, seen_at=NOON, told_at=NOON)


def index(client: Client) -> str:
    response = client.get(INDEX)
    assert response.status_code == 200
    return response.content.decode()


def test_what_is_wrong_is_said_with_a_way_to_the_operations(staff: Client) -> None:
    job = JobFactory(name="fetch-repeatable", schedule__next_run=FAR_AWAY)
    RunFactory.create_batch(3, job=job, state=RunState.PENDING)
    alert("failing", "three in a row <b>")

    content = index(staff)

    assert "No workers are alive" in content
    assert "three in a row &lt;b&gt;" in content
    assert "<dt>Runs pending</dt><dd>3</dd>" in content
    assert "<dt>Waiting in Redis</dt><dd>0</dd>" in content
    assert "<dt>Newest data</dt><dd>none yet</dd>" in content
    assert f'href="{reverse("scheduling:operations")}"' in content
    assert "Everything is as it should be" not in content


def test_without_a_finding_everything_is_fine(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduling.monitoring.status.judge", lambda *args, **kwargs: ())

    assert "Everything is as it should be." in index(staff)


def test_the_age_of_the_newest_data_is_shown(staff: Client, settings: Settings) -> None:
    settings.API_ENVELOPE = "tests.scheduling.admin.test_status.of_noon"

    assert 'datetime="2026-11-20T12:00:00+00:00"' in index(staff)


def of_noon() -> dict[str, Any]:
    return {"as_of": datetime(2026, 11, 20, 12, tzinfo=UTC)}


def test_with_redis_away_it_says_so_and_shows_the_rest(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:1/0")

    content = index(staff)

    assert "Redis does not answer." in content
    assert "<dt>Workers</dt><dd>Redis is away</dd>" in content
    assert "Recent actions" in content


def test_it_asks_as_many_questions_for_much_as_for_little(staff: Client) -> None:
    RunFactory(state=RunState.SUCCEEDED)
    index(staff)
    with CaptureQueriesContext(connection) as few:
        index(staff)
    for number in range(12):
        RunFactory.create_batch(3, job=JobFactory(schedule__next_run=FAR_AWAY), state=RunState.PENDING)
        alert(f"rule {number}", "")

    with CaptureQueriesContext(connection) as many:
        index(staff)

    assert len(many) == len(few) <= 14


def test_the_pages_of_single_apps_go_without(staff: Client) -> None:
    staff.force_login(User.objects.create_superuser("root"))

    response = staff.get(reverse("admin:app_list", args=["scheduling"]))

    assert response.status_code == 200
    assert 'class="status"' not in response.content.decode()
    assert 'class="status"' in index(staff)
