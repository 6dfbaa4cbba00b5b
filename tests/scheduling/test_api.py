"""The API: schedules and runs, and acting on them with a token."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from scheduling.api import rate_limit
from scheduling.api.documents import RunList, ScheduleList
from scheduling.api.rate_limit import AddressThrottle
from scheduling.models import JobChange, Run, RunState, RunTrigger
from scheduling.models.tokens import ApiToken, issue_token
from tests.redis_for_tests import free_port
from tests.scheduling.factories import NOON, JobFactory, RunFactory, ScheduleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def no_limit(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no rest after a Redis that was away in another test, or slow on a busy machine."""
    settings.API_RATE_LIMIT = 0
    monkeypatch.setattr(rate_limit, "REDIS_REST", 0.0)
    monkeypatch.setattr(rate_limit, "REDIS_PATIENCE", 10.0)


def token(*scopes: str, name: str = "robot") -> str:
    row = ApiToken(name=name, **{f"may_{scope}": True for scope in scopes})
    return issue_token(row, by="admin", now=NOON).text


def job(name: str = "fetch") -> Any:
    return JobFactory(schedule=ScheduleFactory(name=name), description="Fetches")


def get(client: Client, address: str) -> Any:
    response = client.get(f"/api/v1/{address}")
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def post(client: Client, address: str, text: str | None, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {text}"} if text is not None else {}
    return client.post(f"/api/v1/{address}", body, content_type="application/json", headers=headers)


def test_schedules_are_listed_with_their_last_run(client: Client) -> None:
    fetch = job()
    fetch.paused_at, fetch.pause_note = NOON, "upgrade"
    fetch.save()
    run = RunFactory(
        job=fetch,
        occurrence=NOON,
        state=RunState.FAILED,
        lateness=timedelta(milliseconds=12.34),
        error="Boom at /srv\nTraceback: secrets",
        worker="host-7 1234",
    )

    reply = get(client, "schedules")

    assert ScheduleList.model_validate(reply)
    assert reply["items"] == [
        {
            "name": "fetch",
            "description": "Fetches",
            "cadence": "every 10 s",
            "mode": "test",
            "next_run_at": "2026-11-23T12:00:00Z",
            "paused_at": "2026-11-23T12:00:00Z",
            "pause_note": "upgrade",
            "last_run": {
                "id": run.pk,
                "schedule": "fetch",
                "occurrence": "2026-11-23T12:00:00Z",
                "state": "failed",
                "trigger": "schedule",
                "attempt": 0,
                "started_at": None,
                "finished_at": None,
                "lateness_ms": 12.3,
                "duration_ms": None,
                "missed_before": 0,
                "reason": "Boom at /srv",
            },
        }
    ]
    assert get(client, "schedules/fetch")["schedule"] == reply["items"][0]
    assert get(client, f"runs/{run.pk}")["run"] == reply["items"][0]["last_run"]


def test_runs_are_narrowed_and_paged_newest_first(client: Client) -> None:
    fetch, score = job("fetch"), job("score")
    for number in range(5):
        RunFactory(job=fetch, occurrence=NOON + timedelta(seconds=number), state=RunState.SUCCEEDED)
        RunFactory(job=score, occurrence=NOON + timedelta(seconds=number), state=RunState.FAILED)

    seen: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        reply = get(client, f"runs?limit=3{cursor and '&cursor=' + cursor}")
        assert RunList.model_validate(reply)
        seen += [item["id"] for item in reply["items"]]
        cursor = reply["next_cursor"]

    assert seen == list(Run.objects.order_by("-occurrence", "-pk").values_list("pk", flat=True))
    assert {item["schedule"] for item in get(client, "runs?schedule=score")["items"]} == {"score"}
    states = get(client, "runs?state=skipped&state=succeeded")["items"]
    assert [item["state"] for item in states] == ["succeeded"] * 5


def test_runs_are_csv_when_asked_for(client: Client) -> None:
    RunFactory(job=job(), occurrence=NOON, error="=HYPERLINK(1)")

    [row] = csv.DictReader(io.StringIO(client.get("/api/v1/runs?format=csv").content.decode()))

    assert (row["schedule"], row["reason"]) == ("fetch", "'=HYPERLINK(1)")


def test_an_unchanged_list_is_a_304_and_one_that_changed_is_not(client: Client) -> None:
    run = RunFactory(job=job(), occurrence=NOON, state=RunState.RUNNING)
    etag = client.get("/api/v1/runs").headers["ETag"]

    assert client.get("/api/v1/runs", headers={"If-None-Match": etag}).status_code == 304
    Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED)
    assert client.get("/api/v1/runs", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("jobs", [1, 6])
def test_lists_ask_as_many_questions_for_many_rows_as_for_few(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, jobs: int
) -> None:
    for number in range(jobs):
        RunFactory(job=job(f"job-{number}"))

    # The newest fetch and scoring run of the envelope; the schedules and their last runs.
    with django_assert_num_queries(4):
        get(client, "schedules")
    with django_assert_num_queries(3):
        get(client, "runs")


@pytest.mark.parametrize(
    "address", ["schedules/nobody", "runs/999", "runs/9223372036854775807", "nowhere", "runs/1/x"]
)
def test_what_is_not_there_is_a_404_for_programs_too(client: Client, address: str) -> None:
    response = client.get(f"/api/v1/{address}")

    assert response.status_code == 404
    assert set(response.json()) == {"detail", "code"}


def test_a_method_that_is_not_allowed_is_told_for_programs_too(client: Client) -> None:
    response = client.delete("/api/v1/runs")

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, HEAD"


def test_a_token_triggers_pauses_and_resumes_and_the_journal_names_it(client: Client) -> None:
    fetch = job()
    text = token("trigger", "pause", "resume")

    triggered = post(client, "schedules/fetch/trigger", text)
    paused = post(client, "schedules/fetch/pause", text, {"note": "upgrade"})
    resumed = post(client, "schedules/fetch/resume", text)

    assert (triggered.status_code, triggered.json()["run"]["trigger"]) == (202, "operator")
    run = Run.objects.get(job=fetch)
    assert (run.state, run.trigger) == (RunState.PENDING, RunTrigger.OPERATOR)
    assert (paused.status_code, paused.json()["schedule"]["pause_note"]) == (200, "upgrade")
    assert (resumed.status_code, resumed.json()["schedule"]["paused_at"]) == (200, None)
    changes = JobChange.objects.order_by("pk").values_list("action", "by", "detail")
    assert list(changes) == [
        ("trigger", "token robot", ""),
        ("pause", "token robot", "upgrade"),
        ("resume", "token robot", ""),
    ]


@pytest.mark.parametrize("action", ["trigger", "pause", "resume"])
def test_a_token_does_only_what_its_scopes_name(client: Client, action: str) -> None:
    job()
    text = token(*{"trigger", "pause", "resume"} - {action})

    response = post(client, f"schedules/fetch/{action}", text, {})

    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")
    assert not JobChange.objects.exists()


@pytest.mark.parametrize("text", [None, "", "x", "staking_", "staking_\x00", "ä" * 10])
def test_without_a_right_token_nothing_is_done(client: Client, text: str | None) -> None:
    job()
    token("trigger")

    response = post(client, "schedules/fetch/trigger", text)

    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert not Run.objects.exists()


def test_a_session_of_an_admin_is_no_token(admin_client: Client) -> None:
    job()

    assert post(admin_client, "schedules/fetch/trigger", None).status_code == 401


def test_what_is_refused_and_what_is_unknown_are_told_apart(client: Client) -> None:
    job()
    text = token("resume")

    refused = post(client, "schedules/fetch/resume", text)
    unknown = post(client, "schedules/nobody/resume", text)

    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_schedule")


def test_a_token_is_shown_once_kept_as_a_hash_and_opens_nothing_once_revoked(
    admin_client: Client, client: Client
) -> None:
    job()
    fields = {"name": "deploys", "may_trigger": "on"}

    made = admin_client.post(reverse("admin:scheduling_apitoken_add"), fields, follow=True)

    text = made.content.decode().partition("<code>")[2].partition("</code>")[0]
    row = ApiToken.objects.get()
    assert text.startswith("staking_")
    assert text not in {str(getattr(row, field.name)) for field in ApiToken._meta.fields}
    assert (row.created_by, row.may_trigger, row.may_pause) == ("admin", True, False)
    assert post(client, "schedules/fetch/trigger", text).status_code == 202
    assert text not in admin_client.get(reverse("admin:scheduling_apitoken_changelist")).content.decode()

    selected = {"action": "revoke", "_selected_action": row.pk}
    admin_client.post(reverse("admin:scheduling_apitoken_changelist"), selected)

    assert post(client, "schedules/fetch/trigger", text).status_code == 401


def test_a_user_who_may_only_look_revokes_nothing(client: Client) -> None:
    viewer = User.objects.create_user("viewer", password="x", is_staff=True)
    viewer.user_permissions.add(*Permission.objects.filter(codename="view_apitoken"))
    client.force_login(viewer)
    text = token("trigger")

    selected = {"action": "revoke", "_selected_action": ApiToken.objects.get().pk}
    client.post(reverse("admin:scheduling_apitoken_changelist"), selected)

    assert not ApiToken.objects.exclude(revoked_at=None).exists()
    assert client.get(reverse("admin:scheduling_apitoken_add")).status_code == 403
    assert text


def test_an_address_may_ask_only_so_often_a_minute(client: Client, settings: Settings) -> None:
    settings.API_RATE_LIMIT = 3
    stranger = f"198.51.100.{timezone.now().microsecond % 250}"
    redis.Redis.from_url(settings.REDIS_URL).flushdb()

    statuses = [client.get("/api/v1/runs", REMOTE_ADDR=stranger).status_code for _ in range(5)]
    refused = client.get("/api/v1/cluster", REMOTE_ADDR=stranger)
    other = client.get("/api/v1/runs", REMOTE_ADDR="203.0.113.1")

    # The minute may turn meanwhile, which lets one or two more through.
    assert statuses[:3] == [200] * 3
    assert refused.status_code == 429
    assert refused.json()["code"] == "too_many_requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("https", "forwarded", "remote", "address"),
    [
        (False, "203.0.113.9", "198.51.100.1", "198.51.100.1"),
        (True, "10.0.0.1, 203.0.113.9", "127.0.0.1", "203.0.113.9"),
        (True, "", "198.51.100.1", "198.51.100.1"),
        (False, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (False, "", "", "unknown"),
        (True, "nonsense\r\n", "127.0.0.1", "unknown"),
    ],
)
def test_who_asks_is_who_connects_or_what_our_own_proxy_says(
    rf: Any, settings: Settings, https: bool, forwarded: str, remote: str, address: str
) -> None:
    settings.HTTPS, settings.API_RATE_LIMIT = https, 1
    database = redis.Redis.from_url(settings.REDIS_URL)
    database.flushdb()

    request = rf.get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert AddressThrottle().allow_request(request)

    [key] = database.keys("api:requests:*")
    assert key.decode().removeprefix("api:requests:").rpartition(":")[0] == address


def test_without_redis_nobody_is_refused_and_nobody_waits(client: Client, settings: Settings) -> None:
    settings.API_RATE_LIMIT = 1
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"

    assert [client.get("/api/v1/runs").status_code for _ in range(4)] == [200] * 4


def test_the_documentation_loads_nothing_from_another_host(client: Client) -> None:
    page = client.get("/api/docs")

    assert page.status_code == 200
    assert "//" not in page.content.decode().replace("<!doctype", "")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
