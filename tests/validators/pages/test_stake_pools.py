"""What pages and the API say of stake pools: with which epoch, how old, and what is not known."""

import csv
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.validators.looking import page, words
from tests.validators.rows import NOON, SOL, fetch, pool, stake, validator
from validators.api import epoch_documents, included_documents, pool_documents
from validators.models import (
    ClusterEpoch,
    SourceState,
    StakeEpoch,
    StakePool,
    Validator,
    ValidatorEpoch,
)
from validators.templatetags.units import UNKNOWN

pytestmark = pytest.mark.django_db

NO_CREDITS = {"credits_unit": "vote_credits"}
SPL = "SPoo1Ku8WFXoNDMHPsrGSTSG1Y47rzgn41SLUNakuHy"


def told(client: Client, address: str) -> Any:
    return json.loads(client.get(f"/api/v1/{address}").content)


def test_a_validators_page_says_who_stakes_how_much_as_of_when(client: Client) -> None:
    fetch()
    shown = validator(40)
    stake(pool("JitoSOL"), shown, 10 * SOL, transient=SOL)
    stake(pool("bSOL"), shown, 4 * SOL, updated_epoch=989)
    stake(pool("jupSOL"), shown, 50 * SOL, status="deactivating_all")
    # Taken off the list since, closed, and never looked at.
    stake(pool("before"), shown, SOL, epoch=989)
    stake(pool("closed", is_there=False), shown, SOL)
    StakePool.objects.create(address="found", program=SPL, found_at=NOON)

    said = words(page(client, "/validators/vote40/")).partition("Who stakes")[2].partition("Commission")[0]

    assert "It is on the validator lists of 3 of the 4 stake pools that were looked at in epoch 990." in said
    assert "what is older is of the epoch beside it" in said
    assert "JitoSOL 10 25.00 % 1 990 bSOL 4 10.00 % 0 989 not yet of epoch 990" in said
    assert f"jupSOL leaves it 50 {UNKNOWN}" in said
    assert "before" not in said
    assert "closed" not in said


@pytest.mark.parametrize(
    ("fate", "why"),
    [
        ({"left_at": NOON}, "it has left the cluster."),
        ({"activated_stake": 0}, "nobody looks at those of a validator without stake."),
    ],
)
def test_whose_stake_accounts_nobody_will_look_at_is_not_told_to_wait(
    client: Client, fate: dict[str, Any], why: str
) -> None:
    fetch()
    validator(40, **fate)

    assert f"and what is its own, is not known: {why} " in _who(client)


def test_a_validators_page_and_the_api_say_what_comes_leaves_and_is_its_own(client: Client) -> None:
    fetch()
    shown = validator(40)
    for epoch, stake_then in ((990, 40 * SOL), (989, 50 * SOL)):
        ValidatorEpoch.objects.create(
            validator=shown, epoch=epoch, fetched_at=NOON, activated_stake=stake_then, **NO_CREDITS
        )
    assert "is its own, is not known: they were not looked at yet." in _who(client)
    SourceState.objects.create(
        source="stakes", last_attempt_at=NOON, unavailable_until=NOON + timedelta(hours=2)
    )
    assert "is its own, is not known: no endpoint that is asked offers it." in _who(client)

    looks = {"validator": shown, "slot": 1, "looked_at": NOON}
    StakeEpoch.objects.create(
        epoch=990, accounts=1204, active=40 * SOL, activating=0, deactivating=10 * SOL, own=2 * SOL, **looks
    )
    StakeEpoch.objects.create(epoch=989, accounts=1, active=50 * SOL, activating=SOL, deactivating=0, **looks)

    said = _who(client)
    assert (
        "1,204 stake accounts are staked with it in epoch 990: 10 SOL (25.00 %) leave with its end." in said
    )
    assert "From epoch 989 to 990 its stake fell by 10 SOL (20.00 %)." in said
    assert "2 SOL (5.00 %) of it is its own:" in said
    assert f"990 1,204 0 10 2 2026-11-23 12:00 989 1 1 0 {UNKNOWN}" in said

    newest, before = told(client, "validators/vote40/epochs")["items"]
    assert epoch_documents.EpochDocument.model_validate(newest)
    fields = ("stake_accounts", "activating_stake", "deactivating_stake", "self_stake", "stakes_source")
    assert [newest[name] for name in fields] == [1204, "0", str(10 * SOL), str(2 * SOL), "accounts"]
    assert [before[name] for name in fields] == [1, str(SOL), "0", None, "accounts"]
    StakeEpoch.objects.all().delete()
    unknown = told(client, "validators/vote40/epochs?limit=2")["items"][0]
    assert [unknown[name] for name in (*fields, "stakes_looked_at")] == [None] * 6


