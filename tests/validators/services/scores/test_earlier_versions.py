"""What an earlier version said is told by that version, and computed again to the last digit."""

import json
from importlib.resources import files
from typing import Any

import pytest

from tests.validators.endpoints import CannedEndpoint
from tests.validators.scoring.pictures import EPOCH, past, validator
from validators.models import Refit, ScoringRun, TrustScore
from validators.reading.explanations import explained
from validators.scoring.facts import ClusterFacts
from validators.scoring.trust_v3.method import METHOD
from validators.services.scores import running
from validators.services.scores.again import score_again
from validators.services.scores.methods import method_of
from validators.tasks import fetch_validators, score_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SHIPPED = json.loads(files("validators.scoring.trust_v3").joinpath("coefficients.json").read_text())


@pytest.mark.parametrize(("version", "fitted_through"), [("3.2.0", 920), ("3.3.0", 949)])
def test_a_run_of_an_earlier_version_is_explained_by_its_own_coefficients(
    version: str, fitted_through: int
) -> None:
    found = method_of("trust-v3", version)

    assert found is not None
    assert (found.version, found.fitted_through) == (version, fitted_through)


@pytest.mark.parametrize(
    ("name", "version"), [("trust-v3", "3.2.0"), ("trust-v3", "3.3.0"), ("trust-v2", "2.0.0")]
)
def test_a_run_of_an_earlier_version_is_told_and_computed_again_as_it_was(
    name: str, version: str, endpoint: CannedEndpoint, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCORE_METHODS = [name]
    fetch_validators()
    with monkeypatch.context() as then:
        then.setattr(running, "methods_in_use", lambda names: [method_of(name, version)])
        score_validators()

    run = ScoringRun.objects.get()
    one = TrustScore.objects.filter(run=run).order_by("rank", "pk")[0]
    found = score_again(run.pk)

    assert (run.version, found.version, found.equal) == (version, version, True)
    assert sum(part.points for part in explained(run, one.components)) == pytest.approx(one.score, abs=1e-3)


@pytest.mark.parametrize(
    ("version", "bps"), [("3.2.0", 500), ("3.3.0", 500), ("3.3.0+932.abcdef", 500), (METHOD.version, 10_000)]
)
def test_until_3_3_0_what_stood_at_the_end_of_the_newest_epoch_did_not_count(version: str, bps: int) -> None:
    told = {"method": "trust-v3", "made_at": "2026-11-25T12:00Z", "fitted_to": 932, "judged_to": 962}
    older = {name: value for name, value in SHIPPED.items() if name != "commission_ends"}
    Refit.objects.create(
        **told, version="3.3.0+932.abcdef", accepted=True, figures={},
        coefficients=older | {"version": "3.3.0+932.abcdef"},
    )  # fmt: skip
    ends = past(*[1.0] * 20)._replace(commission_bps=(10_000, *[500] * 19))
    lowered = ClusterFacts(1, EPOCH, 0.1, [validator(1, ends, commission_bps=500)], {})

    method = method_of("trust-v3", version)

    assert method is not None
    assert method.version == version
    assert next(iter(method.assess(lowered))).components["commission_bps"] == bps
