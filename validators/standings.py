"""The validators by rank, as pages show them, and what is known of one of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import F, FilteredRelation, Q, QuerySet

from validators.models import CommissionChange, Fetch, ScoringRun, TrustScore, Validator, ValidatorEpoch

# The most a page shows of one validator's history; the newest are kept.
EPOCHS_SHOWN: Final = 100
CHANGES_SHOWN: Final = 100
SCORES_SHOWN: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """From which look at the cluster the numbers are; None before the first of each."""

    fetch: Fetch | None
    scoring_run: ScoringRun | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePoint:
    """What one run said, and when it said it."""

    scored_at: datetime
    score: float
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorHistory:
    """One validator's past: epochs and changes newest first, scores oldest first."""

    epochs: list[ValidatorEpoch]
    changes: list[CommissionChange]
    scores: list[ScorePoint]


def freshness() -> Freshness:
    return Freshness(fetch=Fetch.objects.newest(), scoring_run=ScoringRun.objects.completed().newest())


def with_newest_score(
    validators: "QuerySet[Validator]", *, run: ScoringRun | None
) -> "QuerySet[Validator, Any]":
    """Add `rank`, `score` and `components` of a run, None where it has none, in one join."""
    relation = FilteredRelation("scores", condition=Q(scores__run=run.pk if run else None))
    return validators.alias(newest=relation).annotate(
        rank=F("newest__rank"), score=F("newest__score"), components=F("newest__components")
    )


def standings(run: ScoringRun | None) -> "QuerySet[Validator, Any]":
    """The present validators, best first; those the run did not score come last, by stake."""
    validators = with_newest_score(Validator.objects.present(), run=run)
    return validators.order_by(F("rank").asc(nulls_last=True), "-activated_stake", "vote_account")


def validator_history(validator: Validator) -> ValidatorHistory:
    """Three queries, each bounded."""
    scores = TrustScore.objects.filter(validator=validator).order_by("-run_id")
    points = scores.values_list("run__finished_at", "score", "rank")[:SCORES_SHOWN]
    return ValidatorHistory(
        epochs=list(validator.epochs.order_by("-epoch")[:EPOCHS_SHOWN]),
        changes=list(validator.commission_changes.order_by("-seen_at")[:CHANGES_SHOWN]),
        scores=[ScorePoint(scored_at=at, score=score, rank=rank) for at, score, rank in reversed(points)],
    )
