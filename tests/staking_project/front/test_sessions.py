"""Sessions end when nobody uses them, and leave no rows."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from staking_project.front.sessions import EVERY_SECONDS, prune_sessions

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("ada"))
    return client


def ends_at(staff: Client) -> float:
    return Session.objects.get(pk=staff.cookies["sessionid"].value).expire_date.timestamp()


def test_a_session_in_use_goes_on_and_is_seldom_written(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_first = ends_at(staff)
    staff.get("/admin/")
    assert ends_at(staff) == at_first

    later = time.time() + EVERY_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    response = staff.get("/admin/")

    assert ends_at(staff) > at_first
    assert response.cookies["sessionid"].value


def test_a_visitor_gets_no_session(client: Client) -> None:
    assert not client.get("/").cookies
    assert not Session.objects.exists()


@pytest.mark.parametrize("dry_run", [True, False])
def test_sessions_that_are_over_are_pruned(staff: Client, dry_run: bool) -> None:
    now = timezone.now()
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(seconds=1))

    assert prune_sessions(keep=timedelta(days=99), now=now, dry_run=dry_run) == {"sessions": 1}

    assert Session.objects.filter(session_key="old").exists() == dry_run
    assert Session.objects.count() == 1 + dry_run
