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


@pytest.mark.parametrize("query", ["size=0", "band=0.5", "band=nan", "size=1001"])
def test_what_cannot_be_asked_is_refused(client: Client, query: str) -> None:
    assert client.get(f"/api/v1/selection?{query}").status_code in (400, 422)
