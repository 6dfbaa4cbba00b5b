"""What changed, in one request: since a cursor or a time, of some validators and kinds."""

import csv
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.validators.asking import get
from tests.validators.happening import happened
from tests.validators.rows import NOON, fetch, validator
from validators.models import EventTally, Validator
from validators.monitoring.retention import prune_events
from validators.services.events import Kind

pytestmark = [pytest.mark.django_db, pytest.mark.database]

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def both() -> list[Validator]:
    """Events 1 and 2 of yesterday, 3 to 5 of today."""
    fetch()
    first, second = validator(1, name="=Blue"), validator(2)
    happened(first, Kind.JOINED, Kind.COMMISSION, at=NOON - DAY)
    happened(second, Kind.LEFT, Kind.VERSION)
    happened(first, Kind.COMMISSION_CONFIRMED)
    return [first, second]


def numbers(client: Client, query: str = "") -> list[int]:
    return [one["id"] for one in get(client, f"events?{query}")["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("since=0", [1, 2, 3, 4, 5]),
        ("since=3", [4, 5]),
        ("since=5", []),
        ("since=2026-11-23", [3, 4, 5]),
        ("since=2026-11-23T12:00Z", [3, 4, 5]),
        ("since=2026-11-23T12:00:00.001", []),
        ("since=2026-11-22T14:00%2B02:00", [1, 2, 3, 4, 5]),
        ("since=2026-11-23T14:00+02:00", [3, 4, 5]),
        ("since=2030-01-01", []),
        ("kind=left,version", [3, 4]),
        ("kind=left&kind=commission", [2, 3]),
        ("vote_account=vote2&since=3", [4]),
        ("vote_account=vote1,vote2&kind=commission_confirmed", [5]),
    ],
)
def test_it_begins_where_it_is_asked_to_and_narrows(client: Client, query: str, found: list[int]) -> None:
    assert numbers(client, query) == found


def test_one_event_says_all_of_it(client: Client) -> None:
    reply = get(client, "events?since=1&limit=1")

    assert (reply["epoch"], reply["cursor"], reply["more"]) == (990, "2", True)
    assert reply["items"] == [
        {
            "id": 2,
            "cursor": "2",
            "at": "2026-11-22T12:00:00Z",
            "epoch": 990,
            "kind": "commission",
            "vote_account": "vote1",
            "identity": "node1",
            "name": "=Blue",
            "facts": {"from": 0.05, "to": 0.1, "confirmed": False},
            "sentence": "Its commission went from 5 % to 10 %: seen by one look so far.",
        }
    ]


def test_going_on_from_each_cursor_sees_everything_once(client: Client, both: list[Validator]) -> None:
    seen, cursor, more = [], "0", True
    while more:
        reply = get(client, f"events?limit=2&since={cursor}")
        seen += [one["id"] for one in reply["items"]]
        cursor, more = reply["cursor"], reply["more"]
    assert seen == [1, 2, 3, 4, 5]

    # Also where what is asked for was not among what happened.
    reply = get(client, "events?kind=bad_epoch")
    assert (reply["items"], reply["cursor"], reply["more"]) == ([], "5", False)
    happened(both[0], Kind.BAD_EPOCH)
    assert numbers(client, "kind=bad_epoch&since=5") == [6]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("kind=comission", 422, "did you mean commission?"),
        ("since=yesterday", 422, "neither a cursor nor a time"),
        ("since=9999999999999999999", 422, "neither a cursor nor a time"),
        ("since=0001-01-01T00:00%2B14:00", 422, "neither a cursor nor a time"),
        ("since=6", 410, "The newest event is 5"),
        ("vote_account=a%00", 422, "vote_account"),
        ("vote_account=" + ",".join([f"a{n}" for n in range(201)]), 422, "200"),
    ],
)
@pytest.mark.parametrize("address", ["events", "events/stream"])
def test_what_makes_no_sense_is_refused_by_name(
    client: Client, address: str, query: str, status: int, said: str
) -> None:
    response = client.get(f"/api/v1/{address}?{query}")
    assert (response.status_code, said in response.json()["detail"]) == (status, True), response.json()


@pytest.mark.parametrize(
    ("asked", "found", "unknown"),
    [
        ("vote2", [3, 4], []),
        ("foo,vote2,bar", [3, 4], ["foo", "bar"]),
        ("foo", [], ["foo"]),
    ],
)
def test_who_was_never_seen_is_named_beside_what_happened_to_the_others(
    client: Client, asked: str, found: list[int], unknown: list[str]
) -> None:
    reply = get(client, f"events?vote_account={asked}")

    assert ([one["id"] for one in reply["items"]], reply["unknown"]) == (found, unknown)
    assert (reply["cursor"], reply["more"]) == ("5", False)
    assert get(client, f"validators?vote_account={asked}")["unknown"] == unknown


