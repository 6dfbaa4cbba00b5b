"""Scoring by several methods at once, and computing a stored run again."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.validators.endpoints import CannedEndpoint
from validators.checks import check_score_methods
from validators.models import ScoringInputs, ScoringRun, TrustScore, Validator, ValidatorEpoch
from validators.monitoring.retention import prune_history
from validators.scoring import registry
from validators.scoring.facts import ScoringMethod
from validators.services.scores import again
from validators.services.scores.again import score_again
from validators.tasks import fetch_validators, score_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

BOTH = ["baseline-v1", "trust-v2"]


@pytest.fixture
def scored(endpoint: CannedEndpoint, settings: Any) -> dict[str, Any]:
    settings.SCORE_METHODS = BOTH
    fetch_validators()
    return score_validators()


def run_of(method: str) -> ScoringRun:
    return ScoringRun.objects.get(method=method)


def test_every_method_has_its_run_over_the_same_inputs(scored: dict[str, Any]) -> None:
    assert [run["method"] for run in scored["runs"]] == BOTH
    assert scored["scoring_run_id"] == run_of("baseline-v1").pk
    assert [run_of(method).scores.count() for method in BOTH] == [20, 20]
    assert run_of("baseline-v1").inputs == run_of("trust-v2").inputs == ScoringInputs.objects.get()


@pytest.mark.parametrize("methods", [BOTH, BOTH[::-1]])
def test_the_headline_run_is_the_newest_one(
    endpoint: CannedEndpoint, settings: Any, methods: list[str]
) -> None:
    settings.SCORE_METHODS = methods
    fetch_validators()
    result = score_validators()

    newest = ScoringRun.objects.completed().newest()
    assert newest is not None
    assert (newest.pk, newest.method) == (result["scoring_run_id"], methods[0])


def test_two_scorings_of_one_fetch_share_their_inputs(scored: dict[str, Any]) -> None:
    score_validators()

    assert (ScoringRun.objects.count(), ScoringInputs.objects.count()) == (4, 1)


def test_another_method_that_breaks_does_not_hold_the_headline_up(
    endpoint: CannedEndpoint, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCORE_METHODS = BOTH
    broken = ScoringMethod(name="trust-v2", version="3", assess=lambda cluster: [1 / 0])  # type: ignore[list-item]
    monkeypatch.setitem(registry.METHODS, "trust-v2", broken)
    fetch_validators()

    result = score_validators()

    assert [run["method"] for run in result["runs"]] == ["baseline-v1"]
    assert run_of("trust-v2").status == "failed"


def test_a_run_computed_again_is_equal_whatever_became_of_the_tables(scored: dict[str, Any]) -> None:
    ValidatorEpoch.objects.update(credits=1)
    Validator.objects.update(activated_stake=1, commission_bps=None)

    for method in BOTH:
        again = score_again(run_of(method).pk)
        assert (again.equal, again.differing, len(again.best_first)) == (True, [], 20)


def test_a_changed_score_is_found_and_fails_the_command(
    scored: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of("trust-v2")
    changed = run.scores.order_by("pk")[0]
    TrustScore.objects.filter(pk=changed.pk).update(score=changed.score + 1e-9)

    with pytest.raises(CommandError, match="1 of the scores differs from what"):
        call_command("rescore", "--run", str(run.pk), "--json")

    document = json.loads(capsys.readouterr().out)
    assert (document["equal"], document["differing"]) == (False, [changed.validator.vote_account])


def test_another_method_can_be_asked_about_an_old_run(
    scored: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("rescore", "--run", str(run_of("baseline-v1").pk), "--method", "trust-v2", "--json")

    document = json.loads(capsys.readouterr().out)
    assert (document["compared_with"], document["equal"]) == (run_of("trust-v2").pk, True)
    assert len(document["scores"]) == 20


def test_without_a_stored_counterpart_nothing_is_compared(
    endpoint: CannedEndpoint, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.SCORE_METHODS = ["trust-v2"]
    fetch_validators()
    score_validators()

    call_command("rescore", "--run", str(ScoringRun.objects.get().pk), "--method", "baseline-v1")

    assert "nothing to compare" in capsys.readouterr().out


def test_what_cannot_be_computed_again_says_why(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    run = score_validators()["scoring_run_id"]

    for words, reason in (
        (["--run", "999999"], "no scoring run 999999"),
        (
            ["--run", str(run), "--method", "nonsense"],
            "'nonsense' is none of: baseline-v1, trust-v2, trust-v3",
        ),
        (["--run", str(run), "--method", "trust-v2"], "was given no history"),
    ):
        with pytest.raises(CommandError, match=reason) as refused:
            call_command("rescore", *words)
        assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="its value is empty"):
        call_command("rescore", "--run", str(run), "--method", "")


def test_a_skipped_run_has_no_inputs_and_says_so() -> None:
    run = ScoringRun.objects.create(
        method="baseline-v1", version="1", status="skipped",
        started_at="2026-11-23T00:00Z", finished_at="2026-11-23T00:00Z",
    )  # fmt: skip

    with pytest.raises(again.RunNotComputableError, match="has no stored inputs"):
        score_again(run.pk)


def test_inputs_go_with_the_last_run_that_read_them(scored: dict[str, Any], endpoint: CannedEndpoint) -> None:
    endpoint.current = [endpoint.current[0] | {"inflationRewardsCommissionBps": 900}, *endpoint.current[1:]]
    fetch_validators()
    score_validators()
    newest = ScoringRun.objects.get(pk=ScoringRun.objects.order_by("-pk")[0].pk)
    ScoringRun.objects.exclude(inputs=newest.inputs).update(epoch=None, status="failed")

    prune_history(keep=timedelta(0), now=newest.finished_at + timedelta(seconds=1), dry_run=False)

    assert ScoringInputs.objects.get() == newest.inputs


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["baseline-v1", "trust-v9"], "'trust-v9' is no scoring method"),
        ([], "at least one method"),
        (["trust-v2", "trust-v2"], "no method twice"),
    ],
)
def test_wrong_score_methods_are_an_error_of_the_check(settings: Any, names: list[str], problem: str) -> None:
    settings.SCORE_METHODS = names

    (error,) = check_score_methods(None)

    assert error.id == "validators.E003"
    assert problem in error.msg


def test_right_score_methods_are_no_error(settings: Any) -> None:
    settings.SCORE_METHODS = BOTH

    assert check_score_methods(None) == []
