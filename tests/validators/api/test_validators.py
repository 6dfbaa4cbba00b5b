"""The API's list of validators: what is told of each, narrowed, in any order, page by page."""

from typing import Any

import pytest
from django.test import Client

from tests.validators.asking import NOON_TEXT, get
from tests.validators.rows import NOON, fetch, scoring_run, validator, vote_state
from validators.models import Validator, ValidatorEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SORTS = ("rank", "score", "name", "vote_performance", "commission", "stake", "apy", "skip_rate", "version")


def names(client: Client, query: str = "") -> list[str]:
    return [item["vote_account"] for item in get(client, f"validators{query}")["items"]]


def ended_epoch(voted: Validator, performance: float, *, epoch: int = 989, luck: float | None = None) -> None:
    """An epoch before the running one, in which this validator voted so well."""
    ValidatorEpoch.objects.create(
        validator=voted,
        epoch=epoch,
        credits=1,
        credits_unit="lamports",
        vote_performance=performance,
        leader_luck=luck,
        fetched_at=NOON,
    )


def flag(code: str, sentence: str, *, epoch: int | None = None) -> dict[str, Any]:
    unknown = dict.fromkeys(("since_epoch", "from", "to"))
    return {"code": code, "epoch": epoch, **unknown, "sentence": sentence}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("https://example.org/staking", "https://example.org/staking"),
        ("javascript:alert(1)", None),
        ("https://bank.example@evil.example/", None),
        ("example.org", None),
        ("", None),
    ],
)
def test_a_website_is_told_where_a_link_to_it_only_opens_the_page_that_one_reads(
    client: Client, written: str, told: str | None
) -> None:
    fetch()
    validator(1, website=written)

    assert get(client, "validators")["items"][0]["website"] == told
    assert get(client, "validators/vote1")["validator"]["website"] == told


def test_a_validator_is_listed_with_everything_known_of_it(client: Client) -> None:
    fetch()
    shown = validator(
        1,
        name="Blue Lagoon",
        website="https://example.org",
        commission_bps=750,
        activated_stake=2**60 + 1,
        apy=0.0712,
        apy_basis="realised",
        apy_epochs=7,
        leader_slots=8,
        production_epoch=990,
        blocks_produced=6,
        version="4.2.1",
        client="agave",
        version_current=True,
        superminority=True,
        commission_flags=["above 50 %"],
        root_slot=426_999_968,
        runs_jito=True,
        mev_commission_bps=800,
        mev_epoch=990,
        mev_apy=0.003,
        shared_apy=0.0,
        mev_apy_basis="realised",
        mev_apy_epochs=4,
        block_apy=0.0,
        address="192.0.2.1",
        address_epoch=990,
        network="AS64496",
        network_name="Some",
        country="DE",
        operator="owner",
    )
    ended_epoch(shown, 0.993, luck=1.21)
    vote_state(shown, after_next="out", reason="no BLS key", epochs_paid=2)
    scoring_run([(shown, 98.765)])

    assert get(client, "validators") == {
        "as_of": NOON_TEXT,
        "epoch": 990,
        "method": "baseline-v1",
        "version": "2",
        "scored_at": NOON_TEXT,
        "items": [
            {
                "vote_account": "vote1",
                "identity": "node1",
                "name": "Blue Lagoon",
                "name_mark": None,
                "website": "https://example.org",
                "rank": 1,
                "score": 98.765,
                "vote_performance": 0.993,
                "commission": 0.075,
                "activated_stake": "1152921504606846977",
                "apy": 0.0712,
                "apy_basis": "realised",
                "apy_epochs": 7,
                "skip_rate": 0.25,
                "leader_slots": 8,
                "skip_rate_epoch": 990,
                "version": "4.2.1",
                "client": "agave",
                "version_current": True,
                "delinquent": False,
                "superminority": True,
                "commission_flags": ["above 50 %"],
                "last_vote": 427_000_000,
                "root_slot": 426_999_968,
                "first_seen_at": NOON_TEXT,
                "last_seen_at": NOON_TEXT,
                "left_at": None,
                "leader_luck": 1.21,
                "admission": {
                    "status": "out",
                    "next_epoch": True,
                    "after_next": False,
                    "reason": "no BLS key",
                    "epochs_paid": 2,
                },
                "risk": None,
                "risk_low": None,
                "risk_high": None,
                "risk_ten_epochs": None,
                "reward_of_100_sol": "7120000000",
                "flags": [
                    flag("commission_above_half", "Commission: above 50 %, in an epoch that is not known."),
                    flag("superminority", "One of the fewest that hold more than a third of the stake."),
                    flag("not_admitted_after_next", "It will not vote in epoch 992: no BLS key.", epoch=992),
                ],
                "first_epoch": 989,
                "epochs_known": 1,
                "runs_jito": True,
                "mev_commission": 0.08,
                "mev_epoch": 990,
                "mev_apy": 0.003,
                "shared_apy": 0.0,
                "mev_apy_basis": "realised",
                "mev_apy_epochs": 4,
                "block_apy": 0.0,
                "total_apy": 0.0712 + 0.003,
                "address": "192.0.2.1",
                "address_epoch": 990,
                "network": "AS64496",
                "network_name": "Some",
                "country": "DE",
                "operator": "owner",
            }
        ],
        "unknown": [],
        "next_cursor": None,
    }


