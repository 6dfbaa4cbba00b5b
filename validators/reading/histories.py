"""What is known of one validator's past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, TypeVar

from django.db.models import Model, QuerySet

from validators.models import (
    CommissionChange,
    DelinquencyIncident,
    IdentityChange,
    ScoringRun,
    TrustScore,
    Validator,
    ValidatorEpoch,
)
from validators.reading.picture import headline_method

Event = TypeVar("Event", bound=Model)

# The most a page shows of one validator's history; the newest are kept.
EPOCHS_SHOWN: Final = 100
CHANGES_SHOWN: Final = 100
SCORES_SHOWN: Final = 500


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What happened to one validator, newest first."""

    incidents: list[DelinquencyIncident]
    commission_changes: list[CommissionChange]
    identity_changes: list[IdentityChange]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionStep:
    """A change that the rows of epochs tell of, in basis points; `highest` also where it was taken back."""

    epoch: int
    from_bps: int
    to_bps: int
    highest_bps: int


def commission_steps(newest_first: Sequence[ValidatorEpoch]) -> list[CommissionStep]:
    """The changes between epochs and within them, newest first; epochs without a commission do not count."""
    told = [row for row in newest_first if row.commission_last_bps is not None]
    found = []
    for row, before in pairwise(told):
        bps, last = row.commission_last_bps or 0, before.commission_last_bps or 0
        highest = max(bps, row.commission_max_bps or 0)
        if bps != last or highest > last:
            found.append(CommissionStep(epoch=row.epoch, from_bps=last, to_bps=bps, highest_bps=highest))
    return found


def validator_history(validator: Validator, *, method: str | None = None) -> ValidatorHistory:
    """Three queries, each bounded."""
    scores = TrustScore.objects.filter(validator=validator, run__method=method or headline_method()).order_by(
        "-run_id"
    )
    points = scores.values_list("run__finished_at", "score", "rank")[:SCORES_SHOWN]
    return ValidatorHistory(
        epochs=list(validator.epochs.order_by("-epoch")[:EPOCHS_SHOWN]),
        changes=list(validator.commission_changes.order_by("-seen_at")[:CHANGES_SHOWN]),
        scores=[ScorePoint(scored_at=at, score=score, rank=rank) for at, score, rank in reversed(points)],
    )


def events_of(validator_key: int) -> Events:
    """Three queries, each bounded."""
    return Events(
        incidents=list(_newest(DelinquencyIncident, validator_key, by="-started_at")),
        commission_changes=list(_newest(CommissionChange, validator_key, by="-seen_at")),
        identity_changes=list(_newest(IdentityChange, validator_key, by="-seen_at")),
    )


def _newest(model: type[Event], validator_key: int, *, by: str) -> "QuerySet[Event]":
    return model._default_manager.filter(validator_id=validator_key).order_by(by)[:CHANGES_SHOWN]


def score_in(run: ScoringRun | None, validator: Validator) -> TrustScore | None:
    """What a run said of a validator, if it did."""
    scores = TrustScore.objects.filter(run=run, validator=validator).select_related("run")
    return None if run is None else scores.first()


def scores_before(
    validator: Validator, place: int | None, *, method: str | None, limit: int
) -> list[TrustScore]:
    """What the runs of a method said of it, newest first, from behind the run of that key on."""
    scores = TrustScore.objects.filter(
        validator=validator, run__method=method or headline_method()
    ).select_related("run")
    if place is not None:
        scores = scores.filter(run_id__lt=place)
    return list(scores.order_by("-run_id")[:limit])


def epochs_before(validator: Validator, place: int | None, *, limit: int) -> list[ValidatorEpoch]:
    """Its epochs, newest first, from behind that epoch on."""
    epochs = validator.epochs.order_by("-epoch")
    if place is not None:
        epochs = epochs.filter(epoch__lt=place)
    return list(epochs[:limit])


def runs_before(place: int | None, *, method: str | None, limit: int) -> list[ScoringRun]:
    """Scoring runs of all kinds, newest first, from behind the run of that key on."""
    runs = ScoringRun.objects.order_by("-pk")
    if method is not None:
        runs = runs.filter(method=method)
    if place is not None:
        runs = runs.filter(pk__lt=place)
    return list(runs[:limit])
