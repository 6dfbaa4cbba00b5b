"""The API's list of validators, narrowed, in any order, page by page."""

import base64
import json
from typing import Any

import pytest
from django.test import Client

from tests.validators.api.test_validators import SORTS, ended_epoch, names
from tests.validators.asking import get
from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?search=blue", ["Vote2"]),
        ("?search=vOTE2", ["Vote2"]),
        ("?search=node3", ["vote3"]),
        ("?search=+vote2%20", ["Vote2"]),
        ("?search=%25", []),
        ("?min_stake=3000000000", ["vote4", "vote3"]),
        ("?max_commission=0.05", ["vote1", "vote4"]),
        ("?max_mev_commission=0.08", ["vote1"]),
        ("?min_total_apy=0.0571", ["vote1"]),
        ("?min_score=60", ["vote1"]),
        ("?client=agave", ["Vote2"]),
        ("?version=4.2.1", ["vote3"]),
        ("?delinquent=true", ["vote3"]),
        ("?superminority=true", ["vote4"]),
        ("?superminority=true&delinquent=true", []),
        ("?left=true", ["vote5"]),
    ],
)
def test_a_list_is_narrowed(client: Client, query: str, found: list[str]) -> None:
    fetch()
    added = {"mev_apy": 0.0051, "shared_apy": 0.0, "block_apy": 0.0, "mev_commission_bps": 800}
    first = validator(1, apy=0.052, **added)
    second = validator(
        2, vote_account="Vote2", name="Blue Lagoon", client="agave", commission_bps=501, apy=0.9
    )
    validator(3, delinquent=True, commission_bps=None, version="4.2.1")
    validator(4, superminority=True, commission_bps=0)
    validator(5, left_at=NOON)
    scoring_run([(first, 70), (second, 50)])

    assert names(client, query) == found


@pytest.mark.parametrize("sort", [f"{sign}{key}" for key in SORTS for sign in ("", "-")])
def test_pages_of_any_order_show_every_validator_once_with_the_unknown_last(
    client: Client, sort: str
) -> None:
    fetch()
    made = [
        validator(
            number,
            # Pairs are equal, and of the third pair nothing is known.
            name=f"name{number // 2}" if number // 2 != 2 else "",
            commission_bps=None if number // 2 == 2 else number // 2,
            apy=None if number // 2 == 2 else number // 2 / 10,
            version="" if number // 2 == 2 else f"{number // 2}.0.0",
            leader_slots=None if number // 2 == 2 else 4,
            blocks_produced=None if number // 2 == 2 else number // 2,
        )
        for number in range(10)
    ]
    for one in made:
        if one.apy is not None:
            ended_epoch(one, 1 - one.apy)
    scoring_run([(one, 50) for one in made if one.apy is not None])
    key = {"stake": "activated_stake"}.get(sort.removeprefix("-"), sort.removeprefix("-"))

    pages: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        reply = get(client, f"validators?sort={sort}&limit=3{cursor and '&cursor=' + cursor}")
        pages.append(reply["items"])
        cursor = reply["next_cursor"]

    listed = [item for page in pages for item in page]
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    assert {item["vote_account"] for item in listed} == {one.vote_account for one in made}
    known = [item[key] for item in listed if item[key] is not None]
    known = list(map(int, known)) if key == "activated_stake" else known
    assert known == sorted(known, reverse=sort.startswith("-"))
    assert [item[key] for item in listed[len(known) :]] == [None] * (10 - len(known))


@pytest.mark.parametrize("sort", [f"{sign}{key}" for key in SORTS for sign in ("", "-")])
def test_equals_come_by_vote_account_whichever_a_database_saw_first(client: Client, sort: str) -> None:
    fetch()
    # Capitals come before small letters, in whatever language a database sorts.
    accounts = ["vote2", "Vote9", "vote1", "Vote3", "voteA", "votea"]
    made = [
        validator(number, vote_account=account, activated_stake=SOL, apy=0.05, name="one", version="4.2.1")
        for number, account in enumerate(accounts, start=1)
    ]
    run = scoring_run([(one, 90.0) for one in made])
    run.scores.update(rank=1)

    assert names(client, f"?sort={sort}") == sorted(accounts)
    cursor = get(client, f"validators?sort={sort}&limit=4")["next_cursor"]
    assert names(client, f"?sort={sort}&cursor={cursor}") == sorted(accounts)[4:]


def test_a_cursor_of_before_that_order_is_told_to_begin_anew(client: Client) -> None:
    fetch()
    scoring_run([(validator(1), 90.0), (validator(2), 80.0)])
    place = {"sort": "rank", "run": None, "epoch": None, "value": 1, "stake": 5, "key": 1}
    old = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")

    response = client.get(f"/api/v1/validators?cursor={old}")

    assert (response.status_code, response.json()["code"]) == (410, "expired_cursor")
    assert "begin anew" in response.json()["detail"]


def test_pages_behind_a_cursor_are_of_the_scores_of_the_first(client: Client) -> None:
    fetch()
    first, second, third = validator(1), validator(2), validator(3)
    scoring_run([(first, 90), (second, 80), (third, 70)])
    cursor = get(client, "validators?limit=2")["next_cursor"]
    newer = scoring_run([(third, 95), (second, 80), (first, 70)])

    assert names(client, f"?limit=2&cursor={cursor}") == ["vote3"]
    assert names(client, "?limit=2") == ["vote3", "vote2"]

    type(newer).objects.filter(pk__lt=newer.pk).delete()
    gone = client.get(f"/api/v1/validators?limit=2&cursor={cursor}")
    assert (gone.status_code, gone.json()["code"]) == (410, "expired_cursor")


def test_a_cursor_goes_with_no_other_method_than_that_of_its_scores(client: Client) -> None:
    fetch()
    one, other = validator(1), validator(2)
    scoring_run([(one, 90), (other, 80)], method="trust-v2")
    scoring_run([(one, 70), (other, 60)])
    cursor = get(client, "validators?limit=1&method=trust-v2")["next_cursor"]

    assert names(client, f"?limit=1&cursor={cursor}") == ["vote2"]
    assert names(client, f"?limit=1&method=trust-v2&cursor={cursor}") == ["vote2"]
    another = client.get(f"/api/v1/validators?limit=1&method=baseline-v1&cursor={cursor}")
    assert (another.status_code, another.json()["code"]) == (400, "invalid_cursor")
    assert another.json()["detail"] == "This cursor is of the scores of trust-v2, and not of baseline-v1."
