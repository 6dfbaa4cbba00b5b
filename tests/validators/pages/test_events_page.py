"""What changed, for people and their feed readers."""

from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from tests.validators.happening import Kind, happened
from tests.validators.looking import page, words
from tests.validators.rows import NOON, fetch, validator
from validators.models import Validator
from validators.pages import events_page

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(autouse=True)
def both() -> list[Validator]:
    fetch()
    first, second = validator(1, name="Blue & <b>"), validator(2)
    happened(first, Kind.JOINED, Kind.COMMISSION)
    happened(second, Kind.LEFT)
    return [first, second]


def test_it_is_narrowed_by_kinds_and_validator(client: Client) -> None:
    everything = words(page(client, "/events/"))
    assert everything.index("vote2 It left the cluster.") < everything.index("Blue & <b> Its commission went")
    chosen = page(client, "/events/?kind=left&kind=joined")
    assert "It joined" in chosen
    assert "Its commission went" not in chosen
    assert chosen.count("checked") == 2
    assert "It left the cluster" not in page(client, "/events/?validator=vote1")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("kind=nothing", "not one of the available choices"),
        ("validator=nobody", "No fetch ever saw this vote account."),
        ("validator=a%00", "Null characters are not allowed."),
        ("before=x", "Enter a whole number."),
        ("before=99999999999999999999", "less than or equal to"),
    ],
)
def test_what_makes_no_sense_is_told(client: Client, query: str, said: str) -> None:
    assert said in page(client, f"/events/?{query}")


def test_of_an_unknown_vote_account_nothing_is_said_to_be_left_out(
    client: Client, both: list[Validator]
) -> None:
    content = page(client, "/events/?validator=nobody")

    assert "No changes are shown" in content
    assert "Left out" not in content
    assert "Nothing of this kind" not in content
    assert "/api/v1/events" not in content


def test_the_feed_is_of_the_validator_and_says_that_it_has_all_kinds(
    client: Client, both: list[Validator]
) -> None:
    assert '<a href="/events/events.atom">Feed</a>' in page(client, "/events/")
    of_one = page(client, "/events/?validator=vote1")
    assert '<a href="/validators/vote1/events.atom">Feed</a>' in of_one
    assert (
        '<link rel="alternate" type="application/atom+xml" title="What changed" href="/validators/vote1'
        in of_one
    )
    assert ">Feed of all kinds</a>" in page(client, "/events/?kind=joined")


def test_older_ones_are_a_page_further(client: Client, both: list[Validator], monkeypatch: Any) -> None:
    monkeypatch.setattr(events_page, "EVENTS_PER_PAGE", 2)
    assert 'href="?kind=joined&amp;kind=left&amp;kind=commission&amp;before=2"' in page(
        client, "/events/?kind=joined&kind=left&kind=commission"
    )
    older = page(client, "/events/?before=2")
    assert 'id="event-1"' in older
    assert 'id="event-2"' not in older
    assert "Older" not in older


def test_the_page_of_a_validator_tells_its_newest_and_points_to_its_feed(client: Client) -> None:
    content = page(client, "/validators/vote1/")
    assert content.index('id="event-2"') < content.index('id="event-1"')
    assert 'id="event-3"' not in content
    assert 'type="application/atom+xml" title="What changed" href="/validators/vote1/events.atom"' in content


@pytest.mark.parametrize(
    ("address", "title", "entries"),
    [
        ("/events/events.atom", "Solana validators: what changed", [3, 2, 1]),
        ("/validators/vote1/events.atom", "Blue & <b>: what changed", [2, 1]),
    ],
)
def test_a_feed_tells_the_newest_each_under_an_address_of_its_own(
    client: Client, address: str, title: str, entries: list[int]
) -> None:
    response = client.get(address)
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(response.content)  # noqa: S314 - our own

    assert feed.findtext(f"{ATOM}title") == title
    found = [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")]
    names = {1: "vote1", 2: "vote1", 3: "vote2"}
    assert found == [f"http://testserver/validators/{names[one]}/#event-{one}" for one in entries]
    newest = feed.find(f"{ATOM}entry")
    assert newest is not None
    assert newest.findtext(f"{ATOM}updated") == NOON.isoformat()
    again = client.get(address, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_there_is_no_feed_of_whom_nobody_saw(client: Client) -> None:
    tag = client.get("/events/events.atom").headers["ETag"]

    for headers in ({}, {"If-None-Match": "*"}, {"If-None-Match": tag}):
        assert client.get("/validators/nobody/events.atom", headers=headers).status_code == 404


def test_the_feed_of_one_of_which_nothing_changed_is_as_old_as_our_knowledge_of_it(client: Client) -> None:
    shown = validator(9)

    feed = ElementTree.fromstring(client.get("/validators/vote9/events.atom").content)  # noqa: S314 - our own

    assert feed.findtext(f"{ATOM}updated") == shown.first_seen_at.isoformat()
