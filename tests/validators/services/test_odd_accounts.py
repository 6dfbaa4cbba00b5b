"""Accounts whose texts are none: one is left out and told, and whoever garbles many is not believed.

Of stakes a reply is about one validator.
"""

from typing import Any

import pytest
from django.utils import timezone

from tests.validators import distributions, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import CannedEndpoint
from tests.validators.packed_stakes import item, stake
from tests.validators.services.sources import METHODS, state
from tests.validators.services.vote_accounts import holds, rule
from validators import tasks
from validators.exceptions import MalformedReplyError
from validators.models import MevEpoch, StakeEpoch, VoteState
from validators.solana.accounts import LARGEST_DATA
from validators.solana.programs.jito import TIPS

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ODD = pytest.mark.parametrize(
    "text",
    ["\x00", "AAAA\x00", "\ud83d", "lagoon \ud83d", "A" * (LARGEST_DATA * 4 // 3 + 8)],
    ids=["NUL", "behind a NUL", "half a character", "half a character behind others", "long"],
)
FIELDS = pytest.mark.parametrize("field", ["data", "owner"])


def spoil(account: dict[str, Any], field: str, text: str) -> None:
    account[field] = [text, "base64"] if field == "data" else text


def known(node: AccountsEndpoint, source: str) -> list[str]:
    """The accounts of twenty validators, in their order, that were read of the source once."""
    node.current = replies.accounts(20)
    for number in range(20):
        holds(node, number)
    node.results["getMinimumBalanceForRentExemption"] = distributions.RENT
    addresses = [one["votePubkey"] for one in node.current]
    if source == "mev":
        for place, vote_account in enumerate(addresses):
            addresses[place] = TIPS.address(TIPS.program, vote_account, replies.EPOCH)
            node.accounts[addresses[place]] = distributions.sent(TIPS, vote_account, replies.EPOCH)
    rule()
    tasks.fetch_validators()
    METHODS[source][0]()
    return addresses


@ODD
@FIELDS
@pytest.mark.parametrize("source", ["mev", "vote-states"])
def test_one_garbled_account_is_told_and_the_others_are_stored(
    node: AccountsEndpoint, source: str, field: str, text: str
) -> None:
    address, *_ = known(node, source)
    spoiled = node.current[0]["votePubkey"]
    model = VoteState if source == "vote-states" else MevEpoch
    of_it = model._default_manager.filter(validator__vote_account=spoiled)
    before = list(of_it.order_by("pk").values())
    began = timezone.now()
    spoil(node.accounts[address], field, text)

    result = METHODS[source][0]()

    assert result["rejected"] == 1
    [rejected] = state(source).rejected
    assert rejected["key"] == spoiled
    assert rejected["reason"].isprintable()
    assert len(rejected["reason"]) < 1_000
    kept = list(of_it.order_by("pk").values())
    assert [one for one in kept if one["epoch"] == replies.EPOCH] == [
        one for one in before if one["epoch"] == replies.EPOCH
    ]
    others = model._default_manager.filter(epoch=replies.EPOCH).exclude(validator__vote_account=spoiled)
    assert others.filter(looked_at__gte=began).count() == len(node.current) - 1


@ODD
@FIELDS
@pytest.mark.parametrize("source", ["mev", "vote-states"])
def test_whoever_garbles_many_is_not_believed(
    node: AccountsEndpoint, source: str, field: str, text: str
) -> None:
    addresses = known(node, source)
    before = stored()
    for address in addresses[: len(addresses) // 4]:
        spoil(node.accounts[address], field, text if len(text) < 100 else "long")

    with pytest.raises(MalformedReplyError) as refused:
        METHODS[source][0]()

    assert stored() == before
    told = state(source).last_error
    assert told == str(refused.value)
    assert told.isprintable()
    assert len(told) < 1_000


def stored() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values()) for model in (VoteState, MevEpoch)]


@ODD
@pytest.mark.parametrize("field", ["data", "owner", "pubkey"])
def test_one_garbled_stake_account_is_told_and_the_others_are_stored(
    endpoint: CannedEndpoint, settings: Any, field: str, text: str
) -> None:
    settings.FETCH_DEADLINE_SECONDS = 60.0
    tasks.fetch_validators()
    tasks.fetch_vote_states()
    alice = replies.account(0)["votePubkey"]
    bad = item(1, stake(alice))
    spoil(bad if field == "pubkey" else bad["account"], field, text)
    endpoint.stakes[alice] = [item(2, stake(alice)), bad]

    result = tasks.fetch_stakes()

    assert (result["validators"], result["rejected"]) == (19, 1)
    [rejected] = state("stakes").rejected
    assert rejected["key"] == alice
    assert rejected["reason"].isprintable()
    assert len(rejected["reason"]) < 1_000
    assert not StakeEpoch.objects.filter(validator__vote_account=alice).exists()
