"""What one validator or node writes of itself, however odd, costs nobody else anything."""

from typing import Any

import pytest

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from validators import tasks
from validators.exceptions import MalformedReplyError
from validators.models import SourceState, Validator
from validators.solana.schemas import NO_TEXT

pytestmark = [pytest.mark.django_db, pytest.mark.database]

# Of so many one bad record is below the twentieth above which a whole reply is doubted.
COUNT = 25
LONE = ["\ud83d", "lagoon \ud83d", "\udc00\ud800"]


@pytest.fixture
def identities(endpoint: CannedEndpoint) -> list[str]:
    endpoint.current = replies.accounts(COUNT)
    tasks.fetch_validators()
    return [account["nodePubkey"] for account in endpoint.current]


def told(source: str) -> list[dict[str, Any]]:
    rejected: list[dict[str, Any]] = SourceState.objects.get(source=source).rejected
    return rejected


@pytest.mark.parametrize("text", LONE)
@pytest.mark.parametrize("field", ["name", "details", "unread"])
def test_half_a_character_in_one_profile_is_told_and_the_others_are_stored(
    endpoint: CannedEndpoint, identities: list[str], field: str, text: str
) -> None:
    profiles = [replies.profile(one, name="Somebody") for one in identities]
    words: dict[str, Any] = {"name": "Somebody", field: text}
    profiles[3] = replies.profile(identities[3], **words)
    endpoint.results["getProgramAccounts"] = profiles

    result = tasks.fetch_names()

    assert (result["profiles"], result["rejected"]) == (COUNT - 1, 1)
    [rejected] = told("names")
    assert rejected["key"] == "record 3"
    assert NO_TEXT in rejected["reason"]
    assert Validator.objects.filter(name="Somebody").count() == COUNT - 1


@pytest.mark.parametrize("text", LONE)
def test_half_a_character_in_one_version_is_told_and_the_others_are_stored(
    endpoint: CannedEndpoint, identities: list[str], text: str
) -> None:
    nodes = [replies.node(one) for one in identities]
    nodes[3] = replies.node(identities[3], text)
    endpoint.results["getClusterNodes"] = nodes

    assert tasks.fetch_nodes()["rejected"] == 1

    assert NO_TEXT in told("nodes")[0]["reason"]
    assert Validator.objects.filter(version="4.2.1").count() == COUNT - 1


def test_where_most_are_no_text_the_reply_is_not_believed(
    endpoint: CannedEndpoint, identities: list[str]
) -> None:
    endpoint.results["getProgramAccounts"] = [replies.profile(one, name="\ud83d") for one in identities]

    with pytest.raises(MalformedReplyError, match="25 of 25 records are invalid"):
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
