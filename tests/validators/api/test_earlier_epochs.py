"""The list as an earlier epoch left it: of what is stored of that epoch, and of nothing since."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.validators.asking import NOON_TEXT, get
from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator, vote_state
from validators.api import included_documents
from validators.models import ClusterEpoch, Validator

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def did(of: Validator, epoch: int, **fields: Any) -> None:
    given = {"credits": 1, "credits_unit": "vote_credits", "fetched_at": NOON}
    of.epochs.create(epoch=epoch, **(given | fields))


@pytest.fixture
def today() -> list[Validator]:
    """Three in epoch 980, of which one has left since; another came later. Today all is otherwise."""
    fetch(epoch=980)
    fetch()
    flags = ["above 50 %", "crossed 10 % upward"]
    first = validator(1, name="Lagoon", commission_bps=9_000, apy=0.07, commission_flags=flags)
    second, gone, late = validator(2, superminority=True), validator(3, left_at=NOON), validator(4)
    vote_state(first, after_next="out")
    commission = {"commission_source": "imported"}
    for epoch, bps in ((970, 500), (980, 2_000), (985, 9_000)):
        same = dict.fromkeys(("commission_first_bps", "commission_last_bps"), bps)
        extremes = dict.fromkeys(("commission_min_bps", "commission_max_bps"), bps)
        then = {"identity": "oldnode", "version": "3.0.0", "client": "agave", "activated_stake": 5 * SOL}
        performed = {"vote_performance": 0.9, "skip_rate": 0.5, "leader_slots": 4, "delinquent_at_end": True}
        did(first, epoch, **commission, **same, **extremes, **then, **performed)
    did(second, 980)
    did(gone, 980, activated_stake=7 * SOL, delinquent_at_end=False)
    did(late, 985)
    ClusterEpoch.objects.create(epoch=980, credits_unit="vote_credits", superminority=["vote3"])
    scoring_run([(second, 40), (first, 30)], epoch=980)
    run = scoring_run([(gone, 90), (first, 80)], epoch=980)
    run.scores.update(components={**run.scores.all()[0].components, "risk": 0.25})
    scoring_run([(late, 99), (first, 1)], epoch=990)
    return [first, second, gone, late]


@pytest.mark.usefixtures("today")
def test_it_is_of_that_epoch_and_its_last_scores_and_what_was_not_stored_is_null(client: Client) -> None:
    reply = get(client, "validators?epoch=980")

    assert included_documents.ValidatorList.model_validate(reply)
    items = reply.pop("items")
    assert reply == {
        "as_of": NOON_TEXT,
        "epoch": 980,
        "method": "baseline-v1",
        "version": "2",
        "scored_at": NOON_TEXT,
        "unknown": [],
        "next_cursor": None,
    }
    assert [(item["vote_account"], item["rank"], item["score"]) for item in items] == [
        ("vote3", 1, 90.0),
        ("vote1", 2, 80.0),
        ("vote2", None, None),
    ]
    first = items[1]
    assert {name: value for name, value in first.items() if value is not None and name != "flags"} == {
        "vote_account": "vote1",
        "identity": "oldnode",
        "name": "Lagoon",
        "rank": 2,
        "score": 80.0,
        "vote_performance": 0.9,
        "commission": 0.2,
        "activated_stake": str(5 * SOL),
        "skip_rate": 0.5,
        "skip_rate_epoch": 980,
        "leader_slots": 4,
        "version": "3.0.0",
        "client": "agave",
        "delinquent": True,
        "superminority": False,
        "commission_flags": ["crossed 10 % upward"],
        "first_seen_at": NOON_TEXT,
        "admission": {
            "status": "unknown",
            **dict.fromkeys(("next_epoch", "after_next", "reason", "epochs_paid")),
        },
        "risk": 0.25,
        "risk_ten_epochs": first["risk_ten_epochs"],
        "first_epoch": 970,
        "epochs_known": 2,
    }
    assert [(flag["code"], flag["epoch"]) for flag in first["flags"]] == [
        ("commission_crossed_ten_percent", 980)
    ]
    assert [flag["code"] for flag in items[0]["flags"]] == ["superminority"]


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("max_commission=0.2", ["vote1"]),
        ("min_stake=7000000000", ["vote3"]),
        ("delinquent=false", ["vote3"]),
        ("superminority=true", ["vote3"]),
        ("client=agave&version=3.0.0", ["vote1"]),
        ("min_score=85", ["vote3"]),
        ("search=oldn", ["vote1"]),
        ("search=lagoon", ["vote1"]),
        ("identity=oldnode", ["vote1"]),
        ("sort=stake", ["vote1", "vote3", "vote2"]),
        ("sort=-stake", ["vote3", "vote1", "vote2"]),
    ],
)
def test_it_is_narrowed_and_ordered_by_what_was_then(client: Client, query: str, found: list[str]) -> None:
    items = get(client, f"validators?epoch=980&{query}")["items"]

    assert [item["vote_account"] for item in items] == found


@pytest.mark.usefixtures("today")
def test_keys_without_a_row_in_that_epoch_are_named(client: Client) -> None:
    reply = get(client, "validators?epoch=980&vote_account=vote1,vote4,nobody&identity=oldnode,node1")

    assert [item["vote_account"] for item in reply["items"]] == ["vote1"]
    assert reply["unknown"] == ["vote4", "nobody", "node1"]


def test_pages_stay_as_they_are_whatever_comes_after(client: Client, today: list[Validator]) -> None:
    for sort in ("rank", "-stake", "name", "vote_performance"):
        whole = [item["vote_account"] for item in get(client, f"validators?epoch=980&sort={sort}")["items"]]
        shown: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            reply = get(client, f"validators?epoch=980&sort={sort}&limit=1{cursor and '&cursor=' + cursor}")
            shown += [item["vote_account"] for item in reply["items"]]
            assert reply["epoch"] == 980
            cursor = reply["next_cursor"]
            scoring_run([(today[0], 100)], epoch=980)
        assert shown == whole

    given = get(client, "validators?epoch=980&limit=1")["next_cursor"]
    for other in ("", "&epoch=985"):
        assert client.get(f"/api/v1/validators?limit=1&cursor={given}{other}").status_code == 400


@pytest.mark.usefixtures("today")
def test_an_epoch_that_is_not_stored_is_a_404_that_says_which_are(client: Client) -> None:
    response = client.get("/api/v1/validators?epoch=5")

    assert (response.status_code, response.json()["code"]) == (404, "unknown_epoch")
    assert response.json()["detail"].endswith("Stored are: 970, 980, 985.")


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            "epoch=980&version=3.0.1",
            "version: There is no version “3.0.1”; did you mean 3.0.0? There are: 3.",
        ),
        ("version=3.0.0", "version: There is no version “3.0.0”"),
    ],
)
def test_a_version_that_nobody_ran_then_is_refused_with_those_of_then(
    client: Client, query: str, told: str
) -> None:
    response = client.get(f"/api/v1/validators?{query}")

    assert response.status_code == 422
    assert response.json()["detail"].startswith(told)


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize("query", ["flagged=false", "flag=superminority", "left=true", "sort=-apy"])
def test_what_is_known_of_the_present_alone_is_not_asked_of_the_past(client: Client, query: str) -> None:
    response = client.get(f"/api/v1/validators?epoch=980&{query}")

    assert response.status_code == 422
    assert response.json()["detail"].startswith(query.partition("=")[0])


@pytest.mark.usefixtures("today")
def test_parts_and_epochs_are_of_then_too_and_csv_is_the_same(client: Client) -> None:
    address = "validators?epoch=980&vote_account=vote1&include=parts,epochs:5"

    [item] = get(client, address)["items"]
    text = client.get(f"/api/v1/{address}&format=csv")

    assert [epoch["epoch"] for epoch in item["epochs"]] == [980, 970]
    assert item["parts"]
    assert text.headers["Epoch"] == "980"
    assert '"oldnode"' in text.content.decode()


@pytest.mark.parametrize("size", [1, 40])
def test_it_asks_as_many_questions_for_many_as_for_few(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, size: int
) -> None:
    fetch()
    for number in range(size):
        did(validator(number, commission_flags=["above 50 %"]), 980)
    ClusterEpoch.objects.create(epoch=980, credits_unit="vote_credits", superminority=["vote0"])

    # When the next job is due, the version; whether it is stored, run, fetch, superminority, the rows;
    # of each the flags (three) and the epochs known.
    with django_assert_num_queries(13):
        assert len(get(client, "validators?epoch=980")["items"]) == size


@pytest.mark.usefixtures("today")
def test_the_superminority_of_then_is_in_the_list_and_of_a_row_only_where_jitos_history_was_read(
    client: Client,
) -> None:
    rows = {one["vote_account"]: one for one in get(client, "validators?epoch=980")["items"]}
    [row] = [one for one in get(client, "validators/vote3/epochs")["items"] if one["epoch"] == 980]
    document = client.get("/api/openapi.json").json()
    field = document["components"]["schemas"]["EpochDocument"]["properties"]["superminority"]

    assert (rows["vote3"]["superminority"], row["superminority"]) == (True, None)
    assert "null of each epoch that only this installation saw" in field["description"]
    assert "/api/v1/validators?epoch=" in field["description"]
