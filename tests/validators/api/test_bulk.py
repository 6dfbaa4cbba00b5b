"""Many validators at once: by keys, and with what explains each, in as many questions as for one."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.validators.asking import get
from tests.validators.pasts import past
from tests.validators.rows import NOON, fetch, scoring_run, validator, vote_state
from validators.api import included_documents
from validators.models import ClusterEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def keys(reply: Any) -> list[str]:
    return sorted(item["vote_account"] for item in reply["items"])


def test_those_named_are_told_of_whether_they_left_or_not_and_unknown_ones_are_named(client: Client) -> None:
    fetch()
    validator(1)
    validator(2, left_at=NOON)
    validator(3)

    by_commas = get(client, "validators?vote_account=vote1,vote2,nobody&vote_account=vote1")
    repeated = get(client, "validators?vote_account=vote1&vote_account=vote2&vote_account=nobody")

    assert (keys(by_commas), by_commas["unknown"]) == (["vote1", "vote2"], ["nobody"])
    assert repeated == by_commas
    assert keys(get(client, "validators?vote_account=vote1,vote2&left=false")) == ["vote1"]
    # Left out by another filter is not unknown.
    narrowed = get(client, "validators?vote_account=vote1,vote3&max_commission=0.01")
    assert (keys(narrowed), narrowed["unknown"]) == ([], [])


def test_an_identity_finds_all_its_vote_accounts(client: Client) -> None:
    fetch()
    for number in (1, 2, 3):
        validator(number, identity="one" if number < 3 else "other")

    reply = get(client, "validators?identity=one,nobody")

    assert (keys(reply), reply["unknown"]) == (["vote1", "vote2"], ["nobody"])
    alone = client.get("/api/v1/validators/one")
    assert (alone.status_code, alone.json()["code"]) == (404, "unknown_validator")
    assert alone.json()["detail"].endswith("It is the identity of vote1, vote2.")


def test_a_reply_holds_all_that_were_named_unless_a_limit_says_otherwise(client: Client) -> None:
    fetch()
    for number in range(120):
        validator(number)
    named = ",".join(f"vote{number}" for number in range(120))

    assert len(get(client, f"validators?vote_account={named}")["items"]) == 120
    page = get(client, f"validators?vote_account={named}&limit=50")
    assert len(page["items"]) == 50
    assert page["next_cursor"]
    assert len(get(client, "validators")["items"]) == 100


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("vote_account=", "names nothing"),
        ("identity=,,", "names nothing"),
        ("vote_account=a%00", "vote_account"),
        (f"vote_account={','.join(f'v{number}' for number in range(201))}", "at most 200"),
        (
            "include=part",
            "include: There is no “part”; did you mean parts? There are: parts, risk, pools, ",
        ),
        ("include=epochs:0", "epochs:1"),
        ("include=epochs:101", "epochs:1"),
        ("include=parts&limit=201", "at most 200"),
        ("max_commission=5", "it is a fraction: 0.05 for 5 %"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_there_is(client: Client, query: str, said: str) -> None:
    fetch()
    response = client.get(f"/api/v1/validators?{query}")

    assert response.status_code == 422
    assert said in response.json()["detail"]


def test_the_most_is_among_those_found(client: Client) -> None:
    fetch()
    validator(1, commission_bps=500)
    validator(2, commission_bps=501)

    assert keys(get(client, "validators?max_commission=0.05")) == ["vote1"]
    assert len(get(client, "validators?max_commission=1")["items"]) == 2


def explained_cluster(size: int) -> None:
    fetch()
    scored = []
    for number in range(size):
        one = validator(number, commission_flags=["above 50 %"], superminority=True)
        vote_state(one)
        for epoch in range(3):
            one.epochs.create(epoch=epoch, credits=1, credits_unit="vote_credits", fetched_at=NOON)
        scored.append((one, 50.0))
    ClusterEpoch.objects.create(epoch=990, credits_unit="vote_credits", superminority=["vote0"])
    run = scoring_run(scored)
    run.scores.update(components={**run.scores.all()[0].components, "risk": 0.05, "risk_low": 0.01})


@pytest.mark.parametrize("size", [1, 50])
def test_explaining_fifty_takes_one_request_and_as_many_questions_as_one(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, size: int
) -> None:
    explained_cluster(size)
    named = ",".join(f"vote{number}" for number in range(size))

    # As the list; which keys are known; steps of commissions and their epochs, summed up and since, who is
    # in the superminority, whose stake leaves and whose operator holds much; epochs and their tips.
    with django_assert_num_queries(20):
        reply = get(client, f"validators?vote_account={named}&include=parts,risk,pools,epochs:2")

    assert included_documents.ValidatorList.model_validate(reply)
    assert len(reply["items"]) == size
    for item in reply["items"]:
        assert sum(part["points"] for part in item["parts"]) == pytest.approx(93.7)
        assert [epoch["epoch"] for epoch in item["epochs"]] == [2, 1]
        assert item["risk_explained"] == {
            "sentence": "baseline-v1 gives it 50.00 of 100 points.",
            "next": "5.0 %",
            "low": "1.0 %",
            "high": "5.0 %",
            "within_ten_epochs": "29 %",
        }
        assert (item["first_epoch"], item["epochs_known"]) == (0, 3)


def test_one_validator_and_csv_are_told_the_same(client: Client) -> None:
    explained_cluster(2)

    [listed] = get(client, "validators?vote_account=vote1&include=parts,epochs:1")["items"]
    alone = get(client, "validators/vote1?include=parts,epochs:1")["validator"]
    text = client.get("/api/v1/validators?vote_account=vote1&include=parts,epochs:1&format=csv")
    [row] = csv.DictReader(io.StringIO(text.content.decode()))

    assert alone | listed == alone
    assert json.loads(row["parts"]) == listed["parts"]
    assert json.loads(row["epochs"]) == listed["epochs"]
    assert json.loads(row["flags"]) == listed["flags"]
    assert "risk_explained" not in row
    assert text.headers["Unknown"] == "[]"


def test_nothing_known_of_its_past_is_told_as_such(client: Client) -> None:
    fetch()
    validator(1)
    past(validator(2), epochs=2)

    told = {one["vote_account"]: one for one in get(client, "validators?include=epochs,risk,parts")["items"]}

    assert (told["vote1"]["first_epoch"], told["vote1"]["epochs_known"], told["vote1"]["epochs"]) == (
        None,
        0,
        [],
    )
    assert (told["vote1"]["parts"], told["vote1"]["risk_explained"]) == ([], None)
    assert (told["vote2"]["first_epoch"], told["vote2"]["epochs_known"]) == (0, 2)
