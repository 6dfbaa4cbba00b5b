"""The API: what a token lets its holder do, what is refused, and how tokens are made and revoked."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from scheduling.models import JobChange, Run, RunState, RunTrigger
from scheduling.models.tokens import ApiToken, issue_token
from scheduling.operations import changing
from tests.scheduling.api.jobs import job
from tests.scheduling.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def token(*scopes: str, name: str = "robot") -> str:
    row = ApiToken(name=name, **{f"may_{scope}": True for scope in scopes})
    return issue_token(row, by="admin", now=NOON).text


def post(client: Client, address: str, text: str | None, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {text}"} if text is not None else {}
    return client.post(f"/api/v1/{address}", body, content_type="application/json", headers=headers)


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
    changes = list(JobChange.objects.order_by("pk").values_list("action", "by", "detail"))
    assert [change[:2] for change in changes] == [
        ("trigger", "token robot"),
        ("pause", "token robot"),
        ("resume", "token robot"),
    ]
    assert changes[1][2] == "upgrade"


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_who_names_the_edition_he_saw_is_told_when_it_is_another(client: Client, action: str) -> None:
    fetch = job()
    text = token("pause", "resume")
    seen = client.get("/api/v1/schedules/fetch").json()["schedule"]["edition"]
    changing.change("fetch", by="bob", now=NOON, repeats=9)

    response = post(client, f"schedules/fetch/{action}?edition={seen}", text, {})

    assert (response.status_code, response.json()["code"]) == (409, "changed_meanwhile")
    assert "was changed by somebody else since you looked: changed by bob" in response.json()["detail"]
    fetch.refresh_from_db()
    assert fetch.paused_at is None


@pytest.mark.parametrize("address", ["schedules/fetch/pause", "pause-all"])
def test_a_pause_needs_no_body(client: Client, address: str) -> None:
    fetch = job()

    assert post(client, address, token("pause"), "").status_code == 200

    fetch.refresh_from_db()
    assert fetch.paused_at is not None


@pytest.mark.parametrize("address", ["schedules/fetch/pause", "pause-all"])
def test_a_pause_until_the_past_is_a_wrong_value(client: Client, address: str) -> None:
    job()

    refused = post(client, address, token("pause"), {"until": "2020-01-01T12:00Z"})

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert refused.json()["detail"] == "A pause until 2020-01-01 12:00:00Z is over already."


def test_a_pause_has_an_end_and_all_are_paused_and_resumed_at_once(client: Client) -> None:
    job("fetch"), job("score")
    text = token("pause", "resume")

    one = post(client, "schedules/fetch/pause", text, {"until": "2099-01-01T12:00Z"})
    rest = post(client, "pause-all", text, {"note": "upgrade", "until": "2099-01-02T13:00:00+01:00"})
    listed = client.get("/api/v1/schedules").json()["items"]
    resumed = post(client, "resume-all", text)

    assert (one.status_code, one.json()["schedule"]["paused_until"]) == (200, "2099-01-01T12:00:00Z")
    assert (rest.status_code, rest.json()["names"]) == (200, ["score"])
    assert [row["paused_until"] for row in listed] == ["2099-01-01T12:00:00Z", "2099-01-02T12:00:00Z"]
    assert (resumed.status_code, resumed.json()["names"]) == (200, ["fetch", "score"])


def test_a_pause_that_ends_before_it_begins_or_at_no_time_is_refused(client: Client) -> None:
    job()
    text = token("pause")

    for address in ("schedules/fetch/pause", "pause-all"):
        assert post(client, address, text, {"until": "2001-01-01T12:00Z"}).status_code == 422
        assert post(client, address, text, {"until": "soon"}).status_code == 422
    assert not JobChange.objects.exists()


def test_a_token_for_some_schedules_does_not_act_on_all(client: Client) -> None:
    job()
    row = ApiToken(name="robot", may_pause=True, may_resume=True, schedules="fetch")
    text = issue_token(row, by="admin", now=NOON).text

    for action in ("pause-all", "resume-all"):
        assert post(client, action, text, {}).json()["code"] == "not_its_schedule"
        assert post(client, action, token(name=f"without {action}"), {}).json()["code"] == "missing_scope"
    assert not JobChange.objects.exists()


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

    made = admin_client.post(reverse("admin:scheduling_apitoken_add"), fields)

    assert "no-store" in made.headers["Cache-Control"]
    assert "messages" not in made.cookies
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
