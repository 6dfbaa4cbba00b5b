import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import epoch_credits
from validators.models import Validator
from validators.tasks import fetch_validators, score_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]


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
        "score": 100.0,
        "activated_stake": "9007199254740993",
        "commission_bps": 0,
        "delinquent": False,
        "vote_performance": 1.0,
    }
    assert [row["rank"] for row in rows] == [1, 2, None]
    assert rows[2] == {
        "rank": None,
        "vote_account": unstaked["votePubkey"],
        "identity": unstaked["nodePubkey"],
        "name": "",
        "score": None,
        "activated_stake": "0",
        "commission_bps": 100,
        "delinquent": False,
        "vote_performance": None,
    }


def test_top_limits_the_list(endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]) -> None:
    fetch_validators()
    score_validators()

    assert [row["rank"] for row in shown(capsys, "--top", "3")] == [1, 2, 3]
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
    assert line.split() == ["1", "95.00", "1,000.00", "5", "%", "no", replies.key("vote 1")]


def test_with_nothing_fetched_the_list_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys) == []
    call_command("show_validators")
    captured = capsys.readouterr()
    assert (captured.out, "fetch_validators" in captured.err) == ("", True)


@pytest.mark.parametrize("count", ["0", "-1", "many", "1.5"])
def test_a_count_that_is_none_is_refused(count: str) -> None:
    with pytest.raises(CommandError, match="not a whole number of at least 1"):
        call_command("show_validators", "--top", count)
