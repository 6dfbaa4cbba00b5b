"""A cluster that baseline-v1 and trust-v2 have both judged, for the tests of comparing methods."""

from collections.abc import Sequence
from typing import Any

from tests.validators.rows import COMPONENTS, fetch, scoring_run, validator
from tests.validators.scoring.pictures import cluster
from tests.validators.scoring.pictures import validator as facts
from validators.models import Fetch, ScoringRun, TrustScore, Validator
from validators.scoring.registry import METHODS

TRUST = METHODS["trust-v2"]
# What trust-v2 stores of an ordinary validator.
ORDINARY = dict(next(iter(TRUST.assess(cluster(facts(1))))).components)

Scores = Sequence[tuple[Validator, float]]


def both_runs(baseline: Scores, trust: Scores, *, of: Fetch) -> tuple[ScoringRun, ScoringRun]:
    """A completed run of each; the order given is the order of the ranks, and everybody is ordinary."""
    other = scoring_run(trust, method=TRUST.name, version=TRUST.version, fetch=of)
    TrustScore.objects.filter(run=other).update(components=ORDINARY)
    return scoring_run(baseline, fetch=of), other


def explained_by(run: ScoringRun, scored: Validator, **changes: Any) -> None:
    """Let the components of one score differ from the ordinary ones."""
    score = TrustScore.objects.get(run=run, validator=scored)
    usual = COMPONENTS if run.method == "baseline-v1" else ORDINARY
    score.components = usual | changes
    score.save(update_fields=["components"])


def four_apart() -> list[Validator]:
    """Of four, the first is best by baseline-v1 and last by trust-v2, and each method says why."""
    looked = fetch()
    made = [validator(number, name=f"Name {number}") for number in range(1, 5)]
    first, second, third, fourth = made
    ranked = [(first, 99.0), (second, 94.0), (third, 93.0), (fourth, 92.0)]
    own, other = both_runs(ranked, [(second, 90.0), (third, 89.0), (fourth, 88.0), (first, 30.0)], of=looked)
    explained_by(own, first, vote_performance=0.99, subtracted_percent=0.0, commission_percent=0.0)
    explained_by(other, first, charges=[["steep_raise", -5.0, [0, 9_000, 989]]])
    return made