def _who(client: Client) -> str:
    return words(page(client, "/validators/vote40/")).partition("Who stakes")[2].partition("Commission")[0]


def test_who_stakes_is_not_known_before_a_look_and_nobody_is_no_claim_after_it(client: Client) -> None:
    fetch()
    validator(1)
    assert "No stake pool of this cluster is known yet, so which of them" in words(
        page(client, "/validators/vote1/")
    )
    assert "No stake pool of this cluster is known yet" in words(page(client, "/cluster/"))

    pool("JitoSOL", epoch=989)
    pool("bSOL")
    said = words(page(client, "/validators/vote1/"))
    assert (
        "on no list of the 2 stake pools that were looked at in epochs 989 to 990; others may stake" in said
    )


def test_the_cluster_page_says_what_pools_hold_and_what_comes_and_goes(client: Client) -> None:
    fetch()
    ClusterEpoch.objects.create(epoch=990, credits_unit="vote_credits")
    ended = {"activating_stake": 5 * SOL, "deactivating_stake": 3 * SOL, "total_stake": 400 * SOL}
    ClusterEpoch.objects.create(epoch=989, credits_unit="vote_credits", **ended)
    pool("JitoSOL")
    pool("small", total_lamports=3 * SOL, supply=0, updated_epoch=989)

    said = words(page(client, "/cluster/"))

    assert "JitoSOL SPL 120 100 2 7 1.2 990 small SPL 3 100 2 7" in said
    assert "989 not yet of epoch 990" in said
    assert " 400 5 3 " in said


def test_the_api_tells_of_pools_and_of_who_stakes_with_each(client: Client) -> None:
    fetch()
    for number in (1, 20):
        validator(number)
    first = pool("JitoSOL")
    pool("", address="nameless", total_lamports=None, supply=None, updated_epoch=None)
    stake(first, Validator.objects.get(vote_account="vote20"), 5 * SOL, updated_epoch=989)
    stake(first, Validator.objects.get(vote_account="vote1"), SOL, epoch=980, updated_epoch=980)

    listed = told(client, "pools")

    assert pool_documents.StakePoolList.model_validate(listed)
    named, nameless = listed["items"]
    assert (named["total_lamports"], named["token_value"], named["stale"]) == (str(120 * SOL), 1.2, False)
    assert (nameless["name"], nameless["total_lamports"], nameless["token_value"]) == (None, None, None)
    lines = client.get("/api/v1/pools?format=csv").content.decode().splitlines()
    assert [row[:2] for row in csv.reader(lines)] == [
        ["address", "name"],
        ["address of JitoSOL", "JitoSOL"],
        ["nameless", ""],
    ]

    reply = told(client, "validators?include=pools")
    assert included_documents.ValidatorList.model_validate(reply)
    by_key = {item["vote_account"]: item["pools"] for item in reply["items"]}
    assert by_key["vote1"] == []
    [one] = by_key["vote20"]
    assert one | {"looked_at": None} == {
        "pool": "address of JitoSOL",
        "name": "JitoSOL",
        "active_stake": str(5 * SOL),
        "transient_stake": "0",
        "share": 0.25,
        "status": "active",
        "updated_epoch": 989,
        "stale": True,
        "epoch": 990,
        "looked_at": None,
        "source": "list",
    }
    assert told(client, "validators/vote20?include=pools")["validator"]["pools"] == [one]
    assert "pools" not in told(client, "validators")["items"][0]
