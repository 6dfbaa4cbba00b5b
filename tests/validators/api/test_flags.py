"""Flags as codes: what each says, who is found by them, and that readers can look them up."""

from pathlib import Path

import pytest
from django.test import Client

from staking_project.api import api
from tests.validators.asking import get
from tests.validators.looking import page, words
from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator, vote_state
from validators.models import ClusterEpoch, StakeEpoch
from validators.reading.flags import LABELS, FlagCode

pytestmark = [pytest.mark.django_db, pytest.mark.database]

GLOSSARY = Path(__file__).parents[3] / "docs" / "glossary.md"


@pytest.fixture
def five() -> None:
    """The first has nothing, each other one flag of another kind."""
    fetch()
    plain, raised, large, taken, named, out = (
        validator(1),
        validator(2, commission_flags=["three points or more upward within one epoch", "above 50 %"]),
        validator(3, superminority=True),
        validator(4),
        validator(5, name_mark="mixed_alphabets"),
        validator(6),
    )
    vote_state(plain)
    vote_state(taken, withdrawer=taken.identity)
    vote_state(out, next_epoch="out", after_next="unknown")
    scoring_run([(one, 50) for one in (plain, raised, large, taken, named, out)])


def found(client: Client, query: str) -> list[str]:
    return sorted(item["vote_account"] for item in get(client, f"validators?{query}")["items"])


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("query", "accounts"),
    [
        ("flagged=false", "1"),
        ("flagged=true", "23456"),
        ("flag=commission_raised", "2"),
        ("flag=commission_up_and_back", ""),
        ("flag=superminority,withdrawer_is_identity", "34"),
        ("flag=superminority&flag=name_mixed_alphabets&flagged=true", "35"),
        ("flag=superminority,commission_above_half&flagged=false", "1456"),
        ("flag=not_admitted_next_epoch,name_same_as_larger", "6"),
        ("flag=withdrawer_is_identity&flagged=false&max_commission=0.05", "12356"),
    ],
)
def test_validators_are_found_by_their_flags(client: Client, query: str, accounts: str) -> None:
    wanted = [f"vote{number}" for number in accounts]

    assert found(client, query) == wanted
    chosen = get(client, f"selection?{query}")["items"]
    assert sorted(one["vote_account"] for one in chosen) == wanted


@pytest.mark.usefixtures("five")
def test_the_page_finds_the_same_and_says_how_the_api_is_asked(client: Client) -> None:
    content = page(
        client, "/?flagged=no&flag=superminority&flag=commission_above_half&max_commission_percent=5"
    )

    assert content.count('scope="row"') == 4
    assert (
        'href="/api/v1/validators?max_commission=0.05&amp;flagged=false&amp;flag=superminority&amp;'
        'flag=commission_above_half&amp;format=json"'
    ) in content


@pytest.mark.parametrize("query", ["flag=nonsense", "flag=", "flag=superminority,nonsense", "flagged=maybe"])
def test_what_is_no_flag_is_refused(client: Client, query: str) -> None:
    assert client.get(f"/api/v1/validators?{query}").status_code == 422


def test_a_flag_says_when_from_what_to_what_and_the_same_in_a_sentence(client: Client) -> None:
    fetch()
    shown = validator(1, commission_flags=["crossed 10 % upward"], superminority=True)
    for epoch, bps in ((900, 500), (910, 2_000)):
        shown.epochs.create(
            epoch=epoch, credits=1, credits_unit="lamports", fetched_at=NOON, commission_source="imported",
            commission_first_bps=bps, commission_last_bps=bps, commission_min_bps=bps, commission_max_bps=bps,
        )  # fmt: skip
    for epoch, members in ((988, []), (989, ["vote1"]), (990, ["vote1"])):
        ClusterEpoch.objects.create(epoch=epoch, credits_unit="lamports", superminority=members or ["vote9"])
    vote_state(shown, withdrawer=shown.identity, after_next="out", reason="no BLS key")

    [listed] = get(client, "validators")["items"]
    sentences = {flag.pop("code"): flag for flag in listed["flags"]}

    nothing = {"since_epoch": None, "from": None, "to": None}
    assert sentences == {
        "commission_crossed_ten_percent": {
            "epoch": 910,
            "since_epoch": 900,
            "from": 0.05,
            "to": 0.2,
            "sentence": "Commission: crossed 10 % upward between epochs 900 and 910: from 5 % to 20 %.",
        },
        "superminority": {
            **nothing,
            "epoch": 989,
            "since_epoch": 989,
            "sentence": (
                "One of the fewest that hold more than a third of the stake, in every known epoch since 989."
            ),
        },
        "withdrawer_is_identity": {
            **nothing,
            "epoch": 990,
            "sentence": "Its withdraw authority is its identity: who has the node can take the account. "
            "So it was read in epoch 990.",
        },
        "not_admitted_after_next": {
            **nothing,
            "epoch": 992,
            "sentence": "It will not vote in epoch 992: no BLS key.",
        },
    }
    assert (
        get(client, "validators/vote1")["validator"]["flags"][0]["code"] == "commission_crossed_ten_percent"
    )


