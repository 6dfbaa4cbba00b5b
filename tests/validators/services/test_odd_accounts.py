"""Accounts whose texts are none.

A node writes them from bytes and nobody else has a word in it: whoever garbles one is not believed in that
reply, and another endpoint is asked. Of stakes a reply is about one validator.
"""

from typing import Any

import pytest

from tests.validators import distributions, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import CannedEndpoint
from tests.validators.packed_stakes import item, stake
from tests.validators.services.sources import METHODS, state
from tests.validators.services.vote_accounts import rule
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


@ODD
@FIELDS
@pytest.mark.parametrize("source", ["mev", "vote-states"])
def test_one_garbled_account_leaves_what_was_stored_and_is_said(
    node: AccountsEndpoint, source: str, field: str, text: str
) -> None:
    node.results["getMinimumBalanceForRentExemption"] = distributions.RENT
    vote_account = node.current[0]["votePubkey"]
    address = vote_account
    if source == "mev":
        address = TIPS.address(TIPS.program, vote_account, replies.EPOCH)
        node.accounts[address] = distributions.sent(TIPS, vote_account, replies.EPOCH)
    rule()
    tasks.fetch_validators()
    fetch_source, _ = METHODS[source]
    fetch_source()
    before = stored()
    spoil(node.accounts[address], field, text)

    with pytest.raises(MalformedReplyError) as refused:
        fetch_source()

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
