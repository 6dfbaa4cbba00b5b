"""The API: when a token ends, what it is held to, and who may grant what."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scheduling.models.tokens import ApiToken, Scope, issue_token
from tests.scheduling.api.jobs import job
from tests.scheduling.api.test_tokens import post

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def user(*codenames: str, name: str = "ada") -> User:
    made = User.objects.create_user(name, is_staff=True)
    made.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return made


def token(maker: User | None = None, **more: Any) -> str:
    row = ApiToken(name="robot", may_trigger=True, **more)
    return issue_token(row, by="ada", maker=maker, now=timezone.now()).text


def triggered(client: Client, text: str) -> int:
    return int(post(client, "schedules/fetch/trigger", text).status_code)


@pytest.fixture(autouse=True)
def fetch() -> None:
    job()


def test_it_ends_when_it_was_to_end(client: Client) -> None:
    assert triggered(client, token(expires_at=timezone.now() + timedelta(minutes=5))) == 202
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    ApiToken.objects.update(name="older")

    assert triggered(client, token(expires_at=timezone.now() - timedelta(seconds=1))) == 401


def test_it_ends_with_the_account_of_its_maker(client: Client) -> None:
    maker = user("change_job")
    text = token(maker)
    assert triggered(client, text) == 202

    maker.is_active = False
    maker.save()
    assert triggered(client, text) == 401
    maker.delete()
    assert not ApiToken.objects.exists()


def test_it_does_no_more_than_its_maker_still_may(client: Client) -> None:
    maker = user("change_job")
    text = token(maker)
    maker.user_permissions.clear()

    response = post(client, "schedules/fetch/trigger", text)

    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")


@pytest.mark.parametrize(
    ("names", "status"), [("", 202), ("other\nfetch", 202), (" fetch \n", 202), ("other", 403), ("fet", 403)]
)
def test_it_may_be_held_to_named_schedules(client: Client, names: str, status: int) -> None:
    response = post(client, "schedules/fetch/trigger", token(schedules=names))

    assert response.status_code == status
    assert status == 202 or response.json()["code"] == "not_its_schedule"


def test_its_last_use_is_known_to_the_minute(client: Client) -> None:
    text = token()
    used: list[datetime | None] = []
    for _ in range(2):
        triggered(client, text)
        used.append(ApiToken.objects.get().last_used_at)

    assert used[0] is not None
    assert used[0] == used[1]


def test_nobody_grants_what_he_may_not_do_himself(client: Client) -> None:
    client.force_login(user("add_apitoken"))
    address = reverse("admin:scheduling_apitoken_add")

    fields = [f"may_{scope}" for scope in Scope]
    for field in fields:
        refused = client.post(address, {"name": "robot", field: "on"})
        assert "You may not do that yourself" in refused.content.decode(), field
    client.post(address, {"name": "robot"})

    [made] = ApiToken.objects.all()
    assert not any(getattr(made, field) for field in fields)


def test_an_end_in_the_past_is_refused(admin_client: Client) -> None:
    past = {"name": "robot", "expires_at_0": "2020-01-01", "expires_at_1": "00:00:00"}

    refused = admin_client.post(reverse("admin:scheduling_apitoken_add"), past)

    assert "That is over." in refused.content.decode()
    assert not ApiToken.objects.exists()
