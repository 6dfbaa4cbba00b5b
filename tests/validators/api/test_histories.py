"""What the API tells of one validator, of its past, of the cluster and of scoring runs."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.validators.asking import NOON_TEXT, get
from tests.validators.pasts import past
from tests.validators.rows import COMPONENTS, NOON, SOL, fetch, scoring_run, validator
from validators.api import cluster_documents, epoch_documents, included_documents, score_documents
from validators.models import ClusterEpoch, DelinquencyIncident, SourceState

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_validator_that_left_is_still_told_of_with_what_happened_to_it(client: Client) -> None:
    fetch()
    gone = validator(1, left_at=NOON, details="We validate", keybase="lagoon")
    past(gone, epochs=1)
    DelinquencyIncident.objects.create(validator=gone, started_at=NOON, start_epoch=990)

    reply = get(client, "validators/vote1")

    detail = reply["validator"]
    assert included_documents.ValidatorReply.model_validate(reply)
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
            "applies_from_epoch_at_earliest": 2,
            "followed_in_epoch": None,
            "followed_in_epoch_at_earliest": None,
            "confirmed": False,
            "confirmed_at": None,
            "source": "live",
        }
    ]


def test_a_commission_flag_is_told_with_its_epoch_and_from_what_to_what(client: Client) -> None:
    fetch()
    raised = validator(1, commission_flags=["crossed 10 % upward"])
    for epoch, bps in ((900, 500), (910, 2_000)):
        raised.epochs.create(
            epoch=epoch, credits=1, credits_unit="lamports", fetched_at=NOON, commission_source="imported",
            commission_first_bps=bps, commission_last_bps=bps, commission_min_bps=bps, commission_max_bps=bps,
        )  # fmt: skip

    assert get(client, "validators/vote1")["validator"]["commission_marks"] == [
        {
            "flag": "crossed 10 % upward",
            "epoch": 910,
            "since_epoch": 900,
            "from_commission": 0.05,
            "to_commission": 0.2,
        }
    ]


def test_evidence_of_an_operator_is_in_the_order_of_the_document(client: Client) -> None:
    """And not in that of the database: PostgreSQL keeps no order of the keys of a JSON object."""
    fetch()
    evidence = {
        "vote_accounts": ["vote2"],
        "others": 1,
        "shared": "key",
        "strength": "weak",
        "common": "collector",
    }
    validator(1, operator_evidence=[evidence])

    [told] = get(client, "validators/vote1")["validator"]["operator_evidence"]

    assert told == evidence
    assert [*told] == ["common", "strength", "shared", "others", "vote_accounts"]


def test_epochs_come_newest_first_and_in_pages(client: Client) -> None:
    fetch()
    shown = validator(1)
    past(shown, epochs=3)
    judged = {"blocks_basis": "final", "leader_luck": 1.25, "vote_performance": 0.5}
    shown.epochs.filter(epoch=2).update(**judged)
    shown.epochs.filter(epoch=1).update(vote_performance=None, source="account")

    reply = get(client, "validators/vote1/epochs?limit=2")
    rest = get(client, f"validators/vote1/epochs?limit=2&cursor={reply['next_cursor']}")

    assert epoch_documents.EpochList.model_validate(reply)
    assert reply["vote_account"] == "vote1"
    assert [item["epoch"] for item in reply["items"]] == [2, 1]
    assert reply["items"][0]["credits"] == "6900002"
    first, second = reply["items"]
    assert {name: first[name] for name in judged} == judged
    assert {name: second[name] for name in judged} == dict.fromkeys(judged)
    assert (first["source"], second["source"]) == ("live", "account")
    assert [item["epoch"] for item in rest["items"]] == [0]
    assert rest["next_cursor"] is None


def test_the_newest_score_comes_with_what_it_is_made_of(client: Client) -> None:
    fetch()
    shown, unscored = validator(1), validator(2)
    scoring_run([(shown, 10)])
    run = scoring_run([(shown, 98.5)])

    reply = get(client, "validators/vote1/score")

    assert score_documents.ScoreReply.model_validate(reply)
    parts = reply["score"].pop("parts")
    assert sum(part["points"] for part in parts) == pytest.approx(93.7)
    assert all(part["sentence"] for part in parts)
    assert reply["score"] == {
        "scoring_run": run.pk,
        "scored_at": NOON_TEXT,
        "epoch": 990,
        "method": "baseline-v1",
        "version": "2",
        "score": 98.5,
        "rank": 1,
        "components": COMPONENTS,
    }
    assert [*reply["score"]["components"]] == sorted(COMPONENTS)
    assert get(client, f"validators/{unscored.vote_account}/score")["score"] is None


def test_the_score_history_is_of_one_method_newest_first(client: Client) -> None:
    fetch()
    shown = validator(1)
    scoring_run([(shown, 10)], at=NOON)
    scoring_run([(shown, 33)], method="another", version="7")
    scoring_run([(shown, 20)], at=NOON + timedelta(seconds=30))

    reply = get(client, "validators/vote1/scores")
    other = get(client, "validators/vote1/scores?method=another")

    assert score_documents.ScoreList.model_validate(reply)
    assert [item["score"] for item in reply["items"]] == [20, 10]
    assert [item["score"] for item in other["items"]] == [33]
    assert (other["method"], other["version"]) == ("another", "7")
    assert get(client, "validators?method=another")["items"][0]["score"] == 33


@pytest.mark.parametrize("route", ["validators", "validators/vote1/scores", "validators/vote1/score"])
def test_a_method_that_never_was_is_refused_with_those_there_are(client: Client, route: str) -> None:
    fetch()
    scoring_run([(validator(1), 10)])

    refused = client.get(f"/api/v1/{route}?method=nope")

    assert refused.status_code == 422
    assert "“nope”. There are: baseline-v1, trust-v2" in refused.json()["detail"]


def test_the_cluster_is_told_with_the_age_of_each_source(client: Client) -> None:
    fetch()
    row = {
        "total_stake": 3 * SOL,
        "validators": 2,
        "staked": 2,
        "superminority_size": 1,
        "superminority": ["vote1"],
        "stake_by_client": {"sig": SOL, "firedancer": SOL, "agave": 3 * SOL},
        "stake_by_version": {"4.10.0": SOL, "4.2.1": 3 * SOL, "4.9.0": SOL},
        "total_supply": 2**61,
        "inflation_validator": 0.04,
    }
    ClusterEpoch.objects.create(epoch=990, credits_unit="vote_credits", **row)
    ClusterEpoch.objects.create(epoch=989, credits_unit="vote_credits")
    SourceState.objects.create(source="votes", last_success_at=NOON, last_attempt_at=NOON, last_error="cut")

    reply = get(client, "cluster")

    assert cluster_documents.ClusterReply.model_validate(reply)
    cluster = reply["cluster"]
    assert cluster["total_stake"] == "3000000000"
    assert cluster["total_supply"] == str(2**61)
    largest, less = "3000000000", "1000000000"
    assert [*cluster["stake_by_client"].items()] == [("agave", largest), ("firedancer", less), ("sig", less)]
    assert [*cluster["stake_by_version"].items()] == [("4.2.1", largest), ("4.10.0", less), ("4.9.0", less)]
    never = {"last_success_at": None, "last_attempt_at": None, "failing": False, "offered": True}
    heard = {"last_success_at": NOON_TEXT, "last_attempt_at": NOON_TEXT, "failing": True, "offered": True}
    assert cluster["sources"] == [
        {"source": source.value, **(heard if source == "votes" else never)}
        for source in sorted(SourceState.Source)
    ]
    assert [item["epoch"] for item in get(client, "cluster/epochs")["items"]] == [990, 989]


def test_scoring_runs_of_every_kind_are_listed(client: Client) -> None:
    fetch()
    scoring_run([(validator(1), 50)])
    scoring_run([], status="failed", reason="ValueError: bad\nTraceback …")

    reply = get(client, "scoring-runs")

    assert score_documents.ScoringRunList.model_validate(reply)
    assert [(item["status"], item["reason"], item["scored"]) for item in reply["items"]] == [
        ("failed", "ValueError: bad", 0),
        ("completed", None, 1),
    ]


@pytest.mark.parametrize("address", ["validators/nobody", "validators/nobody/epochs", "validators/x/score"])
def test_an_unknown_validator_is_a_404_for_programs_too(client: Client, address: str) -> None:
    response = client.get(f"/api/v1/{address}")

    assert response.status_code == 404
    assert response.json()["code"] == "unknown_validator"