def test_a_stream_of_who_was_never_seen_is_refused(client: Client) -> None:
    response = client.get("/api/v1/events/stream?vote_account=vote1,nobody")

    assert (response.status_code, response.json()["code"]) == (404, "unknown_validator")
    assert response.json()["detail"] == "No fetch ever saw the vote account nobody."


def test_what_was_deleted_by_age_is_no_silence(client: Client, settings: Any) -> None:
    settings.EVENTS_KEPT_DAYS = 1
    later = NOON + timedelta(hours=1)
    assert prune_events(keep=DAY, now=later, dry_run=True) == {"events": 2}
    assert numbers(client) == [1, 2, 3, 4, 5]
    assert prune_events(keep=DAY, now=later, dry_run=False) == {"events": 2}
    assert prune_events(keep=DAY, now=later, dry_run=False) == {"events": 0}

    for query in ("", "since=2", "since=2026-11-22T13:00Z"):
        assert numbers(client, query) == [3, 4, 5]
    for since in ("0", "1", "2026-11-22T12:00Z", "2020-01-01"):
        response = client.get(f"/api/v1/events?since={since}")
        assert (response.status_code, response.json()["code"]) == (410, "expired_cursor")
        assert "since=2 begins" in response.json()["detail"]


def test_a_clock_that_went_wrong_takes_no_later_events_with_it(both: list[Validator], settings: Any) -> None:
    settings.EVENTS_KEPT_DAYS = 1
    happened(both[0], Kind.LEFT, at=NOON - 9_000 * DAY)

    assert prune_events(keep=DAY, now=NOON, dry_run=False) == {"events": 0}
    assert prune_events(keep=DAY, now=NOON + 2 * DAY, dry_run=False) == {"events": 6}
    tally = EventTally.objects.get()
    assert (tally.newest, tally.forgotten) == (6, 6)


def test_an_unchanged_answer_costs_nothing_and_a_new_event_makes_another(
    client: Client, both: list[Validator], django_assert_max_num_queries: Any
) -> None:
    etag = client.get("/api/v1/events").headers["ETag"]
    assert client.get("/api/v1/events", headers={"If-None-Match": etag}).status_code == 304

    happened(both[0], Kind.LEFT)

    with django_assert_max_num_queries(9):
        assert client.get("/api/v1/events", headers={"If-None-Match": etag}).status_code == 200


def test_as_csv_the_cursor_is_in_the_headers(client: Client) -> None:
    response = client.get("/api/v1/events?since=1&limit=2&format=csv")

    rows = list(csv.DictReader(response.content.decode().splitlines()))
    assert [(row["id"], row["kind"], row["name"]) for row in rows] == [
        ("2", "commission", "'=Blue"),
        ("3", "left", ""),
    ]
    # PostgreSQL keeps the names in an order of its own.
    assert json.loads(rows[0]["facts"]) == {"from": 0.05, "to": 0.1, "confirmed": False}
    assert (response.headers["Cursor"], response.headers["More"]) == ("3", "true")
    following, _, relation = response.headers["Link"].removeprefix("<").partition(">; ")
    assert relation == 'rel="next"'
    rest = client.get(following)
    assert rest.headers["Content-Type"].startswith("text/csv")
    assert [row["id"] for row in csv.DictReader(rest.content.decode().splitlines())] == ["4", "5"]
    assert "Link" not in client.get("/api/v1/events?since=3&format=csv").headers


def test_of_a_server_that_is_not_ours_a_stream_is_what_happened_and_where_to_go_on(client: Client) -> None:
    def streamed(query: str = "", **headers: str) -> str:
        response = client.get(f"/api/v1/events/stream?{query}", headers=headers)
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        return b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]

    assert streamed() == "retry: 3000\n:\nid: 5\n\n"
    said = streamed("since=0&kind=left")
    assert said.startswith('retry: 3000\nid: 3\ndata: {"id":3,"cursor":"3",')
    assert said.endswith("\n\n:\nid: 5\n\n")
    assert streamed("since=0", **{"Last-Event-ID": "4"}).count("data: ") == 1
    assert client.get("/api/v1/events/stream", headers={"Last-Event-ID": "99"}).status_code == 410