def test_unknown_is_null(client: Client) -> None:
    fetch()
    validator(1, commission_bps=None, leader_slots=0, blocks_produced=0)

    [item] = get(client, "validators")["items"]

    unknown = {name for name, value in item.items() if value is None}
    assert unknown == {
        "name",
        "name_mark",
        "website",
        "rank",
        "score",
        "vote_performance",
        "commission",
        "apy",
        "apy_basis",
        "apy_epochs",
        "leader_luck",
        "skip_rate",
        "skip_rate_epoch",
        "version",
        "client",
        "version_current",
        "root_slot",
        "left_at",
        "first_epoch",
        "risk",
        "risk_low",
        "risk_high",
        "risk_ten_epochs",
        "reward_of_100_sol",
        "runs_jito",
        "mev_commission",
        "mev_epoch",
        "mev_apy",
        "shared_apy",
        "mev_apy_basis",
        "mev_apy_epochs",
        "block_apy",
        "total_apy",
        *("address", "address_epoch", "network", "network_name", "country", "operator"),
    }
    nothing_told = dict.fromkeys(("next_epoch", "after_next", "reason", "epochs_paid"))
    assert item["admission"] == {"status": "unknown", **nothing_told}


def test_a_risk_is_told_with_its_range_and_with_that_of_ten_epochs(client: Client) -> None:
    fetch()
    run = scoring_run([(validator(1), 90.0)], method="trust-v2")
    run.scores.update(components={"risk": 0.05, "risk_low": 0.01, "risk_high": 0.2})

    [listed] = get(client, "validators?method=trust-v2")["items"]
    alone = get(client, "validators/vote1?method=trust-v2")["validator"]

    told = ("risk", "risk_low", "risk_high", "risk_ten_epochs")
    assert [listed[name] for name in told] == [0.05, 0.01, 0.2, 0.293]
    assert [alone[name] for name in told] == [0.05, 0.01, 0.2, 0.293]


def test_before_the_first_fetch_the_replies_are_empty_and_say_so(client: Client) -> None:
    nothing = {"as_of": None, "epoch": None, "method": None, "version": None}

    nobody: dict[str, Any] = {"unknown": [], "items": [], "next_cursor": None}
    assert get(client, "validators") == {**nothing, "scored_at": None, **nobody}
    assert get(client, "cluster") == {**nothing, "cluster": None}
    assert get(client, "schedules") == {**nothing, "items": [], "next_cursor": None}


def test_a_vote_performance_is_of_the_newest_ended_epoch_that_is_judged(client: Client) -> None:
    """The running one is left out, and so is an ended one whose blocks nobody has counted yet."""
    fetch()
    first, second = validator(1), validator(2)
    for one in (first, second):
        ended_epoch(one, 0.5, epoch=990)
        ended_epoch(one, 0.6, epoch=987)
    ended_epoch(first, 0.7, epoch=988, luck=0.9)

    listed = {item["vote_account"]: item for item in get(client, "validators")["items"]}

    assert (listed["vote1"]["vote_performance"], listed["vote1"]["leader_luck"]) == (0.7, 0.9)
    # Judged or not, nobody is shown an epoch of its own.
    assert (listed["vote2"]["vote_performance"], listed["vote2"]["leader_luck"]) == (None, None)


def test_an_epoch_judged_long_ago_says_nothing_of_today(client: Client) -> None:
    fetch()
    ended_epoch(validator(1), 0.6, epoch=986)

    assert get(client, "validators")["items"][0]["vote_performance"] is None
