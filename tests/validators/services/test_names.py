"""What validators write about themselves is text: chosen, bounded, and never trusted."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.conftest import RECORDED
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from validators.models import Validator
from validators.solana.text import plain_text
from validators.tasks import fetch_names, fetch_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

CONFIG = RECORDED / "rpc" / "getProgramAccounts_Config_2023-08-24.json"
RECORDED_VOTES = RECORDED / "rpc" / "epoch990" / "getVoteAccounts.json"


def named(endpoint: CannedEndpoint, *items: Any) -> Validator:
    """The first of two validators after a fetch of these accounts."""
    endpoint.current = replies.accounts(2)
    other = replies.profile(endpoint.current[1]["nodePubkey"], name="Somebody else")
    endpoint.results["getProgramAccounts"] = [other, *items]
    fetch_validators()
    fetch_names()
    return Validator.objects.get(vote_account=endpoint.current[0]["votePubkey"])


IDENTITY = replies.account(0)["nodePubkey"]


def test_a_signed_profile_is_stored_whole(endpoint: CannedEndpoint) -> None:
    words: dict[str, Any] = {
        "name": " Blue\nLagoon ",
        "website": "https://lagoon.example",
        "iconUrl": "https://lagoon.example/icon.png",
        "details": "Ω 한국어",
        "keybaseUsername": "lagoon",
    }

    row = named(endpoint, replies.profile(IDENTITY, **words))

    assert (row.name, row.website, row.icon_url, row.details, row.keybase) == (
        "Blue Lagoon",
        "https://lagoon.example",
        "https://lagoon.example/icon.png",
        "Ω 한국어",
        "lagoon",
    )
    assert endpoint.params["getProgramAccounts"] == [
        "Config1111111111111111111111111111111111111",
        {"encoding": "jsonParsed"},
    ]


def with_keys(*keys: Any) -> dict[str, Any]:
    item = replies.profile(IDENTITY, name="Impostor")
    item["account"]["data"]["parsed"]["info"]["keys"] = list(keys)
    return item


KIND = {"pubkey": "Va1idator1nfo111111111111111111111111111111", "signer": False}
UNUSABLE = [
    replies.profile(IDENTITY, signed=False, name="Impostor"),
    with_keys(KIND),
    with_keys(KIND, {"pubkey": IDENTITY, "signer": "true"}),
    with_keys(
        KIND, {"pubkey": replies.key("attacker"), "signer": True}, {"pubkey": IDENTITY, "signer": True}
    ),
    with_keys({"pubkey": IDENTITY, "signer": True}, {"pubkey": IDENTITY, "signer": True}),
    with_keys(KIND, IDENTITY),
    {"pubkey": replies.key("raw"), "account": {"data": ["AFJUd28=", "base64"]}},
    {"pubkey": replies.key("stake"), "account": {"data": {"parsed": {"type": "stakeConfig", "info": {}}}}},
    {"pubkey": replies.key("odd"), "account": {"data": {"parsed": {"type": "validatorInfo", "info": []}}}},
]


@pytest.mark.parametrize("item", UNUSABLE)
def test_what_the_identity_did_not_sign_gives_it_no_name(endpoint: CannedEndpoint, item: Any) -> None:
    assert named(endpoint, item).name == ""


def test_of_several_profiles_the_choice_does_not_depend_on_the_order(endpoint: CannedEndpoint) -> None:
    several = [replies.profile(IDENTITY, address=number, name=f"Name {number}") for number in range(5)]
    nameless = [replies.profile(IDENTITY, address=f"x{number}", website="https://x") for number in range(5)]
    first = min(several, key=lambda item: str(item["pubkey"]))

    chosen = {named(endpoint, *order).name for order in (several + nameless, nameless + several[::-1])}

    assert chosen == {first["account"]["data"]["parsed"]["info"]["configData"]["name"]}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("nul\x00 bell\x07 escape\x1b[31m", "nul bell escape[31m"),
        ("\u202eeman\u202c", "eman"),
        ("a" * 5_000, "a" * 200),
        ("\t \r\n ", ""),
        ("👩\u200d🚀", "👩🚀"),
        (42, ""),
        (["list"], ""),
        (None, ""),
    ],
)
def test_a_hostile_name_is_stored_as_bounded_text(endpoint: CannedEndpoint, sent: Any, stored: str) -> None:
    assert named(endpoint, replies.profile(IDENTITY, name=sent)).name == stored


def test_a_profile_that_is_no_object_gives_no_name(endpoint: CannedEndpoint) -> None:
    item = replies.profile(IDENTITY)
    item["account"]["data"]["parsed"]["info"]["configData"] = [["name", "x"]]

    assert named(endpoint, item).name == ""


def test_a_name_that_is_gone_from_the_chain_is_gone_here(endpoint: CannedEndpoint) -> None:
    assert named(endpoint, replies.profile(IDENTITY, name="Short-lived")).name == "Short-lived"

    assert named(endpoint).name == ""


@pytest.mark.parametrize(
    "mark", ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u061c", "\U000e0041"]
)
def test_marks_that_nobody_sees_make_no_other_name(mark: str) -> None:
    assert plain_text(f"Fig{mark}ment", longest=20) == "Figment"


def test_text_is_cut_before_it_ends_in_space() -> None:
    assert plain_text("ab cd", longest=3) == "ab"


@pytest.mark.skipif(not CONFIG.is_file(), reason="the recording is not there")
def test_the_recorded_accounts_name_the_validators_that_signed_them(endpoint: CannedEndpoint) -> None:
    items = json.loads(CONFIG.read_text())["result"]
    endpoint.results["getProgramAccounts"] = items
    votes = json.loads(RECORDED_VOTES.read_text())["result"]
    endpoint.current, endpoint.delinquent = votes["current"], votes["delinquent"]
    endpoint.epoch_infos = [json.loads(RECORDED_VOTES.with_name("getEpochInfo.json").read_text())["result"]]
    fetch_validators()

    result = fetch_names()

    names: dict[str, set[str]] = {}
    for item in items:
        held = item["account"]["data"]
        if isinstance(held, dict) and held["parsed"]["type"] == "validatorInfo":
            key = held["parsed"]["info"]["keys"][1]
            words = held["parsed"]["info"]["configData"]
            if key["signer"]:
                name = " ".join(str(words.get("name") or "").replace("\ufe0f", "").split())
                names.setdefault(key["pubkey"], set()).add(name)
    rows = Validator.objects.filter(identity__in=names)
    assert (result["rejected"], result["validators"]) == (0, rows.count())
    assert rows.count() > 100
    assert all(row.name in names[row.identity] for row in rows)


def test_a_name_that_looks_like_that_of_more_stake_is_marked_everywhere(
    endpoint: CannedEndpoint, client: Client
) -> None:
    small = named(endpoint, replies.profile(IDENTITY, name="Somebody \u0435lse\u200b\u2800"))
    Validator.objects.exclude(pk=small.pk).update(activated_stake=small.activated_stake + 1)
    with_mark = "Another validator with more stake has a name that looks the same"
    fetch_names()

    row = client.get(f"/api/v1/validators/{small.vote_account}").json()["validator"]
    assert (row["name"], row["name_mark"]) == ("Somebody \u0435lse", "same_as_larger")
    assert [one["name_mark"] for one in client.get("/api/v1/validators").json()["items"]].count(None) == 1
    # The validator's own page says it in a sentence too.
    pages = {"/": 1, f"/validators/{small.vote_account}/": 2, f"/compare/?v={small.vote_account}": 1}
    for page, times in pages.items():
        assert client.get(page).content.decode().count(with_mark) == times, page

    Validator.objects.filter(pk=small.pk).update(activated_stake=10**18)
    fetch_names()

    marks = dict(Validator.objects.values_list("pk", "name_mark"))
    assert (marks.pop(small.pk), list(marks.values())) == ("mixed_alphabets", ["same_as_larger"])
