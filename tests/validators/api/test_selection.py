"""The API's answer to what to hold."""

import csv

import pytest
from django.test import Client

from tests.validators.asking import get
from tests.validators.rows import fetch, scoring_run, validator

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def eight() -> None:
    fetch()
    scoring_run([(validator(number, commission_bps=100 * number), 100.0 - number) for number in range(1, 9)])


def test_who_stays_enters_and_leaves_is_told_with_reasons(client: Client) -> None:
    reply = get(client, "selection?size=2&held=vote3,vote5&band=1.5")

    assert (reply["method"], reply["next_cursor"]) == ("baseline-v1", None)
    assert [(one["action"], one["vote_account"], one["place"]) for one in reply["items"]] == [
        ("stays", "vote3", 3), ("enters", "vote1", 1), ("leaves", "vote5", 5),
    ]  # fmt: skip
    left = reply["items"][2]
    assert (left["name"], left["rank"], left["score"], left["why"]) == (
        None,
        5,
        95.0,
        "place 5 is behind 3, up to which held ones stay",
    )


def test_it_is_narrowed_as_the_list_is_and_comes_as_csv(client: Client) -> None:
    response = client.get("/api/v1/selection?size=9&max_commission=0.03&format=csv")

    found = [row["vote_account"] for row in csv.DictReader(response.content.decode().splitlines())]
    assert found == ["vote1", "vote2", "vote3"]


@pytest.mark.parametrize("held", ["held=vote3,vote5", "held=vote3&held=vote5", "held=vote3&held=,vote5,"])
def test_what_is_held_is_named_with_commas_or_repeated(client: Client, held: str) -> None:
    items = get(client, f"selection?size=2&band=1.5&{held}")["items"]

    assert [one["vote_account"] for one in items if one["action"] != "enters"] == ["vote3", "vote5"]


def test_who_holds_nothing_yet_says_so(client: Client) -> None:
    assert {one["action"] for one in get(client, "selection?size=2&held=")["items"]} == {"enters"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("client=agavee&held=vote1", "client: There is no client “agavee”; did you mean agave?"),
        (
            f"held={','.join(f'vote{number}' for number in range(341))}",
            "held: Value should have at most 340 items",
        ),
        ("delinquent=maybe", "delinquent: it is true or false, and not “maybe”"),
        ("min_stake=50k", "min_stake: it is a whole number, and not “50k”"),
        ("max_commission=5%25", "max_commission: it is a number, and not “5%”"),
    ],
)
def test_what_is_misspelt_lets_nobody_leave_and_is_told(client: Client, query: str, told: str) -> None:
    response = client.get(f"/api/v1/selection?{query}")

    assert response.status_code == 422
    assert response.json()["detail"].startswith(told)


@pytest.mark.parametrize("query", ["size=0", "band=0.5", "band=nan", "size=1001"])
def test_what_cannot_be_asked_is_refused(client: Client, query: str) -> None:
    assert client.get(f"/api/v1/selection?{query}").status_code in (400, 422)
