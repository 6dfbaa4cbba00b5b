"""Where and who, as a validator's and the cluster's page tell it."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.validators.looking import page, words
from tests.validators.rows import fetch, validator
from validators.models import NetworkDatabase
from validators.services.concentrations import record_concentrations

pytestmark = pytest.mark.django_db

PLACE = {
    "address": "192.0.2.1",
    "address_epoch": 990,
    "network": "AS64496",
    "network_name": "Some",
    "country": "DE",
}


def with_database() -> None:
    file = {"name": "asn.mmdb", "kind": "mmdb", "says": "Test", "bytes": 9, "made_at": None}
    NetworkDatabase.objects.create(mark="m", files=[file], tried_at=timezone.now())


def evidence(common: str, strength: str, *accounts: str, others: int) -> dict[str, object]:
    return {
        "common": common,
        "strength": strength,
        "shared": "owner",
        "others": others,
        "vote_accounts": list(accounts),
    }


def test_a_validator_of_an_operator_with_its_evidence(client: Client) -> None:
    fetch()
    with_database()
    told = [
        evidence("withdraw_authority", "strong", "vote2", others=2),
        evidence("name", "weak", "vote3", others=1),
    ]
    validator(1, operator="owner", activated_stake=100, operator_evidence=told, **PLACE)
    validator(2, name="Twin", operator="owner", activated_stake=50, **PLACE)
    validator(3, name="Stranger", operator="other", activated_stake=350)

    content = page(client, "/validators/vote1/")
    text = words(content)

    assert "In AS64496 (Some), DE; one of 2 validators of one operator." in text
    assert (
        "By gossip in epoch 990 its node is at 192.0.2.1. By asn.mmdb its country is DE, and its network is "
        "AS64496 (Some), of 2 validators with 30.00 % of the stake."
    ) in text
    assert "It is one of 2 validators of one operator with 30.00 % of the stake." in text
    assert "The same withdraw authority (or one's is another's identity), owner : Twin and 1 more" in text
    assert "The same name, which anybody may write (weak: joins nobody by itself), owner : Stranger" in text
    assert 'href="/?network=AS64496"' in content


@pytest.mark.parametrize(
    ("known", "short"),
    [
        ({}, "Where its node is, is not known; who runs it is not known yet."),
        (
            PLACE | {"network": "192.0.2.0/24", "network_name": "", "country": "", "operator": "me"},
            "In 192.0.2.0/24; nothing strong joins it with another validator.",
        ),
        (
            PLACE | {"network": "", "country": ""},
            "In a network that is not known; who runs it is not known yet.",
        ),
    ],
)
def test_what_is_not_known_is_said(client: Client, known: dict[str, object], short: str) -> None:
    fetch()
    validator(1, **known)

    assert short in words(page(client, "/validators/vote1/"))


def test_of_who_has_left_nothing_is_said_to_come_yet(client: Client) -> None:
    """Nobody looks at it any more."""
    fetch()
    with_database()
    validator(1, left_at=timezone.now())

    text = words(page(client, "/validators/vote1/"))

    assert "Where its node is, is not known; who runs it is not known. " in text
    assert "Where its node is, is not known: nobody told before it left." in text
    assert "Who runs it is not known: its vote account was not read before it left." in text
    assert "does not belong to the superminority, and its account was not read before it left." in text
    assert "nobody looked for an account of its tips before it left." in text


@pytest.mark.parametrize(
    ("named", "read", "said"),
    [
        ([], None, "There is no database of networks (ASN_DATABASE)."),
        (["a.mmdb"], None, "was not read yet: the next look at the nodes does."),
        (
            ["a.mmdb"],
            {"problem": "a.mmdb: gone."},
            "The database of networks (ASN_DATABASE) could not be read.",
        ),
        (["a.mmdb"], {"problem": "a.mmdb: gone.", "mark": "m"}, "networks stay as they were."),
    ],
)
def test_whose_fault_it_is_that_no_database_tells(
    client: Client, settings: Any, named: list[str], read: dict[str, str] | None, said: str
) -> None:
    settings.ASN_DATABASE = named
    fetch()
    validator(1, activated_stake=5, **PLACE | {"network": "192.0.2.0/24", "network_name": "", "country": ""})
    if read is not None:
        NetworkDatabase.objects.create(tried_at=timezone.now(), **read)

    cluster = words(page(client, "/cluster/"))
    assert said in cluster
    # Gossip is not to blame for a country that no database tells.
    assert ("the country is not known. " in cluster) == (read is not None and "mark" not in read)
    if read is None or "mark" not in read:
        assert said in words(page(client, "/validators/vote1/"))


def test_the_cluster_by_networks_countries_and_operators(client: Client) -> None:
    fetch()
    validator(1, operator="owner", name="Whale", activated_stake=60, **PLACE)
    validator(2, operator="other", activated_stake=40)
    for epoch in (989, 990):
        record_concentrations(epoch=epoch, has_database=False, at=timezone.now())

    without = words(page(client, "/cluster/"))
    with_database()
    known = words(page(client, "/cluster/"))

    assert (
        "The largest address range, AS64496, holds 60.00 % of the stake, which alone is more than" in without
    )
    assert "hides the truth" in without
    assert "hides the truth" not in known
    assert (
        "The largest network, AS64496, holds 60.00 % of the stake, which alone is more than a third." in known
    )
    assert "Of 40.00 % of the stake the network is not known (gossip tells no address, or" in known
    assert "Of 40.00 % of the stake the address is not known (no look at the nodes has" in without
    assert "2 operators" not in known
    assert "Epoch by epoch" in known
