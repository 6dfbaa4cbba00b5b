"""Refits of trust-v3 on one's own history: judged before they are used, and named by what they scored."""

import json
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from scheduling.exceptions import SkipRun
from scheduling.modes import declared_jobs
from tests.validators.endpoints import CannedEndpoint
from tests.validators.scoring.pictures import recorded, write_csv
from validators.jobs import OPTIONAL, REFIT
from validators.models import Refit, ScoringRun, TrustScore
from validators.reading.explanations import explained
from validators.scoring.trust_v3.inputs import INPUTS
from validators.scoring.trust_v3.method import METHOD
from validators.services.scores import refitting
from validators.services.scores.again import score_again
from validators.services.scores.methods import method_of, methods_in_use
from validators.tasks import fetch_validators, refit_scores, score_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SHIPPED = json.loads(files("validators.scoring.trust_v3").joinpath("coefficients.json").read_text())
# Who lacked something lately fails in two epochs of five here, everybody else in one of a hundred.
BETTER = SHIPPED | {
    "trees": [[INPUTS.index("earlier_shortfall"), 0.006, 1, -4_595_120, -405_465]],
    "calibration": {"name": "calibration", "knots": [-5, -0.5], "values": [0.01, 0.4]},
}

Grown = Callable[[dict[str, Any]], None]


@pytest.fixture
def history(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "history.csv", recorded(validators=12, first=900, last=962))
    call_command("import_epochs", str(data), verbosity=0)


@pytest.fixture
def grown(monkeypatch: pytest.MonkeyPatch) -> Grown:
    """What a fit would find: growing takes minutes, and a library that computing a score does not."""

    def found(document: dict[str, Any]) -> None:
        monkeypatch.setattr(refitting, "fit", lambda *args, **options: document)
        monkeypatch.setattr(refitting, "libraries", lambda: None)

    return found


@pytest.mark.usefixtures("history")
def test_a_refit_that_foresees_more_is_kept_with_the_figures_of_both_and_scores(
    grown: Grown, endpoint: CannedEndpoint, settings: Any
) -> None:
    grown(BETTER)
    settings.SCORE_METHODS = ["trust-v3"]

    call_command("refit_scores")
    fetch_validators()
    scored = score_validators()

    kept = Refit.objects.get()
    assert (kept.fitted_to, kept.judged_to, kept.accepted) == (932, 962, True)
    assert kept.figures["refit"]["average_precision"] > kept.figures["shipped"]["average_precision"]
    assert kept.figures["refit"]["brier"] < kept.figures["shipped"]["brier"]
    assert kept.reason.startswith("better in both on outcomes of epochs 933 to 962")
    assert kept.coefficients is not None
    assert scored["version"] == kept.version == kept.coefficients["version"]
    assert kept.version.startswith(f"{METHOD.version}+932.")
    run = ScoringRun.objects.get()
    assert score_again(run.pk).equal
    one = TrustScore.objects.filter(run=run).order_by("rank", "pk")[0]
    assert sum(part.points for part in explained(run, one.components)) == pytest.approx(one.score, abs=1e-4)


@pytest.mark.usefixtures("history")
def test_a_refit_that_is_no_better_is_recorded_and_not_used(
    grown: Grown, capsys: pytest.CaptureFixture[str]
) -> None:
    grown(SHIPPED)

    call_command("refit_scores")
    again = refit_scores()

    kept = Refit.objects.get()
    assert (kept.accepted, kept.coefficients, again["accepted"]) == (False, None, False)
    assert kept.figures["refit"] == kept.figures["shipped"]
    assert "not accepted: not better in both on outcomes" in capsys.readouterr().out
    assert methods_in_use(["trust-v3"]) == [METHOD]


@pytest.mark.usefixtures("history")
def test_the_next_refit_must_beat_the_one_in_use_too(grown: Grown) -> None:
    grown(BETTER)
    refit_scores()
    grown(BETTER | {"loss_when_bad": 0.5})

    found = refit_scores()

    assert set(found["figures"]) == {"refit", "shipped", "in use"}
    assert found["accepted"] is False


@pytest.mark.usefixtures("history")
def test_a_dry_run_stores_nothing(grown: Grown, capsys: pytest.CaptureFixture[str]) -> None:
    grown(BETTER)

    call_command("refit_scores", "--dry-run", "--json")

    assert json.loads(capsys.readouterr().out)["accepted"] is True
    assert not Refit.objects.exists()


@pytest.mark.usefixtures("history")
def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    # It is told before the minutes that examples take.
    monkeypatch.setattr(refitting, "examples", None)

    with pytest.raises(CommandError, match=r"^[^\n]*pip --python \S+ install -r requirements-fit.txt$"):
        call_command("refit_scores")


def test_too_short_a_history_is_refused_and_as_a_run_it_is_skipped(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "history.csv", recorded(validators=3, first=900, last=940))
    call_command("import_epochs", str(data), verbosity=0)

    with pytest.raises(CommandError, match="a refit needs 30 epochs to learn from"):
        call_command("refit_scores")
    with pytest.raises(SkipRun, match="of the first there are 11"):
        refit_scores()


def test_a_refit_of_an_older_version_is_not_used_any_more(grown: Grown) -> None:
    old = {"method": "trust-v3", "made_at": "2026-11-25T12:00Z", "fitted_to": 1, "judged_to": 31}
    Refit.objects.create(
        **old, version="1.0.0+1.abcdef", accepted=True, figures={}, coefficients=BETTER | {"version": "1"}
    )

    assert methods_in_use(["trust-v3", "trust-v2"])[0] == METHOD
    known = method_of("trust-v3", "1.0.0+1.abcdef")
    assert known is not None
    assert known.version == "1"
    assert method_of("trust-v3", f"{METHOD.version}+9.unkept") == METHOD


@pytest.mark.parametrize(("first", "says"), [(949, True), (950, False)])
def test_a_verdict_says_where_the_shipped_ones_had_seen_the_outcomes(first: int, says: bool) -> None:
    figures = {
        name: refitting.Figures(0.3, 0.01, 0.9, 1_000, 10)
        for name in (refitting.CANDIDATE, refitting.SHIPPED)
    }

    accepted, reason = refitting.verdict(figures, first=first, last=first + 29)

    assert not accepted
    assert ("the shipped ones have learnt from mainnet's up to epoch 949" in reason) == says


def test_the_schedule_is_off_unless_asked_for(settings: Any) -> None:
    assert REFIT not in declared_jobs()

    settings.SCHEDULED_JOBS = [*settings.SCHEDULED_JOBS, "validators.jobs.OPTIONAL"]

    assert OPTIONAL == (REFIT,)
    assert REFIT in declared_jobs()
