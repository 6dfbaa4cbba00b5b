"""The figures that the project is judged by from outside: the same from our own back-test."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.conftest import RECORDED
from tests.validators.scoring.pictures import recorded, write_csv
from validators.scoring.backtest.judging import judgement
from validators.scoring.backtest.truth import truth
from validators.scoring.timeline import timeline

JUDGE = RECORDED.parent / "judge_scores.py"
MAINNET = RECORDED / "mainnet_epochs_full.csv.gz"
# Their name of a figure -> ours.
SCORES = {
    "rho10": "rank_correlation",
    "hold10": "held",
    "regret10": "regret",
    "bad100": "bad",
    "raise100": "raises",
    "band": "banded",
    "turnover_band": "turnover_banded",
    "turnover_plain": "turnover",
}


@pytest.mark.skipif(not (JUDGE.exists() and MAINNET.exists()), reason="the recorded epochs are not here")
def test_the_figures_are_those_of_the_judge_to_four_digits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said, last = tmp_path / "said.csv", 925
    words = ("--from", "921", "--to", str(last), "--method", "trust-v3", "trust-v2", "ewma")
    call_command("backtest_scores", *words, "--data", str(MAINNET), "--predictions", str(said), "--json")
    methods = json.loads(capsys.readouterr().out)["methods"]
    the_risk_tells_bad_from_good(methods)
    ours = methods["trust-v3"]["judged"]

    told = subprocess.run(
        [sys.executable, str(JUDGE), str(MAINNET), str(said), "921", str(last), "--json"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    theirs: dict[str, Any] = json.loads(told[: told.rindex("}") + 1])

    # The first five of the epochs that docs/scoring is made of, by the coefficients it was made with.
    alive = ours["sets"]["alive"]
    assert (alive["auc"], alive["average_precision"]) == pytest.approx((0.895248744, 0.309596619), abs=1e-8)
    assert (ours["rows"], ours["coverage"]) == (theirs["rows"], theirs["coverage"])
    for name in ("alive", "onset", "fresh"):
        ours_of, theirs_of = ours["sets"][name], theirs[name]
        assert (ours_of["rows"], ours_of["bad"]) == (theirs_of["n"], theirs_of["bad"])
        pairs = (("auc", "auc"), ("average_precision", "ap"), ("brier", "brier"))
        for own, other in pairs:
            assert ours_of[own] == pytest.approx(theirs_of[other], abs=5e-5)
            assert ours_of[f"{own}_interval"] == pytest.approx(theirs_of[f"{other}_ci"], abs=5e-5)
    for other, own in SCORES.items():
        assert ours["holding"][own] == pytest.approx(theirs[other], abs=5e-5), own
    assert ours["came_true_over_foretold"] == pytest.approx(theirs["o_over_e"], abs=5e-4)
    assert ours["warning_of_score"] == pytest.approx(theirs["ap_score_public"], abs=5e-5)
    assert ours["warning_of_risk"] == pytest.approx(theirs["ap_risk_public"], abs=5e-5)
    assert [one["rows"] for one in ours["bins"]] == [one[1] for one in theirs["bins"]]


def the_risk_tells_bad_from_good(methods: dict[str, Any]) -> None:
    """Better than the methods before; asked here since to read the epochs takes longer than to judge them."""
    ours, before, ewma = (methods[name] for name in ("trust-v3", "trust-v2", "ewma"))
    assert ours["auc"]["value"] > before["auc"]["value"] > ewma["auc"]["value"]
    assert ours["average_precision"]["value"] > ewma["average_precision"]["value"]


def test_who_had_no_stake_is_not_judged_and_who_left_was_bad() -> None:
    rows = list(recorded(validators=3, first=900, last=902))
    unstaked, left, _ = (one.row.key for one in rows[:3])
    kept = [
        one._replace(row=one.row._replace(stake=0)) if one.row.key == unstaked else one
        for one in rows
        if (one.row.epoch, one.row.key) != (902, left)
    ]
    history = timeline(kept)
    said = {901: {one.row.key: (50.0, 0.1) for one in rows}}

    judged, missing = truth(history, first=901, last=901).outcomes(said)

    assert [one.vote_account for one in judged] == [one.row.key for one in rows[1:3]]
    assert (judged[0].bad, missing) == (True, 0)


def test_a_method_without_risks_is_judged_by_its_scores_alone() -> None:
    rows = list(recorded(validators=20, first=900, last=915))
    history = timeline(rows)
    said = {
        epoch: {one.row.key: (float(one.row.stake or 0), None) for one in rows if one.row.epoch == epoch}
        for epoch in range(901, 905)
    }

    found = judgement(said, truth(history, first=901, last=904))

    assert (found.sets, found.bins, found.warning_of_risk) == ({}, [], None)
    assert found.holding.held is not None
    assert found.rows == 4 * 20


def test_in_predictions_a_risk_is_a_probability_or_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_csv(tmp_path / "history.csv", recorded(last=935))
    out = tmp_path / "out.csv"
    words = ("--from", "930", "--to", "931", "--data", str(data), "--predictions", str(out))
    call_command("backtest_scores", *words, "--method", "trust-v3", "baseline-v1")

    lines = list(csv.DictReader(out.open()))
    assert {line["risk"] for line in lines if line["method"] == "baseline-v1"} == {""}
    assert all(0 <= float(line["risk"]) <= 1 for line in lines if line["method"] == "trust-v3")
