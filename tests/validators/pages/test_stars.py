"""The stars of the list: a visitor's in a cookie, those of staff as the rows that alerts are about."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django.fixtures import Settings

from tests.validators.looking import listed, page, words
from tests.validators.rows import fetch, scoring_run, validator
from validators.models import Validator, WatchedValidator
from validators.pages.stars import MOST_STARRED

pytestmark = pytest.mark.django_db

STAR, WATCH = "/watched/star/", "/watched/alerts/"
KEY = "CertusDeBmqN8ZawdkxK5kFGMwBXdudvWHYwtNgNhvLu"


@pytest.fixture(autouse=True)
def three() -> None:
    fetch()
    scoring_run([(validator(number), 90 - number) for number in (1, 2, 3)])


@pytest.fixture
def operator() -> Client:
    user = User.objects.create_user("ada", is_staff=True)
    codes = ("add_watchedvalidator", "delete_watchedvalidator")
    user.user_permissions.add(*Permission.objects.filter(codename__in=codes))
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


def asked(client: Client, content: str, **given: str) -> Any:
    """As the form of a page of ours sends it."""
    form = re.findall(r'<form id="stars" method="post" action="([^"]+)">(.*?)</form>', content)
    assert len(form) == 1
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0][1]))
    return client.post(form[0][0], hidden | given)


def test_a_visitors_stars_are_kept_by_the_browser_and_narrow_the_list() -> None:
    client = Client(enforce_csrf_checks=True)
    content = page(client)
    assert not client.cookies

    answer = asked(client, content, star="vote2")
    asked(client, content, star="vote3")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/#vote2")
    cookie = client.cookies["stars"]
    assert cookie.value == "vote2.vote3"
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert listed(client, "?watched=yes") == ["vote2", "vote3"]
    assert listed(client, "?watched=yes&search=vote3") == ["vote3"]
    api = unescape(re.findall(r'href="([^"]*format=json)"', page(client, "/?watched=yes"))[0])
    assert {one["vote_account"] for one in client.get(api).json()["items"]} == {"vote2", "vote3"}
    assert "vote1" not in page(client, "/selection/?watched=yes")
    assert "Cookie" in client.get("/").headers["Vary"]
    assert not WatchedValidator.objects.exists()


def test_a_star_is_taken_away_and_the_last_takes_the_cookie_along(client: Client) -> None:
    client.cookies["stars"] = "vote2"
    content = page(client, "/validators/vote2/")
    assert 'name="unstar" value="vote2" aria-pressed="true"' in content

    answer = asked(client, content, unstar="vote2")

    assert answer.headers["Location"] == "/validators/vote2/#vote2"
    assert client.cookies["stars"].value == ""
    empty = page(client, "/?watched=yes")
    assert "You watch none yet" in words(empty)
    # Which would be of all.
    assert "as JSON" not in empty
    assert "format=json" not in page(client, "/selection/?watched=yes")


@pytest.mark.parametrize("written", ["", "..", "<b>.vote2.vote2.%00", "vote2." + "x" * 45, "nobody.vote2"])
def test_what_somebody_wrote_into_the_cookie_is_no_more_than_keys(client: Client, written: str) -> None:
    client.cookies["stars"] = written

    assert listed(client, "?watched=yes") == (["vote2"] if "vote2" in written else [])
    assert "<b>" not in page(client)


@pytest.mark.parametrize("given", ["nobody", "", "../x", "x" * 100])
def test_only_a_validator_gets_a_star(client: Client, given: str) -> None:
    assert client.post(STAR, {"star": given}).status_code == (404 if given else 302)
    assert "stars" not in client.cookies or client.cookies["stars"].value == ""


def test_one_star_too_many_is_refused_and_loses_none(client: Client) -> None:
    full = ".".join(f"key{number}" for number in range(MOST_STARRED))
    client.cookies["stars"] = full

    refused = client.post(STAR, {"star": "vote1"})

    assert (refused.status_code, "50 stars at most" in words(refused.content.decode())) == (409, True)
    assert client.cookies["stars"].value == full


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil.example"])
def test_a_page_of_another_site_gives_no_star(client: Client, origin: str) -> None:
    refused = client.post(STAR, {"star": "vote1"}, headers={"Origin": origin})

    assert refused.status_code == 403
    assert not refused.cookies
    assert client.post(STAR, {"star": "vote1"}, headers={"Origin": "http://testserver"}).status_code == 302


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "x" * 9_000]
)
def test_the_way_back_stays_on_the_site(client: Client, place: str) -> None:
    found = client.post(STAR, {"star": "vote1", "next": place}).headers["Location"]

    assert "evil" not in found
    assert "javascript" not in found


def test_over_tls_the_cookie_is_of_this_host_alone(client: Client, settings: Settings) -> None:
    settings.SESSION_COOKIE_SECURE = True

    client.post(STAR, {"star": "vote1"})

    cookie = client.cookies["__Host-stars"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


def test_a_star_of_staff_is_what_alerts_are_about(operator: Client, settings: Settings) -> None:
    Validator.objects.filter(vote_account="vote1").update(vote_account=KEY)
    settings.WATCHED_VALIDATORS = ["vote3"]

    asked(operator, page(operator), star=KEY)

    row = WatchedValidator.objects.get()
    assert (row.vote_account, row.added_by) == (KEY, "ada")
    assert listed(operator, "?watched=yes") == [KEY, "vote3"]
    assert "Watched by the settings" in words(page(operator))
    row.note = "ours"
    row.save()
    asked(operator, page(operator), star=KEY)
    assert WatchedValidator.objects.get().note == "ours"
    refused = asked(operator, page(operator), unstar="vote3")
    assert (
        refused.status_code,
        "WATCHED_VALIDATORS; take it out there" in words(refused.content.decode()),
    ) == (409, True)
    asked(operator, page(operator), unstar=KEY)
    asked(operator, page(operator), unstar=KEY)
    assert not WatchedValidator.objects.exists()


def test_alerts_are_changed_by_a_form_of_ours_and_by_who_may(operator: Client, client: Client) -> None:
    client.force_login(User.objects.create_user("reader", is_staff=True))

    assert operator.post(WATCH, {"star": "vote1"}).status_code == 403
    assert client.post(WATCH, {"star": "vote1"}).status_code == 403
    assert Client().post(WATCH, {"star": "vote1"}).status_code == 403
    assert asked(client, page(client), star="vote1").cookies["stars"].value == "vote1"
    assert not WatchedValidator.objects.exists()
