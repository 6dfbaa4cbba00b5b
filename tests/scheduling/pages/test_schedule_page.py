"""The page of a schedule: what it shows, to whom, and in how few queries."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from scheduling.ledger.coming import coming_occurrences
from scheduling.models import Job, Run, RunState, RunTrigger
from scheduling.operations import changing
from scheduling.timing.cadence import Cron
from tests.scheduling.factories import NOON, JobFactory, RunFactory
from tests.scheduling.pages.operations_page import FAR_AWAY, RUNS, page, page_of, staff

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SECRET = "KeyError: 'the password is <b>'"
FAILED_ATTEMPT = {"attempt": 1, "ended_at": "2026-11-23T12:00:01Z", "worker": "web-1/7/9", "error": SECRET}


@pytest.fixture
def failed(job: Job) -> Run:
    made: Run = RunFactory(
        job=job,
        occurrence=NOON,
        state=RunState.FAILED,
        attempt=2,
        error=f"{SECRET}\nTraceback of it",
        failed_attempts=[FAILED_ATTEMPT],
        lateness=timedelta(milliseconds=10),
        worker="web-1/7/9",
    )
    return made


def test_it_tells_what_a_schedule_does_when_and_what_became_of_it(
    operator: Client, job: Job, failed: Run
) -> None:
    Job.objects.filter(pk=job.pk).update(description="Fetches <all>")
    changing.change(job.name, by="eve", now=NOON, cadence=Cron("0 12 * * *", "Europe/Zurich"), start=FAR_AWAY)
    RunFactory(job=job, state=RunState.SUCCEEDED, lateness=timedelta(milliseconds=30))

    content = page(operator, page_of(job))

    for words in (
        "Fetches &lt;all&gt;.",
        "cron 0 12 * * * Europe/Zurich",
        "12:00:00 Europe/Zurich",
        "2100-01-05 11:00:00",
        "set by eve at 2026-11-23T12:00:00Z",
        "skip: an occurrence that finds an earlier run still open is skipped",
        "The last 2 runs: 1 succeeded, 1 failed.",
        "data-countdown>2100-01-01 11:00:00</time>",
        escape(SECRET),
        "Traceback of it",
        "2026-11-23 12:00:01Z",
        'title="web-1/7/9"',
        "Lateness: p50 10 ms, p99 30 ms",
    ):
        assert words in content, words
    assert "Its next run is at" not in content, "once, where its seconds are counted"
    [series] = re.findall(r"data-series>(.*?)</script>", content)
    assert json.loads(series)["late_p99"] == [10, 30]
    # The journal.
    assert re.search(r"<td>eve</td><td>changed</td>", content)


def test_that_a_time_has_passed_and_what_a_pause_is_for_are_told_beside_the_next_runs(
    operator: Client, job: Job
) -> None:
    assert job.schedule is not None
    job.schedule.next_run = NOON
    job.schedule.save()
    assert "Its next run was due at 2026-11-23 12:00:00Z and is not claimed yet." in page(
        operator, page_of(job)
    )

    changing.pause(job.name, by="ada", note="moving", now=NOON, until=FAR_AWAY)
    assert "by ada: moving. It goes on by itself at 2100-01-01" in page(operator, page_of(job))


def test_who_may_not_view_runs_reads_what_strangers_may(job: Job, failed: Run) -> None:
    changing.pause(job.name, by="mallory", note="call the bank", now=NOON)
    Job.objects.filter(pk=job.pk).update(
        parameters={"key": "sesame"}, overrides={"ends_at": {"by": "mallory", "at": "x"}}
    )
    clerk = staff("change_job")

    for address in (page_of(job), RUNS, reverse("scheduling:operations")):
        content = page(clerk, address)
        assert "KeyError (staff see why)" in content
        for hidden in ("password", "Traceback", "web-1", "mallory", "bank", "sesame"):
            assert hidden not in content, (address, hidden)


def test_every_button_on_it_leads_back_to_it(operator: Client, job: Job, failed: Run) -> None:
    content = page(operator, page_of(job))
    asked = re.findall(r'<form method="post" action="(/operations/[^"]+)".*?</form>', content, re.DOTALL)

    assert len(asked) == 5
    for address in asked:
        fields = {"from": "schedule", "cadence": "45s", "what": "all"}
        assert operator.post(address, fields)["Location"] == page_of(job), address


def test_a_pause_may_have_an_end_and_what_is_no_time_is_said(operator: Client, job: Job) -> None:
    address = reverse("scheduling:pause", args=[job.pk])

    refused = operator.post(address, {"until": "soon", "note": "x"}, follow=True).content.decode()
    over = operator.post(address, {"until": "2026-11-23T12:00"}, follow=True).content.decode()
    null = operator.post(address, {"note": "a\x00b"}, follow=True).content.decode()
    assert escape("'soon' is not a time") in refused
    assert "no null characters" in null
    assert "is over already" in over
    operator.post(address, {"until": "2099-01-01T12:00", "note": "x" * 300})

    job.refresh_from_db()
    assert (job.paused_until, len(job.pause_note)) == (datetime(2099, 1, 1, 12, tzinfo=UTC), 300)
    assert "Paused</strong> since" in page(operator, page_of(job))


def test_a_run_asked_for_in_a_pause_or_twice_says_that_it_waits(operator: Client, job: Job) -> None:
    changing.pause(job.name, by="ada", note="", now=NOON)
    address = reverse("scheduling:run_now", args=[job.pk])

    first = operator.post(address, {"from": "schedule"}, follow=True).content.decode()
    second = operator.post(address, {"from": "schedule"}, follow=True).content.decode()

    assert f"{job.name} is paused; the run waits until it is resumed." in first
    assert "was asked for at" in second
    assert Run.objects.count() == 1


def test_what_waits_is_counted_and_cancelled_by_kind(operator: Client, job: Job) -> None:
    for trigger in (RunTrigger.OPERATOR, RunTrigger.BACKFILL, RunTrigger.BACKFILL, RunTrigger.SCHEDULE):
        RunFactory(job=job, state=RunState.PENDING, trigger=trigger)

    assert "Waiting: 4 runs, 1 that somebody asked for, 2 of the past." in page(operator, page_of(job))
    operator.post(reverse("scheduling:cancel_waiting", args=[job.pk]), {"what": "backfill"})
    assert "Waiting: 2 runs, 1 that somebody asked for." in page(operator, page_of(job))


@pytest.mark.parametrize("name", ["a/b", "<script>alert(1)</script>", "live", "ü ?#%41"])
def test_any_name_has_its_page_and_its_live_part(operator: Client, name: str) -> None:
    job = JobFactory(schedule__name=name, schedule__next_run=FAR_AWAY)

    content = page(operator, page_of(job))
    live = re.search(r'hx-get="([^"]+)"', content)

    assert escape(name) in content
    assert "<script>alert" not in content
    assert live is not None
    first = operator.get(live[1])
    assert (first.status_code, b"Policies" in first.content) == (200, True)
    assert operator.get(live[1], headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert f'href="{page_of(job)}"' in page(operator)


def test_a_removed_schedule_keeps_its_page_and_an_unknown_one_has_none(operator: Client, failed: Run) -> None:
    Job.objects.update(schedule=None)

    content = page(operator, page_of(failed.job))

    assert "It has no schedule now" in content
    assert "Run now" not in content
    for nobody in ("nobody", "%00", "..", "a%0Ab"):
        assert operator.get(f"/operations/schedules/{nobody}/").status_code == 404, nobody


def test_it_asks_as_many_questions_for_many_runs_as_for_few(operator: Client, job: Job, failed: Run) -> None:
    with CaptureQueriesContext(connection) as few:
        page(operator, page_of(job))
    for number in range(30):
        RunFactory(job=job, state=RunState.FAILED, failed_attempts=[FAILED_ATTEMPT] * number)
        JobFactory(after=job)
        changing.change(job.name, by="eve", now=NOON, fields={"max_attempts": number + 5})

    with CaptureQueriesContext(connection) as many:
        page(operator, page_of(job))

    assert len(many) == len(few) <= 20


@pytest.mark.parametrize(
    ("state", "first"),
    [
        ({}, NOON),
        ({"paused_at": NOON}, None),
        ({"paused_at": NOON, "paused_until": NOON + timedelta(seconds=125)}, NOON + timedelta(seconds=130)),
        ({"paused_at": NOON, "paused_until": NOON - timedelta(days=1)}, NOON + timedelta(seconds=60)),
        ({"ends_at": NOON - timedelta(seconds=1)}, None),
        ({"every_seconds": None}, None),
    ],
    ids=["runs", "paused", "paused until", "its pause is over", "is over", "broken"],
)
def test_what_is_to_come_lies_behind_a_pause(state: dict[str, Any], first: datetime | None) -> None:
    job = JobFactory(**state)

    coming = coming_occurrences(job, count=2, now=NOON + timedelta(seconds=55))

    assert coming == ([first, first + timedelta(seconds=10)] if first else [])


def test_a_paused_schedule_has_no_next_run_in_the_past_anywhere(operator: Client, job: Job) -> None:
    assert job.schedule is not None
    job.schedule.next_run = datetime(2001, 2, 3, tzinfo=UTC)
    job.schedule.save()
    changing.pause(job.name, by="ada", note="", now=timezone.now())
    admin = staff_of_all()

    for address in (
        reverse("scheduling:operations"),
        page_of(job),
        reverse("admin:django_q_schedule_changelist"),
        reverse("admin:django_q_schedule_change", args=[job.schedule.pk]),
        reverse("api:list_schedules"),
    ):
        assert "2001" not in page(admin, address), address


def staff_of_all() -> Client:
    return staff("change_job", "view_run", "view_schedule", "view_job", name="root")
