"""A scoring run: what it stores, and that it stores all of it or nothing."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from scheduling.exceptions import SkipRun
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, FULL_EPOCH, SOL, epoch_credits
from tests.validators.rows import vote_state
from validators.models import Fetch, ScoringRun, TrustScore, Validator
from validators.scoring import registry
from validators.scoring.facts import ScoringMethod
from validators.services import bulk
from validators.services.scores.facts import cluster_facts
from validators.tasks import fetch_validators, score_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_run_scores_every_staked_validator(endpoint: CannedEndpoint) -> None:
    lazy = replies.account("lazy", epochCredits=epoch_credits(*[FULL_EPOCH // 2] * 4, 0))
    endpoint.current = [
        replies.account(1, activatedStake=10**17),
        lazy,
        replies.account("unstaked", activatedStake=0),
    ]
    fetched = fetch_validators()

    result = score_validators()

    run = ScoringRun.objects.get()
    assert result == {
        "scoring_run_id": run.pk,
        "method": "baseline-v1",
        "version": "2",
        "fetch_id": fetched["fetch_id"],
        "epoch": EPOCH,
        "scored": 2,
        "runs": [{"scoring_run_id": run.pk, "method": "baseline-v1", "version": "2", "scored": 2}],
    }
    assert (run.status, run.method, run.version, run.epoch, run.fetch_id, run.scored_count, run.reason) == (
        "completed", "baseline-v1", "2", EPOCH, fetched["fetch_id"], 2, "",
    )  # fmt: skip
    assert run.started_at <= run.finished_at
    best, worst = TrustScore.objects.order_by("rank", "pk").select_related("validator")
    assert (best.rank, best.validator.vote_account, best.score) == (1, replies.key("vote 1"), 95.0)
    assert (worst.rank, worst.validator.vote_account) == (2, lazy["votePubkey"])
    mean = (10**17 * (FULL_EPOCH - 10_000) + 1_000 * SOL * (FULL_EPOCH // 2)) / (10**17 + 1_000 * SOL)
    assert worst.score == pytest.approx(FULL_EPOCH / 2 / mean * 100 - 5)
    assert worst.components["vote_performance"] == pytest.approx(FULL_EPOCH / 2 / mean)
    assert worst.components["delinquent"] is False


def test_validators_that_left_are_not_scored(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    endpoint.current = endpoint.current[1:]
    fetch_validators()

    assert score_validators()["scored"] == 19


def test_before_the_first_fetch_a_run_is_skipped_and_says_why() -> None:
    with pytest.raises(SkipRun, match="nothing fetched yet"):
        score_validators()

    run = ScoringRun.objects.get()
    assert (run.status, run.reason, run.fetch, run.scored_count) == (
        "skipped",
        "nothing fetched yet",
        None,
        0,
    )


def test_without_stake_there_is_nothing_to_score(endpoint: CannedEndpoint) -> None:
    endpoint.current = replies.accounts(3, activatedStake=0)
    fetch_id = fetch_validators()["fetch_id"]

    with pytest.raises(SkipRun, match=f"fetch {fetch_id} has no staked validator"):
        score_validators()

    assert ScoringRun.objects.get().fetch_id == fetch_id


def test_a_fault_in_the_middle_of_storing_stores_nothing(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_validators()

    def fail(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(bulk, "insert_rows", fail)
    with pytest.raises(DatabaseError):
        score_validators()

    assert (ScoringRun.objects.count(), TrustScore.objects.count()) == (0, 0)


def test_a_method_that_breaks_is_a_failed_run(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_validators()
    broken = ScoringMethod(name="broken", version="3", assess=lambda cluster: [1 / 0])  # type: ignore[list-item]
    monkeypatch.setitem(registry.METHODS, "baseline-v1", broken)

    with pytest.raises(ZeroDivisionError):
        score_validators()

    run = ScoringRun.objects.get()
    assert (run.status, run.reason, run.method) == ("failed", "ZeroDivisionError: division by zero", "broken")


def test_two_runs_over_one_fetch_give_the_same_scores(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    first, second = score_validators(), score_validators()

    scores = [
        list(
            TrustScore.objects.filter(run=run["scoring_run_id"])
            .order_by("rank", "pk")
            .values_list("validator", "rank", "score")
        )
        for run in (first, second)
    ]
    assert scores[0] == scores[1]


def test_facts_are_those_of_one_fetch_even_if_another_is_stored_meanwhile(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_validators()
    endpoint.current = replies.accounts(20, rootSlot=7)
    newest = type(Fetch.objects.all()).newest
    asked = []

    def newest_and_then_a_fetch(queryset: Any) -> Any:
        asked.append(1)
        found = newest(queryset)
        if len(asked) == 1:
            fetch_validators()
        return found

    monkeypatch.setattr(type(Fetch.objects.all()), "newest", newest_and_then_a_fetch)
    cluster = cluster_facts()

    monkeypatch.undo()
    latest = Fetch.objects.newest()
    assert cluster is not None
    assert latest is not None
    assert cluster.fetch_id == latest.pk


def test_a_run_asks_the_database_a_fixed_number_of_questions(
    endpoint: CannedEndpoint, django_assert_max_num_queries: Any
) -> None:
    endpoint.current = replies.accounts(200)
    fetch_validators()

    # Four of them savepoints, since the test is one transaction; of a scoring each is one by itself.
    with django_assert_max_num_queries(19):
        score_validators()


def test_the_command_prints_what_it_did(endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]) -> None:
    fetch_validators()

    call_command("score_validators", "--json")
    assert json.loads(capsys.readouterr().out)["scored"] == 20
    call_command("score_validators")
    assert "20 validators scored by baseline-v1" in capsys.readouterr().out


def test_the_command_fails_when_nothing_was_scored() -> None:
    with pytest.raises(CommandError, match="Nothing was scored: nothing fetched yet"):
        call_command("score_validators")

    assert not Validator.objects.exists()


@pytest.mark.parametrize(
    ("looked_in", "expected"), [(EPOCH, {"out"}), (EPOCH - 1, {"later"}), (EPOCH - 2, set())]
)
def test_who_is_not_let_into_the_next_epoch_is_known_by_the_look_of_this_one_or_the_one_before(
    endpoint: CannedEndpoint, looked_in: int, expected: set[str]
) -> None:
    endpoint.current = [replies.account("in"), replies.account("out"), replies.account("later")]
    fetch_validators()
    for name, *admission in (("in", "ok", "ok"), ("out", "out", "ok"), ("later", "ok", "out")):
        of = Validator.objects.get(vote_account=replies.key(f"vote {name}"))
        told = dict(zip(("next_epoch", "after_next"), admission, strict=True))
        vote_state(of, epoch=looked_in, withdrawer=of.identity, **told)

    facts = cluster_facts()

    assert facts is not None
    found = {one.vote_account for one in facts.validators if one.left_out}
    assert found == {replies.key(f"vote {name}") for name in expected}