def test_what_is_so_now_is_flagged_with_its_epoch_and_evidence(client: Client) -> None:
    fetch()
    nobody = {"others": 0, "vote_accounts": []}
    evidence = {"common": "withdraw_authority", "strength": "strong", "shared": "key", **nobody}
    weak = {"common": "name", "strength": "weak", "shared": "blue", **nobody}
    of_one = {"operator": "key", "operator_evidence": [evidence, weak]}
    first = validator(1, mev_commission_bps=10_000, mev_epoch=989, **of_one)
    validator(2, mev_commission_bps=1_500, mev_epoch=989, **of_one)
    plain = validator(3, mev_commission_bps=1_000, mev_epoch=989, operator="other")
    vote_state(first)
    looked = {"accounts": 3, "active": 100 * SOL, "activating": 0, "slot": 1, "looked_at": NOON}
    StakeEpoch.objects.create(validator=first, epoch=990, deactivating=34 * SOL, **looked)
    StakeEpoch.objects.create(validator=plain, epoch=990, deactivating=9 * SOL, **looked)
    # What left with an earlier epoch is gone.
    StakeEpoch.objects.create(validator=plain, epoch=989, deactivating=90 * SOL, **looked)

    listed = {one["vote_account"]: one["flags"] for one in get(client, "validators")["items"]}

    assert [(one["code"], one["epoch"], one["to"], one["sentence"]) for one in listed["vote1"]] == [
        (
            "mev_commission_all", 989, 1.0,
            "It keeps all of the tips, and stakers get none of them, as its tip account of epoch 989 says.",
        ),
        (
            "stake_leaving", 990, None,
            "34 SOL of its stake (34.00 %) leave with the end of epoch 990, as its stake accounts told "
            "2026-11-23 12:00 UTC.",
        ),
        (
            "operator_large", 990, None,
            "Its operator (key) runs 2 validators with 50.00 % of the stake. Shared with others of them: "
            "withdraw authority, as read in epoch 990.",
        ),
    ]  # fmt: skip
    assert [one["code"] for one in listed["vote2"]] == ["mev_commission_high", "operator_large"]
    assert listed["vote3"] == []
    codes = ("mev_commission_all", "mev_commission_high", "stake_leaving", "operator_large")
    assert [found(client, f"flag={code}") for code in codes] == [
        ["vote1"], ["vote2"], ["vote1"], ["vote1", "vote2"],
    ]  # fmt: skip
    assert found(client, "flagged=false") == ["vote3"]
    content = page(client, "/validators/vote1/")
    assert "keeps all tips stake leaves large operator" in words(content)
    assert 'title="34 SOL of its stake (34.00 %) leave with the end of epoch 990' in content
    compared = words(page(client, "/compare/?v=vote2&v=vote3"))
    assert "Flags keeps many tips large operator none" in compared


def test_every_code_is_in_the_glossary_and_in_the_openapi_document() -> None:
    glossary = GLOSSARY.read_text()
    schema = api.get_openapi_schema()

    assert [code for code in FlagCode if f"| `{code}` |" not in glossary] == []
    assert schema["components"]["schemas"]["FlagCode"]["enum"] == list(FlagCode)
    told = schema["components"]["schemas"]["FlagDocument"]["properties"]
    assert list(told) == ["code", "epoch", "since_epoch", "from", "to", "sentence"]
    assert set(LABELS) == set(FlagCode)
