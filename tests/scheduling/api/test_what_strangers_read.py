"""The API: what strangers may read of runs, and what is for staff and for tokens that read."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from scheduling.ledger.public import public_reason
from scheduling.models import Job, Run, RunState, RunTrigger
from scheduling.models.tokens import ApiToken, issue_token
from tests.scheduling.api.jobs import job
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MAIL = "SMTPRecipientsRefused: {'ada@example.org': (550, b'relay 10.1.2.3 says no')}"
ADDRESSES = ("/api/v1/runs", "/api/v1/runs?format=csv", "/api/v1/schedules", "/api/v1/schedules/fetch")
HIDDEN = ("ada", "10.1.2.3", "call the bank", "relay")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("", ""),
        (f"{MAIL}\n\nTraceback …", "SMTPRecipientsRefused (staff see why)"),
        ("KeyError: 'secret'", "KeyError (staff see why)"),
        ("psycopg.OperationalError: host 10.1.2.3", "psycopg.OperationalError (staff see why)"),
        ("AssertionError", "AssertionError (staff see why)"),
        ("TimedOutError: mine getSlot: no answer", "TimedOutError: mine getSlot: no answer"),
        ("DeliveryError: The webhook answered 500.", "DeliveryError: The webhook answered 500."),
        ("RefusedError: ada holds it", "RefusedError (staff see why)"),
        ("worker lost 3 times", "worker lost 3 times"),
        ("missed by 20 s while nothing ran", "missed by 20 s while nothing ran"),
        *[("missed by 9 s, as no dispatcher claimed it in time",) * 2],
        ("cancelled by ada", "cancelled by staff"),
        (f"retried by ada after: {MAIL}", "retried by staff after: SMTPRecipientsRefused (staff see why)"),
        (
            "the run of 2026-11-23 12:00:00Z took over after attempt 2: KeyError: 'secret'",
            "the run of 2026-11-23 12:00:00Z took over after attempt 2: KeyError (staff see why)",
        ),
        (
            "retried by a after: retried by b after: ValueError: x",
            "retried by staff after: ValueError (staff see why)",
        ),
    ],
)
def test_only_what_is_ours_is_for_anybody(error: str, told: str) -> None:
    assert public_reason(error) == told


@pytest.fixture(autouse=True)
def history() -> None:
    fetch = job()
    Job.objects.filter(pk=fetch.pk).update(paused_at=NOON, pause_note="call the bank")
    failed = [{"attempt": 1, "ended_at": "2026-11-23T12:00:00Z", "worker": "w", "error": MAIL}]
    RunFactory(job=fetch, occurrence=NOON, state=RunState.FAILED, error=MAIL, failed_attempts=failed)
    deliveries = JobFactory(name="alert-email", schedule=None)
    told = {"trigger": RunTrigger.ALERT, "state": RunState.FAILED, "error": MAIL}
    RunFactory(job=deliveries, occurrence=NOON, **told)


def read(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    assert {"Authorization", "Cookie"} <= {word.strip() for word in response.headers["Vary"].split(",")}
    return response.content.decode()


def token(**more: Any) -> dict[str, str]:
    row = ApiToken(name="robot", **more)
    return {"Authorization": f"Bearer {issue_token(row, by='ada', now=timezone.now()).text}"}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_stranger_reads_no_names_notes_or_what_others_said(client: Client, address: str) -> None:
    for headers in ({}, token(may_trigger=True), {"Authorization": "Bearer staking_guess"}):
        said = read(client, address, **headers)
        assert [word for word in HIDDEN if word in said] == []
        assert "alert" not in said


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_token_that_reads_and_staff_read_all_of_it(client: Client, address: str) -> None:
    with_token = read(client, address, **token(may_read=True))
    staff = User.objects.create_user("eve", is_staff=True)
    staff.user_permissions.add(*Permission.objects.filter(codename="view_run"))
    client.force_login(staff)

    for said in (with_token, read(client, address)):
        assert "10.1.2.3" in said
        assert "call the bank" in said or "/runs" in address


def test_staff_without_the_right_read_as_strangers(client: Client) -> None:
    client.force_login(User.objects.create_user("eve", is_staff=True))

    assert "10.1.2.3" not in read(client, "/api/v1/runs")


def test_by_which_channels_alerts_go_is_not_guessed_by_names(client: Client) -> None:
    guessed = client.get("/api/v1/runs?schedule=alert-email")

    assert guessed.status_code == 422
    detail = "schedule: There is no schedule “alert-email”. There are: fetch"
    assert guessed.json() == {"detail": detail, "code": "invalid"}
    assert "10.1.2.3" in read(client, "/api/v1/runs?schedule=alert-email", **token(may_read=True))


def test_the_run_of_a_delivery_is_not_there_for_strangers(client: Client) -> None:
    made = Run.objects.get(trigger=RunTrigger.ALERT)

    assert client.get(f"/api/v1/runs/{made.pk}").status_code == 404
    assert client.get(f"/api/v1/runs/{made.pk}", headers=token(may_read=True)).status_code == 200
