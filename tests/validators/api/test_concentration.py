"""How stake is spread, as the API tells it, against counting the rows of its own list again."""

import csv
import io
import json
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.validators.rows import fetch, validator
from validators.models import ConcentrationEpoch, NetworkDatabase
from validators.services.concentrations import record_concentrations

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NETWORKS = ("AS64496", "AS64496", "AS64497", "AS64498", "", "AS64498", "AS64499")
COUNTRIES = ("DE", "NL", "DE", "FI", "", "", "US")
OPERATORS = ("one", "two", "two", "", "three", "three", "four")
CLIENTS = ("agave", "agave", "frankendancer", "unknown", "", "sig", "agave")
STAKES = (310, 40, 250, 170, 90, 60, 80)


def get(client: Client, path: str) -> Any:
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 200, response.content
    return json.loads(response.content)


@pytest.fixture
def cluster() -> None:
    fetch()
    for number, groups in enumerate(zip(NETWORKS, COUNTRIES, OPERATORS, CLIENTS, STAKES, strict=True)):
        network, country, operator, program, stake = groups
        validator(
            number,
            network=network,
            network_name=f"Network of {network}" if network else "",
            country=country,
            operator=operator,
            client=program,
            activated_stake=stake,
        )
    file = {
        "name": "asn.mmdb",
        "kind": "mmdb",
        "says": "Test",
        "bytes": 9,
        "made_at": "2026-11-20T00:00:00+00:00",
    }
    NetworkDatabase.objects.create(mark="m", files=[file], tried_at=timezone.now())


def counted_again(rows: list[dict[str, Any]], field: str) -> dict[str, Any]:
    """From the list of validators alone, one lamport of a third at a time."""
    stakes: Counter[str | None] = Counter()
    for row in rows:
        key = None if row[field] == "unknown" else row[field]
        stakes[key] += int(row["activated_stake"])
    total, unknown = sum(stakes.values()), stakes.pop(None, 0)
    left, held = sorted(stakes.values()), 0
    fewest = 0
    while left and Fraction(held, total) <= Fraction(1, 3):
        held += left.pop()
        fewest += 1
    return {
        "total_stake": str(total),
        "unknown_stake": str(unknown),
        "groups": len(stakes),
        "nakamoto": fewest if Fraction(held, total) > Fraction(1, 3) else None,
        "shares": {key: stake / total for key, stake in stakes.items()},
        "herfindahl": pytest.approx(sum((stake / total) ** 2 for stake in stakes.values()))
        if stakes
        else None,
    }


def test_what_is_told_is_what_the_list_of_validators_comes_to(client: Client, cluster: None) -> None:
    told = {one["by"]: one for one in get(client, "cluster/concentration")["items"]}
    rows = get(client, "validators")["items"]

    assert list(told) == ["network", "country", "address", "client", "operator"]
    for by, one in told.items():
        one["shares"] = {group["key"]: group["share"] for group in one["largest"]}
        expected = counted_again(rows, by)
        assert {name: one[name] for name in expected} == expected, by
    network = told["network"]
    assert network["largest"][0] == {
        "key": "AS64496",
        "name": "Network of AS64496",
        "validators": 2,
        "stake": "350",
        "share": 0.35,
    }
    assert (network["basis"], network["epoch"], network["nakamoto"]) == ("asn", 990, 1)
    assert network["sources"] == ["getClusterNodes", "asn.mmdb (Test) of 2026-11-20"]
    assert (
        network["said"][0]
        == "The largest network, AS64496, holds 35.00 % of the stake, which alone is more than a third."
    )
    assert network["said"][2] == "At most as even as 4.1 networks of one size."
    assert (told["operator"]["nakamoto"], told["operator"]["unknown_stake"]) == (2, "170")
    # Nothing is known of addresses: that is null, and no 0 %.
    address = told["address"]
    assert [
        address[name] for name in ("groups", "nakamoto", "nakamoto_at_least", "herfindahl", "unknown_share")
    ] == [*(0, None, None, None, 1.0)]


