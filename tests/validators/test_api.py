"""The API: validators, their scores and the cluster."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.scheduling.factories import JobFactory, ScheduleFactory
from tests.validators.pasts import past
from tests.validators.rows import COMPONENTS, NOON, SOL, fetch, scoring_run, validator
from validators.api import documents
from validators.models import ClusterEpoch, DelinquencyIncident, SourceState, Validator, ValidatorEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOON_TEXT = "2026-11-23T12:00:00Z"


def get(client: Client, address: str, **headers: str) -> Any:
    response = client.get(f"/api/v1/{address}", headers=headers)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def names(client: Client, query: str = "") -> list[str]:
    return [item["vote_account"] for item in get(client, f"validators{query}")["items"]]


def ended_epoch(scored: Validator, *, credits: int, mean: float) -> None:
    """The epoch before the running one, in which this validator earned so much."""
    ClusterEpoch.objects.get_or_create(epoch=989, credits_unit="vote_credits", mean_credits=mean)
    ValidatorEpoch.objects.create(
        validator=scored, epoch=989, credits=credits, credits_unit="vote_credits", fetched_at=NOON
    )


def test_a_validator_is_listed_with_everything_known_of_it(client: Client) -> None:
    fetch()
    shown = validator(
        1,
        name="Blue Lagoon",
        website="https://example.org",
        commission_bps=750,
        activated_stake=2**60 + 1,
        apy=0.0712,
        leader_slots=8,
        blocks_produced=6,
        version="4.2.1",
        client="agave",
        version_current=True,
        superminority=True,
        commission_flags=["above 50 %"],
        root_slot=426_999_968,
    )
    ended_epoch(shown, credits=6_800_000, mean=6_850_000.0)
    scoring_run([(shown, 98.765)])

    assert get(client, "validators") == {
        "as_of": NOON_TEXT,
        "epoch": 990,
        "method": "baseline-v1",
        "version": "1",
        "scored_at": NOON_TEXT,
        "items": [
            {
                "vote_account": "vote1",
                "identity": "node1",
                "name": "Blue Lagoon",
                "website": "https://example.org",
                "rank": 1,
                "score": 98.765,
                "vote_performance": pytest.approx(6_800_000 / 6_850_000),
                "commission": 0.075,
                "activated_stake": "1152921504606846977",
                "apy": 0.0712,
                "skip_rate": 0.25,
                "leader_slots": 8,
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
            }
        ],
        "next_cursor": None,
    }


def test_unknown_is_null(client: Client) -> None:
    fetch()
    validator(1, commission_bps=None, leader_slots=0, blocks_produced=0)

    [item] = get(client, "validators")["items"]

    unknown = {name for name, value in item.items() if value is None}
    assert unknown == {
        "name",
        "website",
        "rank",
        "score",
        "vote_performance",
        "commission",
        "apy",
        "skip_rate",
        "version",
        "client",
        "version_current",
        "root_slot",
        "left_at",
    }


def test_before_the_first_fetch_the_replies_are_empty_and_say_so(client: Client) -> None:
    nothing = {"as_of": None, "epoch": None, "method": None, "version": None}

    assert get(client, "validators") == {**nothing, "scored_at": None, "items": [], "next_cursor": None}
    assert get(client, "cluster") == {**nothing, "cluster": None}
    assert get(client, "schedules") == {**nothing, "items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?search=blue", ["Vote2"]),
        ("?search=vOTE2", ["Vote2"]),
        ("?search=node3", ["vote3"]),
        ("?search=%25", []),
        ("?min_stake=3000000000", ["vote4", "vote3"]),
        ("?max_commission=0.05", ["vote1", "vote4"]),
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
    first = validator(1)
    second = validator(2, vote_account="Vote2", name="Blue Lagoon", client="agave", commission_bps=501)
    validator(3, delinquent=True, commission_bps=None, version="4.2.1")
    validator(4, superminority=True, commission_bps=0)
    validator(5, left_at=NOON)
    scoring_run([(first, 70), (second, 50)])

    assert names(client, query) == found


SORTS = ("rank", "score", "name", "vote_performance", "commission", "stake", "apy", "skip_rate", "version")


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
            ended_epoch(one, credits=int(one.apy * 10) + 1, mean=3.0)
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


@pytest.mark.parametrize("cursor", ["x", "", "e30", "bnVsbA", "W10", "!!!!", "a" * 1_001, "%00", "🦀"])
def test_a_cursor_that_is_none_is_refused(client: Client, cursor: str) -> None:
    for address in ("validators", "cluster/epochs", "scoring-runs", "runs"):
        response = client.get(f"/api/v1/{address}?cursor={cursor}")
        assert response.status_code in (400, 422)
        assert set(response.json()) == {"detail", "code"}


def test_a_cursor_of_another_order_is_refused(client: Client) -> None:
    fetch()
    for number in range(3):
        validator(number, name=f"name{number}")
    cursor = get(client, "validators?limit=1&sort=name")["next_cursor"]

    response = client.get(f"/api/v1/validators?limit=1&sort=stake&cursor={cursor}")

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")


def test_a_validator_that_left_is_still_told_of_with_what_happened_to_it(client: Client) -> None:
    fetch()
    gone = validator(1, left_at=NOON, details="We validate", keybase="lagoon")
    past(gone, epochs=1)
    DelinquencyIncident.objects.create(validator=gone, started_at=NOON, start_epoch=990)

    reply = get(client, "validators/vote1")

    detail = reply["validator"]
    assert documents.ValidatorReply.model_validate(reply)
    assert detail["left_at"] == NOON_TEXT
    assert (detail["details"], detail["keybase"]) == ("We validate", "lagoon")
    assert detail["incidents"] == [
        {"started_at": NOON_TEXT, "ended_at": None, "start_epoch": 990, "fetches": 1}
    ]
    assert detail["commission_changes"] == [
        {
            "seen_at": NOON_TEXT,
            "epoch": 0,
            "from_commission": 0.05,
            "to_commission": 0.1,
            "applies_from_epoch": 2,
        }
    ]


def test_epochs_come_newest_first_and_in_pages(client: Client) -> None:
    fetch()
    shown = validator(1)
    past(shown, epochs=3)
    ClusterEpoch.objects.create(epoch=2, credits_unit="vote_credits", mean_credits=13_800_004.0)

    reply = get(client, "validators/vote1/epochs?limit=2")
    rest = get(client, f"validators/vote1/epochs?limit=2&cursor={reply['next_cursor']}")

    assert documents.EpochList.model_validate(reply)
    assert reply["vote_account"] == "vote1"
    assert [item["epoch"] for item in reply["items"]] == [2, 1]
    assert reply["items"][0]["credits"] == "6900002"
    assert reply["items"][0]["vote_performance"] == 0.5
    assert reply["items"][1]["vote_performance"] is None
    assert [item["epoch"] for item in rest["items"]] == [0]
    assert rest["next_cursor"] is None


def test_the_newest_score_comes_with_what_it_is_made_of(client: Client) -> None:
    fetch()
    shown, unscored = validator(1), validator(2)
    scoring_run([(shown, 10)])
    run = scoring_run([(shown, 98.5)])

    reply = get(client, "validators/vote1/score")

    assert documents.ScoreReply.model_validate(reply)
    parts = reply["score"].pop("parts")
    assert sum(part["points"] for part in parts) == pytest.approx(93.7)
    assert all(part["sentence"] for part in parts)
    assert reply["score"] == {
        "scoring_run": run.pk,
        "scored_at": NOON_TEXT,
        "epoch": 990,
        "method": "baseline-v1",
        "version": "1",
        "score": 98.5,
        "rank": 1,
        "components": COMPONENTS,
    }
    assert get(client, f"validators/{unscored.vote_account}/score")["score"] is None


def test_the_score_history_is_of_one_method_newest_first(client: Client) -> None:
    fetch()
    shown = validator(1)
    scoring_run([(shown, 10)], at=NOON)
    scoring_run([(shown, 33)], method="another", version="7")
    scoring_run([(shown, 20)], at=NOON + timedelta(seconds=30))

    reply = get(client, "validators/vote1/scores")
    other = get(client, "validators/vote1/scores?method=another")

    assert documents.ScoreList.model_validate(reply)
    assert [item["score"] for item in reply["items"]] == [20, 10]
    assert [item["score"] for item in other["items"]] == [33]
    assert (other["method"], other["version"]) == ("another", "7")
    assert get(client, "validators?method=another")["items"][0]["score"] == 33


def test_the_cluster_is_told_with_the_age_of_each_source(client: Client) -> None:
    fetch()
    row = {
        "total_stake": 3 * SOL,
        "validators": 2,
        "staked": 2,
        "superminority_size": 1,
        "superminority": ["vote1"],
        "stake_by_client": {"agave": 3 * SOL},
        "stake_by_version": {"4.2.1": 3 * SOL},
        "total_supply": 2**61,
        "inflation_validator": 0.04,
    }
    ClusterEpoch.objects.create(epoch=990, credits_unit="vote_credits", **row)
    ClusterEpoch.objects.create(epoch=989, credits_unit="vote_credits")
    SourceState.objects.create(source="votes", last_success_at=NOON, last_attempt_at=NOON, last_error="cut")

    reply = get(client, "cluster")

    assert documents.ClusterReply.model_validate(reply)
    cluster = reply["cluster"]
    assert cluster["total_stake"] == "3000000000"
    assert cluster["total_supply"] == str(2**61)
    assert cluster["stake_by_client"] == {"agave": "3000000000"}
    assert cluster["sources"] == [
        {"source": "votes", "last_success_at": NOON_TEXT, "last_attempt_at": NOON_TEXT, "failing": True}
    ]
    assert [item["epoch"] for item in get(client, "cluster/epochs")["items"]] == [990, 989]


def test_scoring_runs_of_every_kind_are_listed(client: Client) -> None:
    fetch()
    scoring_run([(validator(1), 50)])
    scoring_run([], status="failed", reason="ValueError: bad\nTraceback …")

    reply = get(client, "scoring-runs")

    assert documents.ScoringRunList.model_validate(reply)
    assert [(item["status"], item["reason"], item["scored"]) for item in reply["items"]] == [
        ("failed", "ValueError: bad", 0),
        ("completed", None, 1),
    ]


@pytest.mark.parametrize("address", ["validators/nobody", "validators/nobody/epochs", "validators/x/score"])
def test_an_unknown_validator_is_a_404_for_programs_too(client: Client, address: str) -> None:
    response = client.get(f"/api/v1/{address}")

    assert response.status_code == 404
    assert response.json()["code"] == "unknown_validator"


def test_a_list_is_csv_when_asked_for(client: Client) -> None:
    fetch()
    for number in range(3):
        validator(number)

    response = client.get("/api/v1/validators?limit=2&sort=stake&format=csv")

    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["As-Of"] == NOON_TEXT
    assert response.headers["Epoch"] == "990"
    assert [row["vote_account"] for row in rows] == ["vote0", "vote1"]
    assert (rows[1]["activated_stake"], rows[1]["delinquent"], rows[1]["score"]) == (
        "1000000000",
        "false",
        "",
    )
    following = response.headers["Link"].partition(">")[0].removeprefix("<")
    assert client.get(following).content.decode().count("vote2") == 1
    accepted = client.get("/api/v1/validators", headers={"Accept": "text/csv"})
    assert accepted.headers["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_name_is_no_formula_in_a_spreadsheet(client: Client, start: str) -> None:
    fetch()
    hostile = f"{start}cmd|'/c calc'!A1"
    validator(1, name=hostile, version=hostile, client=hostile)

    text = client.get("/api/v1/validators?format=csv").content.decode()

    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row["name"] == row["version"] == row["client"] == f"'{hostile}"


def test_an_unchanged_answer_is_a_304_until_something_new_is_stored(client: Client) -> None:
    fetch()
    scored = validator(1)
    first = client.get("/api/v1/validators")
    etag = first.headers["ETag"]

    def status() -> int:
        return client.get("/api/v1/validators", headers={"If-None-Match": etag}).status_code

    assert status() == 304
    scoring_run([(scored, 50)])
    assert status() == 200
    etag = client.get("/api/v1/validators").headers["ETag"]
    assert status() == 304
    SourceState.objects.create(source="names", last_attempt_at=timezone.now())
    assert status() == 200


def test_csv_and_json_are_told_apart_by_caches(client: Client) -> None:
    as_json, as_csv = client.get("/api/v1/validators"), client.get("/api/v1/validators?format=csv")

    assert as_json.headers["ETag"] != as_csv.headers["ETag"]
    assert "Accept" in as_json.headers["Vary"]


def test_an_answer_may_be_kept_until_the_next_job_is_due(client: Client) -> None:
    schedule = ScheduleFactory(name="fetch-repeatable", next_run=timezone.now() + timedelta(seconds=100))
    JobFactory(schedule=schedule)
    JobFactory(schedule=ScheduleFactory(name="unrelated", next_run=timezone.now() + timedelta(seconds=5)))

    kept = client.get("/api/v1/validators").headers["Cache-Control"]
    assert kept in ("public, max-age=99", "public, max-age=98")

    schedule.next_run = timezone.now() - timedelta(seconds=1)
    schedule.save()
    assert client.get("/api/v1/validators").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("validators", [1, 60])
def test_a_list_asks_as_many_questions_for_many_validators_as_for_few(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, validators: int
) -> None:
    fetch()
    scoring_run([(validator(number), 50.0) for number in range(validators)])

    # When the next job is due, the version; the newest fetch and run, the last ended epoch, the rows.
    with django_assert_num_queries(6):
        assert len(get(client, "validators?limit=5000")["items"]) == validators
    etag = client.get("/api/v1/validators").headers["ETag"]
    with django_assert_num_queries(2):
        client.get("/api/v1/validators", headers={"If-None-Match": etag})


def test_every_item_has_the_documented_shape(client: Client) -> None:
    fetch()
    scoring_run([(validator(1), 50.0)])

    reply = get(client, "validators")

    assert documents.ValidatorList.model_validate(reply)
    assert set(reply["items"][0]) == set(documents.ValidatorDocument.model_fields)
    assert set(reply) == set(documents.ValidatorList.model_fields)
