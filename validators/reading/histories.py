"""What is known of validators' pasts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.db.models.lookups import LessThan

from validators.models import (
    BlocksBasis,
    ClusterEpoch,
    CommissionChange,
    DelinquencyIncident,
    Fetch,
    IdentityChange,
    JitoEpoch,
    MevEpoch,
    Origin,
    ScoringRun,
    StakeEpoch,
    TrustScore,
    Validator,
    ValidatorEpoch,
)
from validators.reading.picture import headline_method
from validators.services.looks import looked_at
from validators.solana.arithmetic import CreditsUnit
from validators.solana.performance import could_not_vote

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
    """One validator's past: epochs newest first, scores oldest first."""

    epochs: list[ValidatorEpoch]
    scores: list[ScorePoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What happened to one validator, newest first; of each kind no more than the `most_shown`."""

    incidents: list[DelinquencyIncident]
    commission_changes: list[CommissionChange]
    identity_changes: list[IdentityChange]
    most_shown: int = CHANGES_SHOWN

    @property
    def changes_since(self) -> int | None:
        """The epoch behind which all changes of commission are here; None where all are."""
        all_shown = len(self.commission_changes) < CHANGES_SHOWN
        return None if all_shown else self.commission_changes[-1].epoch


class SeenDelinquent(NamedTuple):
    """An epoch in which so many of the fetches saw a validator delinquent."""

    epoch: int
    delinquent_fetches: int
    fetches: int
    source: str
    commission_source: str

    @property
    def is_imported(self) -> bool:
        """Whether a file told these looks. The chain may have told the row's credits since; what its
        commission was, it cannot."""
        return Origin.IMPORTED in (self.source, self.commission_source)


def validator_history(validator: Validator, *, method: str | None = None) -> ValidatorHistory:
    """Five queries, each bounded."""
    scores = TrustScore.objects.told().filter(validator=validator, run__method=method or headline_method())
    points = scores.order_by("-run_id").values_list("run__finished_at", "score", "rank")[:SCORES_SHOWN]
    return ValidatorHistory(
        epochs=_with_told(_epochs_of(validator)[:EPOCHS_SHOWN]),
        scores=[ScorePoint(scored_at=at, score=score, rank=rank) for at, score, rank in reversed(points)],
    )


def events_of(validator_key: int) -> Events:
    """Three queries, each bounded."""
    return Events(
        incidents=list(_newest(DelinquencyIncident, validator_key, by="-started_at")),
        commission_changes=list(
            CommissionChange.objects.filter(validator_id=validator_key)
            .with_followers()
            .newest_first()[:CHANGES_SHOWN]
        ),
        identity_changes=list(_newest(IdentityChange, validator_key, by="-seen_at")),
    )


def seen_delinquent(validator_key: int) -> list[SeenDelinquent]:
    """Of all that is stored, newest first."""
    rows = ValidatorEpoch.objects.filter(validator_id=validator_key, delinquent_fetches__gt=0)
    return list(map(SeenDelinquent._make, rows.order_by("-epoch").values_list(*SeenDelinquent._fields)))


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
    scores = TrustScore.objects.told().filter(validator=validator, run__method=method or headline_method())
    scores = scores.select_related("run")
    if place is not None:
        scores = scores.filter(run_id__lt=place)
    return list(scores.order_by("-run_id")[:limit])


def epochs_before(validator: Validator, place: int | None, *, limit: int) -> list[ValidatorEpoch]:
    """Its epochs, newest first, from behind that epoch on."""
    epochs = _epochs_of(validator)
    if place is not None:
        epochs = epochs.filter(epoch__lt=place)
    return _with_told(epochs[:limit])


def newest_epochs(keys: Sequence[int], *, number: int, until: int | None) -> dict[int, list[ValidatorEpoch]]:
    """By key, so many of the newest epochs of each, newest first; `until` one, no later. Four queries."""
    rows = ValidatorEpoch.objects.filter(validator_id__in=keys)
    if until is not None:
        rows = rows.filter(epoch__lte=until)
    place = Window(RowNumber(), partition_by=F("validator_id"), order_by=F("epoch").desc())
    found: defaultdict[int, list[ValidatorEpoch]] = defaultdict(list)
    newest = with_ends(rows).annotate(place=place).filter(place__lte=number).order_by("-epoch")
    for row in _with_told(newest):
        found[row.validator_id].append(row)
    return found


def _epochs_of(validator: Validator) -> "QuerySet[ValidatorEpoch]":
    return with_ends(validator.epochs.all()).order_by("-epoch")


def with_ends(epochs: "QuerySet[ValidatorEpoch]") -> "QuerySet[ValidatorEpoch]":
    """Each with whether it has ended, and without our having seen all of it."""
    over = LessThan(F("epoch"), Fetch.objects.running_epoch())
    counted_in_part = Q(blocks_basis=BlocksBasis.PARTIAL) | (
        Q(blocks_basis=BlocksBasis.SHARED)
        & Exists(ClusterEpoch.objects.filter(epoch=OuterRef("epoch"), blocks_basis=BlocksBasis.PARTIAL))
    )
    ends = {
        "is_over": over,
        "is_unfinished": Q(credits_final=False, credits__isnull=False) & over,
        "blocks_unfinished": counted_in_part & over,
    }
    return epochs.annotate(**ends)


def _with_told(epochs: Iterable[ValidatorEpoch]) -> list[ValidatorEpoch]:
    """The same, each with what its tip and its stake accounts told, and where Jito's history says it stood.

    Three queries, or none without any epoch.
    """
    rows = list(epochs)
    if not rows:
        return []
    mev, stakes, jito = (_beside(model, rows) for model in (MevEpoch, StakeEpoch, JitoEpoch))
    for row in rows:
        pair = (row.validator_id, row.epoch)
        row.told_mev, row.told_stakes, row.told_jito = mev.get(pair), stakes.get(pair), jito.get(pair)
    return rows


def _beside(model: Any, rows: Sequence[ValidatorEpoch]) -> dict[tuple[int, int], Any]:
    """By validator's key and epoch: of these validators, between the first and the last of these epochs."""
    span = (min(row.epoch for row in rows), max(row.epoch for row in rows))
    found = model.objects.filter(validator_id__in={row.validator_id for row in rows}, epoch__range=span)
    return {(one.validator_id, one.epoch): one for one in found}


def runs_before(place: int | None, *, method: str | None, limit: int) -> list[ScoringRun]:
    """Scoring runs of all kinds, newest first, from behind the run of that key on."""
    runs = ScoringRun.objects.told().order_by("-pk")
    if method is not None:
        runs = runs.filter(method=method)
    if place is not None:
        runs = runs.filter(pk__lt=place)
    return list(runs[:limit])


def could_not_vote_said(epochs: Sequence[ValidatorEpoch]) -> str:
    """Of its newest epochs, newest first: whether it is delinquent in one in which no vote of it could count.

    A query, and another for one of which no other epoch is known.
    """
    if not epochs or epochs[0].credits_unit != CreditsUnit.LAMPORTS:
        return ""
    running = epochs[0].epoch
    before = [row for row in epochs[1:] if row.epoch == running - 1]
    unit = ClusterEpoch.objects.filter(epoch=running - 1).values_list("credits_unit", flat=True).first()
    if not could_not_vote(
        unit=epochs[0].credits_unit,
        unit_before=unit or "",
        stake_before=before[0].activated_stake if before else None,
        is_new=not epochs[1:],
        looked_at=not epochs[1:] and bool(looked_at([running - 1])),
    ):
        return ""
    return (
        f"It had no stake in epoch {running - 1}, by which votes count in epoch {running}: whatever it does, "
        "it is delinquent there."
    )
