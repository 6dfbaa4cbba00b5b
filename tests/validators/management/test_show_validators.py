import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import epoch_credits
from tests.validators.rows import NOON, fetch, scoring_run, validator, vote_state
from validators.models import TrustScore, Validator, ValidatorEpoch
from validators.tasks import fetch_validators, score_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]


NOT_READ = {
    "status": "unknown",
    "next_epoch": None,
    "after_next": None,
    "reason": None,
    "epochs_paid": None,
}


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    call_command("show_validators", "--json", *words)
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def test_the_best_come_first_and_the_unstaked_last(
    endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    free = replies.account(
        "free", commission=0, inflationRewardsCommissionBps=0, activatedStake=9_007_199_254_740_993
    )
    unstaked = replies.account("unstaked", activatedStake=0, commission=1, inflationRewardsCommissionBps=100)
    endpoint.current = [unstaked, replies.account(1), free]
    fetch_validators()
    score_validators()
    Validator.objects.filter(vote_account=free["votePubkey"]).update(name="Free as in beer")

    rows = shown(capsys)

    assert rows[0] == {
        "rank": 1,
        "vote_account": free["votePubkey"],
        "identity": free["nodePubkey"],
        "name": "Free as in beer",
        "name_mark": None,
        "score": 100.0,
        "activated_stake": "9007199254740993",
        "commission_bps": 0,
        "delinquent": False,
        "vote_performance": 1.0,
        "apy": None,
        "apy_basis": None,
        "risk": None,
        "risk_ten_epochs": None,
        "reward_of_100_sol": None,
        "admission": NOT_READ,
    }
    assert [row["rank"] for row in rows] == [1, 2, None]
    assert rows[2] == {
        "rank": None,
        "vote_account": unstaked["votePubkey"],
        "identity": unstaked["nodePubkey"],
        "name": None,
        "name_mark": None,
        "score": None,
        "activated_stake": "0",
        "commission_bps": 100,
        "delinquent": False,
        "vote_performance": None,
        "apy": None,
        "apy_basis": None,
        "risk": None,
        "risk_ten_epochs": None,
        "reward_of_100_sol": None,
        "admission": NOT_READ,
    }


def test_a_row_says_what_the_api_says_under_the_same_names(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch()
    risky, unread = validator(1, apy=0.0525, apy_basis="estimate", name="One"), validator(2)
    ValidatorEpoch.objects.create(validator=risky, epoch=989, fetched_at=NOON, vote_performance=0.25)
    vote_state(risky, after_next="out", reason="no BLS key", next_epoch="unknown", epochs_paid=0)
    scored = scoring_run([(risky, 90.0), (unread, 80.0)])
    told = {"vote_performance": 1.0146, "risk": 0.5}
    TrustScore.objects.filter(run=scored, validator=risky).update(components=told)

    rows = shown(capsys)

    assert [row.pop("commission_bps") for row in rows] == [500, 500]
    answered = client.get("/api/v1/validators").json()["items"]
    assert rows == [{name: one[name] for name in row} for row, one in zip(rows, answered, strict=True)]
    first, second = rows
    assert (first["vote_performance"], first["risk"], first["risk_ten_epochs"]) == (0.25, 0.5, 0.667)
    assert (first["reward_of_100_sol"], first["admission"]["after_next"]) == ("5250000000", False)
    assert (second["risk"], second["admission"]) == (None, NOT_READ)


def test_the_headline_method_is_shown_also_when_another_one_scored_since(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.SCORE_METHODS = ["trust-v2", "baseline-v1"]
    scored = validator(1)
    scoring_run([(scored, 30.0)], method="trust-v2")
    scoring_run([(scored, 90.0)])

    assert [row["score"] for row in shown(capsys)] == [30.0]


def test_top_limits_the_list(endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]) -> None:
    fetch_validators()
    score_validators()

    # Twenty equals share the first rank.
    assert [row["rank"] for row in shown(capsys, "--top", "3")] == [1, 1, 1]
    assert len(shown(capsys, "--top", "1000")) == 20


def test_who_left_is_not_shown_and_who_came_since_has_no_score_yet(
    endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.current = replies.accounts(3)
    fetch_validators()
    score_validators()
    endpoint.current = [*endpoint.current[1:], replies.account("new", epochCredits=epoch_credits(5))]
    fetch_validators()

    rows = shown(capsys)

    assert {row["vote_account"] for row in rows} == {account["votePubkey"] for account in endpoint.current}
    assert (rows[-1]["vote_account"], rows[-1]["score"]) == (replies.key("vote new"), None)


def test_people_get_a_table(endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint.current = [replies.account(1)]
    fetch_validators()
    score_validators()

    call_command("show_validators")

    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split() == [
        "rank",
        "score",
        "stake",
        "(SOL)",
        "commission",
        "delinquent",
        "vote",
        "account",
    ]
    assert line.split() == ["1", "95.00", "1,000", "5", "%", "no", replies.key("vote 1")]


def test_a_name_is_shown_as_it_is_written_and_steers_no_terminal(
    endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.current = [replies.account(1)]
    fetch_validators()
    # A database that an older version filled may hold what is no longer stored.
    Validator.objects.update(name="ステーキング Größe \x1b[31m\u202e")

    call_command("show_validators")

    assert capsys.readouterr().out.rstrip().endswith("ステーキング Größe \\x1b[31m\\u202e")


def test_with_nothing_fetched_the_list_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys) == []
    call_command("show_validators")
    captured = capsys.readouterr()
    assert (captured.out, "fetch_validators" in captured.err) == ("", True)


@pytest.mark.parametrize("count", ["0", "-1", "many", "1.5"])
def test_a_count_that_is_none_is_refused(count: str) -> None:
    with pytest.raises(CommandError, match="not a whole number of at least 1"):
        call_command("show_validators", "--top", count)
