"""Passwords, sessions and what goes with them, as docs/asvs.md says."""

import json
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from tests.staking_project.addresses import addresses

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse ünd €battery"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD, is_staff=True)


def logs_in(password: str, name: str = "ada") -> bool:
    return Client().login(username=name, password=password)


@pytest.mark.parametrize("password", ["elevenchars", "password1234", "ada-lovelace-1"])
def test_a_password_that_is_short_common_or_the_name_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, User(username="ada-lovelace"))


@pytest.mark.parametrize("password", ["a sentence of small letters", "🔥" * 12, "x" * 15 + " " * 60])
def test_any_letters_make_a_password(password: str) -> None:
    validate_password(password, User(username="ada"))


def test_a_password_is_taken_as_it_was_typed(ada: User) -> None:
    assert logs_in(PASSWORD)
    nearly = (PASSWORD.upper(), PASSWORD[:-1], f"{PASSWORD} ", PASSWORD.replace("ü", "u"))
    assert not any(map(logs_in, nearly))


def test_a_password_is_changed_by_who_knows_it(ada: User, client: Client) -> None:
    client.force_login(ada)
    page = client.get(reverse("admin:password_change")).content.decode()
    assert page.count('type="password"') == 3
    assert 'autocomplete="off"' not in page
    new = {"new_password1": "another long sentence", "new_password2": "another long sentence"}

    assert client.post(reverse("admin:password_change"), {"old_password": "guess", **new}).status_code == 200
    assert logs_in(PASSWORD)
    client.post(reverse("admin:password_change"), {"old_password": PASSWORD, **new})
    assert logs_in("another long sentence")


def test_a_session_is_new_with_each_login_and_over_with_logout(ada: User, client: Client) -> None:
    client.force_login(ada)
    first = client.cookies["sessionid"].value
    client.login(username="ada", password=PASSWORD)
    second = client.cookies["sessionid"].value
    assert first != second
    assert len(second) >= 32

    out = client.post(reverse("admin:logout"))

    assert out.headers["Clear-Site-Data"] == '"cache", "storage"'
    for ended in (first, second):
        stranger = Client()
        stranger.cookies["sessionid"] = ended
        assert stranger.get(reverse("admin:index")).status_code == 302


def test_a_session_ends_with_its_account_and_with_its_password(ada: User, client: Client) -> None:
    client.force_login(ada)
    ada.set_password("another long sentence")
    ada.save()
    assert client.get(reverse("admin:index")).status_code == 302

    client.force_login(ada)
    User.objects.update(is_active=False)
    assert client.get(reverse("admin:index")).status_code == 302


def test_texts_say_their_charset(client: Client) -> None:
    # A part is enough: all addresses are walked for the other headers.
    for address in addresses()[::4]:
        kind = client.get(address).headers.get("Content-Type", "")
        # A stream of events is UTF-8 by its definition, and has no such parameter.
        assert "charset" in kind or not kind.startswith("text/") or kind == "text/event-stream", address


@pytest.mark.parametrize(
    "path", ["/.git/config", "/.env", "/static/../manage.py", "/static/%2e%2e/manage.py"]
)
def test_nothing_of_the_code_is_served(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_token_in_an_address_opens_nothing(client: Client, settings: object) -> None:
    for name in ("token", "access_token", "api_key"):
        address = f"/api/v1/schedules/fetch/trigger?{name}=staking_x"
        assert client.post(address).status_code == 401


def test_over_tls_cookies_are_of_this_host_alone() -> None:
    """The settings of another process: they are read once."""
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    wanted = (*names, "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_PATH", "SECURE_HSTS_SECONDS")
    values = f"[getattr(settings, name) for name in {wanted}]"
    said = f"import json; from django.conf import settings; print(json.dumps({values}))"
    environment = {"HTTPS": "1", "SECRET_KEY": "k3y" * 20 + "abcdef", "DATABASE_URL": "sqlite:////nowhere/db"}
    environment["DJANGO_SETTINGS_MODULE"] = "staking_project.settings"
    out = subprocess.run([sys.executable, "-c", said], env=environment, capture_output=True, check=True)

    cookies = ["__Host-sessionid", "__Host-csrftoken", True, True, True, "/"]
    assert json.loads(out.stdout) == [*cookies, 31_536_000]
