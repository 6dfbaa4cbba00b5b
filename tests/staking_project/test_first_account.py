"""The account that `run` makes is of a trial on one machine, and opens nothing that others reach."""

import signal
import stat
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from staking_project import accounts
from staking_project.checks import nobody_keeps_the_first_password

pytestmark = pytest.mark.django_db

PUBLISHED = [
    {"HTTPS": True},
    {"ALLOWED_HOSTS": ["localhost", "staking.example.org"]},
    {"ALLOWED_HOSTS": ["*"]},
]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, settings: Settings) -> None:
    settings.STATE_DIR = tmp_path
    settings.ALLOWED_HOSTS, settings.HTTPS = ["localhost", "127.0.0.1", "[::1]"], False


def publish(settings: Settings, how: dict[str, object]) -> None:
    for name, value in how.items():
        setattr(settings, name, value)


def test_a_trial_gets_one_with_a_random_password_that_is_shown_once(tmp_path: Path) -> None:
    password = accounts.create_admin()

    assert password
    validate_password(password)
    assert authenticate(username="admin", password=password)
    assert accounts.login_told(password) == f"user admin, password {password} (shown this once)"
    assert accounts.create_admin() is None
    assert "user admin, password as shown when it was created" in accounts.login_told(None)
    kept = tmp_path / "first-password"
    assert password not in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize("how", PUBLISHED)
def test_a_published_site_gets_none(settings: Settings, how: dict[str, object]) -> None:
    publish(settings, how)

    assert accounts.create_admin() is None
    assert not User.objects.exists()
    assert accounts.login_told(None).endswith("manage.py createsuperuser")


@pytest.mark.parametrize("how", PUBLISHED)
def test_one_that_gets_published_is_told_until_the_password_is_another(
    settings: Settings, how: dict[str, object]
) -> None:
    accounts.create_admin()
    assert nobody_keeps_the_first_password(databases=["default"]) == []
    publish(settings, how)

    assert [found.id for found in nobody_keeps_the_first_password(databases=["default"])] == ["staking.W004"]
    heeded = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with pytest.raises(CommandError, match="still has the password that `run` made"):
        call_command("run", skip_checks=True)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == heeded
    user = User.objects.get()
    user.set_password("another and longer one")
    user.save()
    assert nobody_keeps_the_first_password(databases=["default"]) == []
