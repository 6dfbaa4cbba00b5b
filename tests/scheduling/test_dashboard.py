"""The operations page: what it shows, what its buttons do, and whom it refuses."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from django_q.brokers import get_broker
from django_q.conf import Conf
from pytest_django.fixtures import Settings

from scheduling.models import Job, JobChange, Run, RunState
from scheduling.operations import changing
from scheduling.pages import dashboard as dashboard_module
from scheduling.pages.dashboard import dashboard
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = pytest.mark.django_db

PAGE = reverse("scheduling:operations")
LIVE = reverse("scheduling:live")
FAR_AWAY = datetime(2100, 1, 1, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def empty_redis(settings: Settings) -> Iterator[None]:
    settings.READINESS_CHECKS = {}
    broker: Any = get_broker()
    broker.connection.flushdb()
    yield
    broker.connection.close()


@pytest.fixture
def job() -> Job:
    # Not due while a test runs: how late a job is would change from one look to the next.
    made: Job = JobFactory(schedule__name="fetch-repeatable", schedule__next_run=FAR_AWAY)
    return made


def staff(*codenames: str) -> Client:
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator() -> Client:
    return staff("change_job")


def page(client: Client) -> str:
    response = client.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


def actions(job: Job, run: Run) -> dict[str, dict[str, str]]:
    """Every address that acts, with what its form posts."""
    return {
        reverse("scheduling:run_now", args=[job.pk]): {},
        reverse("scheduling:pause", args=[job.pk]): {"note": "endpoint is moving"},
        reverse("scheduling:resume", args=[job.pk]): {},
        reverse("scheduling:change_cadence", args=[job.pk]): {"cadence": "45s"},
        reverse("scheduling:retry", args=[run.pk]): {},
    }


def test_each_button_does_what_it_says_in_the_name_of_who_pressed_it(operator: Client, job: Job) -> None:
    failed = RunFactory(job=job, state=RunState.FAILED, error="ValueError: no", finished_at=NOON)

    for address, fields in actions(job, failed).items():
        response = operator.post(address, fields)
        assert (response.status_code, response["Location"]) == (302, PAGE), address

    content = page(operator)
    for message in ("runs as soon as", "is paused.", "goes on.", "a new cadence", "The run begins anew"):
        assert message in content
    changes = JobChange.objects.order_by("pk").values_list("by", "action")
    assert list(changes) == [("ada", action) for action in ("trigger", "pause", "resume", "set", "retry")]
    assert str(Job.objects.get(pk=job.pk).cadence) == "every 45 s"


@pytest.mark.parametrize(
    ("typed", "cadence"),
    [("6h", "every 6 h"), ("90", "every 90 s"), ("0 */6 * * *", "cron 0 */6 * * *")],
)
def test_a_cadence_is_typed_as_an_interval_or_a_cron(
    operator: Client, job: Job, typed: str, cadence: str
) -> None:
    operator.post(reverse("scheduling:change_cadence", args=[job.pk]), {"cadence": typed})

    assert str(Job.objects.select_related("schedule").get(pk=job.pk).cadence) == cadence


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("often", "is not a duration"),
        ("0s", "one second is the shortest"),
        ("0 0 30 2 *", "is not valid"),
        ("", "not a duration"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    operator: Client, job: Job, typed: str, message: str
) -> None:
    response = operator.post(
        reverse("scheduling:change_cadence", args=[job.pk]), {"cadence": typed}, follow=True
    )

    assert escape(message) in response.content.decode()
    assert not JobChange.objects.exists()


def test_a_chained_job_keeps_following(operator: Client, job: Job) -> None:
    follower = JobFactory(schedule__next_run=None, after=job)

    assert reverse("scheduling:change_cadence", args=[follower.pk]) not in page(operator)
    operator.post(reverse("scheduling:change_cadence", args=[follower.pk]), {"cadence": "45s"})

    assert Job.objects.get(pk=follower.pk).after == job
    assert "after each success of fetch-repeatable" in page(operator)


def test_who_may_not_operate_sees_no_buttons_and_is_refused(job: Job) -> None:
    viewer = staff()
    failed = RunFactory(job=job, state=RunState.FAILED, error="ValueError: no", finished_at=NOON)

    assert "ValueError: no" in page(viewer)
    assert "Run now" not in page(viewer)
    assert "Retry" not in page(viewer)
    for address, fields in actions(job, failed).items():
        assert viewer.post(address, fields).status_code == 403, address
    assert not JobChange.objects.exists()


def test_strangers_are_sent_to_the_login_and_can_do_nothing(client: Client, job: Job) -> None:
    failed = RunFactory(job=job, state=RunState.FAILED)
    customer = Client()
    customer.force_login(User.objects.create_user("eve"))

    for stranger in (client, customer):
        assert stranger.get(PAGE)["Location"] == f"{reverse('admin:login')}?next={PAGE}"
        live = stranger.get(LIVE)
        assert (live.status_code, live["HX-Refresh"], live.content) == (401, "true", b"")
        for address, fields in actions(job, failed).items():
            assert stranger.post(address, fields).status_code == 403
    assert not JobChange.objects.exists()


def test_acting_needs_a_post_with_its_token(job: Job) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("ada"))
    address = reverse("scheduling:run_now", args=[job.pk])

    assert client.get(address).status_code == 405
    assert client.post(address).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page(client))
    assert token is not None
    assert client.post(address, {"csrfmiddlewaretoken": token[1]}).status_code == 302


def test_an_unchanged_page_costs_a_304_and_a_changed_one_is_sent(operator: Client, job: Job) -> None:
    first = operator.get(LIVE)
    again = operator.get(LIVE, headers={"If-None-Match": first["ETag"]})
    RunFactory(job=job, state=RunState.SUCCEEDED)
    changed = operator.get(LIVE, headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, again.status_code, changed.status_code) == (200, 304, 200)
    assert again.content == b""
    assert changed["ETag"] != first["ETag"]
    assert "private" in first["Cache-Control"]
    assert f"data-etag='{changed['ETag']}'" in page(operator)


def test_a_schedule_shows_its_next_run_its_outcomes_and_its_percentiles(operator: Client, job: Job) -> None:
    for state, late in ((RunState.SUCCEEDED, 10), (RunState.FAILED, 30), (RunState.SKIPPED, None)):
        lateness = timedelta(milliseconds=late) if late else None
        RunFactory(job=job, state=state, lateness=lateness, duration=lateness, finished_at=NOON)

    content = page(operator)

    assert f'<time datetime="{FAR_AWAY:%Y-%m-%dT%H:%M:%S}+00:00" data-countdown>' in content
    assert "Newest runs: 1 succeeded, 1 failed, 1 skipped" in content
    assert "Lateness: p50 10 ms, p99 30 ms" in content
    [series] = re.findall(r"data-series>(.*?)</script>", content)
    assert json.loads(series)["late_p99"] == [10, 30]


def test_a_pause_shows_since_when_and_why(operator: Client, job: Job) -> None:
    changing.pause(job.name, by="ada", note=SCRIPT, now=NOON)

    content = page(operator)

    assert "<strong>paused</strong> since 2026-11-23 12:00:00" in content
    assert escape(SCRIPT) in content
    assert SCRIPT not in content


def test_what_others_wrote_is_never_a_script(operator: Client) -> None:
    hostile = JobFactory(schedule__name=SCRIPT)
    RunFactory(job=hostile, state=RunState.FAILED, error=f"{SCRIPT}\n{SCRIPT}", finished_at=NOON)
    JobFactory(after=hostile)

    assert SCRIPT not in page(operator)


def test_errors_are_those_that_wait_for_another_attempt_and_the_newest_failures(
    operator: Client, job: Job
) -> None:
    for number in range(10):
        RunFactory(
            job=job,
            state=RunState.FAILED,
            error=f"failure {number}",
            not_before=NOON + timedelta(seconds=number),
        )
    RunFactory(job=job, state=RunState.PENDING, attempt=1, error="it will be tried again")
    RunFactory(job=job, state=RunState.PENDING, error="waits for the run before")

    reasons = [error.reason for error in dashboard(now=NOON).errors]

    assert reasons == ["it will be tried again", *(f"failure {number}" for number in range(9, 2, -1))]
    assert page(operator).count(">Retry<") == 7


def test_with_redis_away_the_page_says_so(
    operator: Client, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:1/0")

    content = page(operator)

    assert "Redis does not answer." in content
    assert "Redis is away" in content


def test_the_page_asks_as_many_questions_for_many_schedules_and_runs_as_for_few(
    operator: Client, job: Job
) -> None:
    RunFactory(job=job, state=RunState.SUCCEEDED)
    with CaptureQueriesContext(connection) as few:
        operator.get(LIVE)
    for _ in range(12):
        RunFactory.create_batch(5, job=JobFactory(), state=RunState.SUCCEEDED, lateness=timedelta(0))

    with CaptureQueriesContext(connection) as many:
        operator.get(LIVE)

    assert len(many) == len(few) <= 17


def test_only_the_newest_runs_of_each_job_are_read(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard_module, "POINTS", 4)
    monkeypatch.setattr(dashboard_module, "WINDOW", 2)
    other = JobFactory()
    for number in range(30):
        RunFactory(
            job=job,
            state=RunState.SUCCEEDED,
            lateness=timedelta(milliseconds=number),
            occurrence=NOON + number * timedelta(seconds=1),
        )
    RunFactory(job=other, state=RunState.SUCCEEDED, occurrence=NOON - timedelta(days=9))

    [first, second] = sorted(dashboard(now=NOON).schedules, key=lambda card: card.job_id)

    assert len(first.strip) == 6
    assert first.series.late_p50 == [25, 26, 27, 28]
    assert first.series.late_p99 == [26, 27, 28, 29]
    assert len(second.strip) == 1


def test_more_schedules_than_a_page_holds_are_counted(
    operator: Client, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard_module, "MOST_SCHEDULES", 2)
    JobFactory.create_batch(4)

    seen = dashboard(now=NOON)

    assert (len(seen.schedules), seen.more_schedules) == (2, 3)
    assert "3 more are in the" in page(operator)


def test_nothing_is_loaded_from_another_host(operator: Client, job: Job) -> None:
    addresses = re.findall(r'(?:src|href|action|hx-get)="([^"]+)"', page(operator))

    assert addresses
    assert {address for address in addresses if not address.startswith(("/", "#", "data:,"))} == set()
