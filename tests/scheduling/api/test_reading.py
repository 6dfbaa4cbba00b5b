"""The API: what it tells of schedules and runs to whoever asks, and that its documentation stands alone."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from scheduling.api.documents import RunList, ScheduleList
from scheduling.models import Run, RunState
from tests.scheduling.api.jobs import job
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def get(client: Client, address: str) -> Any:
    response = client.get(f"/api/v1/{address}")
    assert response.status_code == 200, response.content
    return json.loads(response.content)


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
            "attempts": "3 in 3s",
            "mode": "test",
            "next_run_at": None,
            "paused_at": "2026-11-23T12:00:00Z",
            "paused_until": None,
            "edition": 0,
            "pause_note": None,
            "overrides": None,
            "last_run": {
                "id": run.pk,
                "schedule": "fetch",
                "occurrence": "2026-11-23T12:00:00Z",
                "state": "failed",
                "trigger": "schedule",
                "attempt": 0,
                "failed_attempts": [],
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


def test_the_name_of_no_schedule_is_refused_and_one_that_was_removed_is_known_by_its_runs(
    client: Client,
) -> None:
    job("fetch")
    old = RunFactory(job=JobFactory(name="old", schedule=None), occurrence=NOON)

    refused = client.get("/api/v1/runs?schedule=fetsh")

    detail = "schedule: There is no schedule “fetsh”; did you mean fetch? There are: fetch"
    assert (refused.status_code, refused.json()) == (422, {"detail": detail, "code": "invalid"})
    assert [item["id"] for item in get(client, "runs?schedule=old")["items"]] == [old.pk]
    assert get(client, "runs?schedule=fetch")["items"] == []


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


def test_the_documentation_loads_nothing_from_another_host(client: Client) -> None:
    page = client.get("/api/docs")

    assert page.status_code == 200
    assert "//" not in page.content.decode().replace("<!doctype", "")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
