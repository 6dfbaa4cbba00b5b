"""Subscriptions by API: for a token with the scope, about its own alone, and only into the internet."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from scheduling.clock import database_now
from scheduling.models.tokens import ApiToken
from tests.validators.rows import NOON, validator
from tests.validators.subscriptions.receiving import Kind, Receiver, happens, token
from validators.models import Subscription, SubscriptionDelivery
from validators.services.subscriptions import MOST_OF_A_TOKEN
from validators.subscriptions.lane import SubscriptionLane

pytestmark = [pytest.mark.django_db, pytest.mark.database]

URL = "https://hooks.example.org/x?key=hush"


class Caller:
    """Somebody with a token."""

    def __init__(self, client: Client, text: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {text}"}

    def ask(self, method: str, address: str, body: Any = None) -> Any:
        return self._client.generic(
            method,
            f"/api/v1/{address}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers=self._headers,
        )

    def made(self, **wanted: Any) -> Any:
        return self.ask("POST", "subscriptions", {"url": URL, **wanted}).json()["subscription"]


@pytest.fixture
def bot(client: Client) -> Caller:
    return Caller(client, token("bot")[1])


@pytest.fixture
def account() -> str:
    return validator(1, vote_account="1" * 32).vote_account


def test_a_subscription_is_made_with_a_secret_that_is_told_once(bot: Caller, account: str) -> None:
    wanted = {"url": URL, "validators": [account, account], "kinds": ["left", "commission"]}

    made = bot.ask("POST", "subscriptions", wanted)

    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    document = made.json()["subscription"]
    assert made.json()["secret"].startswith("whsec_")
    assert document | {"id": 0, "created_at": ""} == {
        "id": 0,
        "url": URL,
        "validators": [account],
        "kinds": ["left", "commission"],
        "created_at": "",
        "state": "active",
        "paused_because": None,
        "paused_reason": None,
        "paused_at": None,
        "cursor": "0",
        "failures": 0,
        "failing_since": None,
        "next_attempt_at": None,
        "delivered_at": None,
        "lost": None,
    }
    assert bot.ask("GET", "subscriptions").json() == {"items": [document]}
    assert bot.ask("GET", f"subscriptions/{document['id']}").json() == {"subscription": document}


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({}, "url: Field required"),
        ({"url": URL, "validator": []}, "validator: there is no such field; did you mean validators ("),
        (
            {"url": URL, "kinds": ["left", "lefd"]},
            "kinds: There is no “lefd”; did you mean left? There are: ",
        ),
        (
            {"url": URL, "validators": ["nobody"]},
            "validators: No fetch ever saw the vote account",
        ),
        ({"url": URL, "validators": ["vote\x00"]}, "validators: “vote�” has a character, or a length, that "),
        ({"url": URL, "validators": ["x"] * 501}, "validators: List should have at most 500 items"),
        ({"url": "http://hooks.example.org"}, "url: Write it as https://"),
        ({"url": "https://169.254.169.254/latest"}, "url: That is no public address."),
        ({"url": f"https://{'x' * 500}.org"}, "url: String should have at most 500 characters"),
    ],
)
def test_what_is_wrong_is_named(bot: Caller, wanted: Any, complaint: str) -> None:
    refused = bot.ask("POST", "subscriptions", wanted)

    assert refused.status_code == 422
    assert complaint in refused.json()["detail"]
    assert not Subscription.objects.exists()


def test_a_token_has_so_many_and_no_more(bot: Caller) -> None:
    for _ in range(MOST_OF_A_TOKEN):
        bot.made()

    refused = bot.ask("POST", "subscriptions", {"url": URL})

    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    assert refused.json()["detail"] == "A token has up to 20 subscriptions; delete one."


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("POST", "subscriptions"),
        ("GET", "subscriptions"),
        ("GET", "subscriptions/{}"),
        ("DELETE", "subscriptions/{}"),
        ("GET", "subscriptions/{}/deliveries"),
        *[("POST", f"subscriptions/{{}}/{action}") for action in ("test", "pause", "resume", "secret")],
    ],
)
def test_of_others_subscriptions_nothing_is_told_and_nothing_changed(
    bot: Caller, client: Client, method: str, address: str
) -> None:
    key = bot.made()["id"]
    stranger, reader = Caller(client, token("stranger")[1]), Caller(client, token("reader", "read")[1])
    body = {"url": URL} if address == "subscriptions" and method == "POST" else None

    asked = stranger.ask(method, address.format(key), body)
    without_scope = reader.ask(method, address.format(key), body)
    without_token = client.generic(method, f"/api/v1/{address.format(key)}")

    if "{}" in address:
        assert (asked.status_code, asked.json()["code"]) == (404, "unknown_subscription")
    else:
        assert asked.json().get("items", []) == []
    assert (without_scope.status_code, without_scope.json()["code"]) == (403, "missing_scope")
    assert without_token.status_code == 401
    assert Subscription.objects.get(pk=key).paused == ""


def test_it_is_paused_resumed_given_a_new_secret_and_deleted(bot: Caller) -> None:
    made = bot.ask("POST", "subscriptions", {"url": URL}).json()
    address = f"subscriptions/{made['subscription']['id']}"

    paused = bot.ask("POST", f"{address}/pause").json()["subscription"]
    resumed = bot.ask("POST", f"{address}/resume").json()
    renewed = bot.ask("POST", f"{address}/secret").json()
    gone = bot.ask("DELETE", address)

    assert (paused["state"], paused["paused_because"], paused["paused_reason"]) == (
        "paused",
        "asked",
        "somebody paused it",
    )
    assert (resumed["subscription"]["state"], resumed["lost"]) == ("active", None)
    assert renewed["secret"].startswith("whsec_")
    assert renewed["secret"] != made["secret"]
    assert (gone.status_code, gone.content) == (204, b"")
    assert bot.ask("GET", address).status_code == 404


def test_a_test_says_what_came_back_and_a_second_one_waits(bot: Caller, receiver: Receiver) -> None:
    made = bot.ask("POST", "subscriptions", {"url": receiver.url}).json()
    receiver.secret, receiver.answers = made["secret"], [503]
    address = f"subscriptions/{made['subscription']['id']}"

    told = bot.ask("POST", f"{address}/test").json()
    at_once = bot.ask("POST", f"{address}/test")

    assert told | {"milliseconds": 0} == {
        "delivered": False,
        "status": 503,
        "milliseconds": 0,
        "error": "It answered 503.",
    }
    assert (at_once.status_code, at_once.json()["code"]) == (409, "refused")
    assert len(receiver.messages) == 1
    [logged] = bot.ask("GET", f"{address}/deliveries").json()["items"]
    assert (logged["kind"], logged["status"], logged["error"]) == ("test", 503, "It answered 503.")


def test_the_log_is_told_page_by_page_newest_first(
    bot: Caller, receiver: Receiver, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    made = bot.ask("POST", "subscriptions", {"url": receiver.url}).json()
    receiver.secret = made["secret"]
    key = made["subscription"]["id"]
    happens(validator(1), Kind.JOINED, Kind.LEFT)
    lane = SubscriptionLane()
    while not SubscriptionDelivery.objects.exists():
        lane.look(now=database_now())
    delivered = SubscriptionDelivery.objects.get()
    SubscriptionDelivery.objects.create(
        subscription_id=key, at=NOON, first=3, last=4, error="Events 3 to 4 were deleted."
    )

    with django_assert_max_num_queries(4):  # the time, the token, the subscription, its log
        first = bot.ask("GET", f"subscriptions/{key}/deliveries?limit=1").json()
    second = bot.ask("GET", f"subscriptions/{key}/deliveries?limit=1&cursor={first['next_cursor']}").json()

    assert first["items"][0]["kind"] == "lost"
    [row] = second["items"]
    assert (row["id"], row["kind"], row["first"], row["last"], row["events"], row["status"]) == (
        delivered.pk,
        "events",
        *(1, 2, 2, 200),
    )
    assert second["next_cursor"] is None


def test_a_token_that_is_deleted_with_its_maker_takes_its_subscriptions_along(bot: Caller) -> None:
    bot.made()

    ApiToken.objects.all().delete()

    assert not Subscription.objects.exists()
