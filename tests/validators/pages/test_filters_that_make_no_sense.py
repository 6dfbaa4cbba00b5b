"""A filter that makes no sense narrows nothing, and no list looks as if it did."""

import re

import pytest
from django.test import Client

from tests.validators.looking import listed, page, words
from tests.validators.rows import SOL, fetch, scoring_run, validator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two() -> None:
    fetch()
    scoring_run([(validator(1, activated_stake=9 * SOL), 90), (validator(2, activated_stake=5 * SOL), 80)])


@pytest.mark.parametrize(
    ("address", "labels"),
    [
        ("/?min_stake_sol=abc&min_score=85", "Stake from (SOL)"),
        ("/?min_stake_sol=abc&min_score=x", "Stake from (SOL), Score from"),
        ("/?sort=nonsense", "Sort"),
        ("/?client=agavee&network=as9&country=XX&operator=X", "Client, Network, Country, Operator"),
        ("/selection/?country=XX", "Country"),
        ("/selection/?min_stake_sol=abc&size=0", "How many, Stake from (SOL)"),
    ],
)
def test_it_is_said_above_the_list_which_fields_are_left_out(
    client: Client, address: str, labels: str
) -> None:
    said = words(page(client, address))

    assert f"Left out, because it makes no sense: {labels}." in said
    assert said.index("Left out, because") < said.index("vote1")


def test_what_does_make_sense_beside_it_narrows(client: Client) -> None:
    assert listed(client, "?min_stake_sol=abc&min_score=85") == ["vote1"]
    assert "Left out" not in page(client, "/?min_stake_sol=6")


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/?min_stake_sol=abc", "min_stake_sol"),
        ("/?flag=nonsense", "flag"),
        ("/?client=agavee", "client"),
        ("/selection/?size=0", "size"),
        ("/events/?validator=nobody", "validator"),
        ("/events/?kind=nonsense", "kind"),
    ],
)
def test_what_is_wrong_is_tied_to_its_field(client: Client, address: str, field: str) -> None:
    content = page(client, address)

    [error] = re.findall(r'<p class="error" role="alert" id="([^"]+)">[^<]+</p>', content)
    assert error == f"id_{field}_error"
    assert re.search(rf'<(input|fieldset)[^>]* aria-describedby="[^"]*\b{error}"', content)


def test_it_is_named_also_where_nothing_is_listed(client: Client) -> None:
    said = words(client.get("/events/?kind=nonsense").content.decode())

    assert "Left out, because it makes no sense: Kind" in said