def test_without_a_database_the_answer_says_what_it_hides(client: Client, cluster: None) -> None:
    NetworkDatabase.objects.update(mark="", files=[], problem="ASN_DATABASE: it is gone.")

    reply = get(client, "cluster/concentration?by=network&limit=1")

    assert (reply["networks_by"], reply["networks_problem"]) == ([], "ASN_DATABASE: it is gone.")
    [network] = reply["items"]
    assert (network["basis"], len(network["largest"]), network["groups"]) == ("prefix", 1, 4)
    assert "That hides the truth" in network["said"][-1]


def test_before_anything_is_known_all_of_it_is_null(client: Client) -> None:
    [network] = get(client, "cluster/concentration?by=network")["items"]

    unknown = ("epoch", "unknown_share", "nakamoto", "nakamoto_at_least", "herfindahl")
    assert [network[name] for name in unknown] == [None] * 5
    assert (network["total_stake"], network["largest"]) == ("0", [])


def test_a_csv_has_a_row_for_each_group(client: Client, cluster: None) -> None:
    response = client.get("/api/v1/cluster/concentration?by=country&format=csv&limit=2")

    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert [(row["by"], row["key"], row["stake"], row["validators"]) for row in rows] == [
        ("country", "DE", "560", "2"),
        ("country", "FI", "170", "1"),
    ]


def test_each_epoch_is_kept_as_its_last_look_left_it(client: Client, cluster: None) -> None:
    record_concentrations(epoch=989, has_database=False, at=timezone.now())
    for _ in range(2):
        record_concentrations(epoch=990, has_database=True, at=timezone.now())

    reply = get(client, "cluster/concentration/epochs?by=network&limit=1")

    assert ConcentrationEpoch.objects.filter(by="network").count() == 2
    [row] = reply["items"]
    told = ("epoch", "basis", "nakamoto", "largest_key", "largest_share", "unknown_stake", "total_stake")
    assert [row[name] for name in told] == [990, "asn", 1, "AS64496", 0.35, "90", "1000"]
    [before] = get(client, f"cluster/concentration/epochs?by=network&cursor={reply['next_cursor']}")["items"]
    assert (before["epoch"], before["basis"]) == (989, "prefix")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("network=AS64496", ["vote0", "vote1"]),
        ("network=as64497", ["vote2"]),
        ("country=de", ["vote0", "vote2"]),
        ("operator=three", ["vote4", "vote5"]),
        ("operator=two&country=NL", ["vote1"]),
    ],
)
def test_lists_are_narrowed_by_where_and_who(
    client: Client, cluster: None, asked: str, found: list[str]
) -> None:
    items = get(client, f"validators?{asked}&sort=-stake")["items"]

    assert sorted(item["vote_account"] for item in items) == found
    assert len(client.get(f"/?{asked}").context["rows"]) == len(found)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("network=as1", "network: There is no network “AS1”. There are: AS6449"),
        ("country=xx", "country: There is no country “XX”. There are: DE, FI, NL, US"),
        ("operator=toe", "operator: There is no operator “toe”; did you mean two? There are: "),
    ],
)
def test_a_group_that_nobody_is_in_is_refused_with_those_that_there_are(
    client: Client, cluster: None, asked: str, told: str
) -> None:
    response = client.get(f"/api/v1/validators?{asked}")

    assert response.status_code == 422
    assert json.loads(response.content)["detail"].startswith(told)


def test_a_misspelt_kind_is_answered_with_the_nearest(client: Client) -> None:
    response = client.get("/api/v1/cluster/concentration?by=netwrok")

    assert response.status_code == 422
    assert "network" in json.loads(response.content)["detail"]


def test_of_an_earlier_epoch_nothing_of_it_is_known(client: Client, cluster: None) -> None:
    response = client.get("/api/v1/validators?epoch=990&network=AS64496")

    assert response.status_code == 422
    assert "network: it is known of the present alone" in json.loads(response.content)["detail"]
