"""The operations page: what it shows of schedules and their runs, how safely, and in how few queries."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape
from django_q.conf import Conf
from pytest_django.fixtures import Settings

from scheduling.models import Alert, Job, RunState
from scheduling.monitoring.panels import Panel
from scheduling.operations import changing
from scheduling.pages import dashboard as dashboard_module
from scheduling.pages.dashboard import dashboard
from tests.scheduling.factories import NOON, JobFactory, RunFactory
from tests.scheduling.pages.operations_page import FAR_AWAY, LIVE, PAGE, RUNS, page, page_of, staff

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"


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


def test_a_schedule_shows_its_next_run_and_its_outcomes(operator: Client, job: Job) -> None:
    for state, late in ((RunState.SUCCEEDED, 10), (RunState.FAILED, 30), (RunState.SKIPPED, None)):
        lateness = timedelta(milliseconds=late) if late else None
        RunFactory(job=job, state=state, lateness=lateness, duration=lateness, finished_at=NOON)

    content = page(operator)

    assert f'<time datetime="{FAR_AWAY:%Y-%m-%dT%H:%M:%S}+00:00" data-countdown>' in content
    assert "Newest runs: 1 succeeded, 1 failed, 1 skipped" in content
    assert f'href="{page_of(job)}"' in content


def test_a_pause_shows_since_when_and_why(operator: Client, job: Job) -> None:
    changing.pause(job.name, by="ada", note=SCRIPT, now=NOON)

    content = page(operator)

    since = '<time datetime="2026-11-23T12:00:00+00:00">2026-11-23 12:00:00</time>'
    assert f"<strong>paused</strong> since {since}" in content
    assert escape(SCRIPT) in content
    assert SCRIPT not in content
    # The next run that its row still says is none.
    assert f"{FAR_AWAY:%Y-%m-%d}" not in content


def test_who_may_not_read_why_sees_no_errors_notes_or_endpoints(
    admin_client: Client, job: Job, settings: Settings
) -> None:
    settings.MONITOR_PANELS = [f"{__name__}.telling_panel"]
    RunFactory(job=job, state=RunState.FAILED, error="KeyError: 'secret'", finished_at=NOON)
    changing.pause(job.name, by="ada", note="secret", now=NOON)
    viewer = staff("view_job")

    assert page(admin_client).count("secret") >= 3
    for address in (PAGE, LIVE):
        content = viewer.get(address).content.decode()
        assert "secret" not in content
        assert "staff see why" in content


def telling_panel() -> Panel:
    return Panel(title="endpoints", columns=("endpoint",), rows=[("secret.example.org",)])


def test_the_worst_alerts_come_first_and_whole_and_the_others_are_counted(operator: Client) -> None:
    for rule, subject in [
        ("silent", "a"),
        ("silent", "b"),
        ("late", "c"),
        ("failing", "d"),
        ("failing", "e"),
    ]:
        times = {"opened_at": NOON, "seen_at": NOON, "told_at": NOON}
        Alert.objects.create(rule=rule, subject=subject, message=f"{subject} is bad.", **times)

    content = page(operator)

    whole, rest = content.split('<details id="more-alerts">')
    assert re.findall(r"(\w) is bad", whole) == ["d", "e", "c"]
    assert "<summary>2 more open alerts</summary>" in rest
    assert re.findall(r"(\w) is bad", rest) == ["a", "b"]


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
    operator: Client, job: Job, settings: Settings
) -> None:
    # What is declared has its schedule, mostly; else one question more asks whether somebody removed it.
    settings.SCHEDULED_JOBS = []
    JobFactory(name="cleanup-repeatable")
    RunFactory(job=job, state=RunState.SUCCEEDED)
    with CaptureQueriesContext(connection) as few:
        operator.get(LIVE)
    for _ in range(12):
        RunFactory.create_batch(5, job=JobFactory(), state=RunState.SUCCEEDED, lateness=timedelta(0))

    with CaptureQueriesContext(connection) as many:
        operator.get(LIVE)

    assert len(many) == len(few) <= 17


def test_only_the_newest_runs_of_each_job_are_read(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard_module, "STRIP_LENGTH", 6)
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

    assert [outcome.late for outcome in first.strip] == [24, 25, 26, 27, 28, 29]
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
    shown = page(operator) + page(operator, page_of(job)) + page(operator, RUNS)
    addresses = re.findall(r'(?:src|href|action|hx-get)="([^"]+)"', shown)

    assert addresses
    assert {address for address in addresses if not address.startswith(("/", "#", "data:,"))} == set()
