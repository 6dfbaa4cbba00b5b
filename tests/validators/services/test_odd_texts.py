"""What one validator or node writes of itself, however odd, costs nobody else anything."""

import re
from typing import Any

import pytest

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint, rpc_error
from validators import tasks
from validators.exceptions import EndpointError
from validators.models import Validator

pytestmark = [pytest.mark.django_db, pytest.mark.database]

COUNT = 10
LONE = ["\ud83d", "lagoon \ud83d", "\udc00\ud800"]


def marked(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


@pytest.fixture
def identities(endpoint: CannedEndpoint) -> list[str]:
    endpoint.current = replies.accounts(COUNT)
    tasks.fetch_validators()
    return [account["nodePubkey"] for account in endpoint.current]


@pytest.mark.parametrize("text", LONE)
@pytest.mark.parametrize("field", ["name", "details", "unread"])
def test_half_a_character_in_one_profile_costs_no_more_than_itself(
    endpoint: CannedEndpoint, identities: list[str], field: str, text: str
) -> None:
    words: dict[str, Any] = {"name": "Somebody", field: text}
    profiles = [replies.profile(one, name="Somebody") for one in identities]
    endpoint.results["getProgramAccounts"] = [replies.profile(identities[0], **words), *profiles[1:]]

    result = tasks.fetch_names()

    assert (result["profiles"], result["rejected"]) == (COUNT, 0)
    kept = {"name": "Somebody", "details": ""} | ({field: marked(text)} if field != "unread" else {})
    row = Validator.objects.get(identity=identities[0])
    assert {"name": row.name, "details": row.details} == kept
    assert Validator.objects.filter(name="Somebody").count() == COUNT - (field == "name")


@pytest.mark.parametrize("text", LONE)
def test_half_a_character_in_one_version_costs_no_more_than_itself(
    endpoint: CannedEndpoint, identities: list[str], text: str
) -> None:
    nodes = [replies.node(one) for one in identities]
    endpoint.results["getClusterNodes"] = [replies.node(identities[0], text), *nodes[1:]]

    assert tasks.fetch_nodes()["rejected"] == 0

    assert Validator.objects.get(identity=identities[0]).version == marked(text)
    assert Validator.objects.filter(version="4.2.1").count() == COUNT - 1


def test_nor_where_every_profile_has_one(endpoint: CannedEndpoint, identities: list[str]) -> None:
    """Anybody may write as many profiles as he pays for."""
    profiles = [replies.profile(one, name=f"{place} \ud83d") for place, one in enumerate(identities)]
    endpoint.results["getProgramAccounts"] = profiles

    assert tasks.fetch_names()["profiles"] == COUNT

    assert Validator.objects.get(identity=identities[7]).name == "7 \ufffd"


def test_a_refusal_with_half_a_character_is_told_as_what_it_is(
    endpoint: CannedEndpoint, identities: list[str]
) -> None:
    endpoint.faults = [rpc_error(-32005, "behind \ud83d\x00")]

    with pytest.raises(EndpointError, match="error -32005"):
        tasks.fetch_names()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Blue\x00 Lagoon", "Blue Lagoon"),
        ("\u202eBlue\u202c", "Blue"),
        ("\u2066Blue", "Blue"),
        ("\ud83d\ude00 whole", "\U0001f600 whole"),
        ("B" * 100_000, "B" * 200),
    ],
    ids=["NUL", "override", "isolate", "pair", "long"],
)
def test_odd_letters_are_left_out_of_what_is_stored(
    endpoint: CannedEndpoint, identities: list[str], text: str, kept: str
) -> None:
    text = text.encode("utf-16", "surrogatepass").decode("utf-16")
    profiles = [replies.profile(one, name="Somebody") for one in identities]
    endpoint.results["getProgramAccounts"] = [replies.profile(identities[0], name=text), *profiles[1:]]
    endpoint.results["getClusterNodes"] = [replies.node(one, text[:60]) for one in identities]

    tasks.fetch_names()
    tasks.fetch_nodes()

    row = Validator.objects.get(identity=identities[0])
    assert row.name == kept
    assert row.version == kept[:40]
