"""Storing what the methods said: nobody waits long for it, and nobody sees a part of it.

Rows go in by the thousand while their run is being stored, of which nothing is told; that it is whole is one
short transaction, with the end of the scheduled run. Whose process dies in between leaves what the clean-up
takes away.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from scheduling.engine.execution import commit_ahead, commit_with_run
from scheduling.ledger.retention import delete_in_batches
from validators.exceptions import ValidatorsError
from validators.models import ScoringInputs, ScoringRun, TrustScore
from validators.models.marks import Writer, mark_picture
from validators.scoring.facts import ScoringMethod
from validators.services import bulk
from validators.services.scores.rank_moves import tell_rank_moves

# (validator's key, score, rank, components as JSON)
Row = tuple[int, float, int, str]
_FIELDS = ("validator_id", "score", "rank", "components")


@dataclass(frozen=True, slots=True)
class MethodSummary:
    """What one method's run did."""

    scoring_run_id: int
    method: str
    version: str
    scored: int


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """What a scoring did: the result of its run. The first fields are the headline method's."""

    scoring_run_id: int
    method: str
    version: str
    fetch_id: int
    epoch: int
    scored: int
    runs: list[MethodSummary]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one method said of everybody, best first, and when it began to think.

    `rows` are as they are stored: of twenty thousand validators that is a third of what assessments hold.
    """

    method: ScoringMethod
    rows: list[Row]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A fetch as every method judged it, the headline one first, and as bytes what they were given.

    Not the facts themselves, which take as much memory as all the verdicts on them.
    """

    fetch_id: int
    epoch: int
    inputs: bytes
    verdicts: Sequence[Verdict]


def store_scores(judged: Judged) -> dict[str, Any]:
    """Store a completed run with its scores for each verdict; all of them at once, as far as anybody sees,
    and with the end of the run that does it. Returns the fields of a ScoreSummary."""
    runs = commit_ahead(lambda: _opened(judged))
    try:
        for verdict, run in zip(judged.verdicts, runs, strict=True):
            _insert(verdict, run)
        return commit_with_run(lambda: asdict(_completed(judged, runs)))
    except Exception:
        with suppress(DatabaseError):
            discard(runs)
        raise


def discard(runs: Sequence[ScoringRun]) -> None:
    """Take away those that are not told: a commit whose answer was lost has told of them."""
    with transaction.atomic():
        # Locked, which waits for such a commit that is still under way.
        unfinished = _unfinished(runs).select_for_update()
        keys = list(unfinished.values_list("pk", flat=True))
    for key in keys:
        delete_in_batches(TrustScore.objects.filter(run=key))
    ScoringRun.objects.filter(pk__in=keys).delete()


def _unfinished(runs: Sequence[ScoringRun]) -> QuerySet[ScoringRun]:
    return ScoringRun.objects.storing().filter(pk__in=[run.pk for run in runs])


def _opened(judged: Judged) -> list[ScoringRun]:
    """A run for each verdict, of which nothing is told yet; the headline one is the newest."""
    inputs_id = _stored_inputs(judged.inputs)
    return [_opened_run(verdict, judged, inputs_id) for verdict in reversed(judged.verdicts)][::-1]


def _opened_run(verdict: Verdict, judged: Judged, inputs_id: int) -> ScoringRun:
    return ScoringRun.objects.create(
        method=verdict.method.name,
        version=verdict.method.version,
        epoch=judged.epoch,
        fetch_id=judged.fetch_id,
        inputs_id=inputs_id,
        status=ScoringRun.Status.STORING,
        scored_count=len(verdict.rows),
        started_at=verdict.started_at,
        finished_at=timezone.now(),
    )


def _stored_inputs(body: bytes) -> int:
    """The key of the inputs' row."""
    digest = sha256(body).hexdigest()
    # Locked, so that no clean-up takes them away before the runs that need them are there.
    locked = ScoringInputs.objects.select_for_update().filter(digest=digest)
    found: int | None = locked.values_list("pk", flat=True).first()
    return found or bulk.insert_large(ScoringInputs, digest=digest, body=body)


def _insert(verdict: Verdict, run: ScoringRun) -> None:
    for rows in bulk.in_slices(verdict.rows):

        def insert(some: bulk.Rows = rows) -> None:
            bulk.insert_rows(TrustScore, fields=_FIELDS, rows=some, constants={"run_id": run.pk})

        commit_ahead(insert)


def _completed(judged: Judged, runs: Sequence[ScoringRun]) -> ScoreSummary:
    """Tell of them; call inside a transaction."""
    now = timezone.now()
    if _unfinished(runs).update(status=ScoringRun.Status.COMPLETED, finished_at=now) != len(runs):
        _require_told(runs)
    mark_picture(Writer.SCORES)
    headline, ranks = runs[0], {key: rank for key, _, rank, _ in judged.verdicts[0].rows}
    tell_rank_moves(headline.method, headline.version, ranks, epoch=judged.epoch, at=now)
    return ScoreSummary(
        headline.pk,
        headline.method,
        headline.version,
        judged.fetch_id,
        judged.epoch,
        headline.scored_count,
        [MethodSummary(run.pk, run.method, run.version, run.scored_count) for run in runs],
    )


def _require_told(runs: Sequence[ScoringRun]) -> None:
    """A commit before, whose answer was lost, told of them; then that the run has ended is found out next."""
    keys = [run.pk for run in runs]
    if ScoringRun.objects.completed().filter(pk__in=keys).count() != len(keys):
        raise ValidatorsError(f"Scoring runs {keys} were taken away while they were stored.")
