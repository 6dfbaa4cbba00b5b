"""Judging the cluster as the newest fetch left it, by every configured method, and storing the verdicts."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.utils import timezone
from pydantic_core import to_json

from scheduling.engine.execution import commit_with_run
from scheduling.exceptions import SkipRun
from validators.models import ScoringInputs, ScoringRun, TrustScore
from validators.models.marks import Writer, mark_picture
from validators.scoring.facts import Assessment, ClusterFacts, ScoringMethod
from validators.scoring.registry import ranked, ranks
from validators.scoring.stored_inputs import packed
from validators.services import bulk
from validators.services.memory import collector_paused
from validators.services.scores.facts import cluster_facts
from validators.services.scores.methods import methods_in_use
from validators.services.scores.rank_moves import tell_rank_moves

logger = logging.getLogger(__name__)


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
    """What one method said of everybody, best first, and when it began to think."""

    method: ScoringMethod
    best_first: list[Assessment]
    started_at: datetime


@collector_paused()
def score_newest_fetch() -> dict[str, Any]:
    """Score every present validator with stake by every method of SCORE_METHODS, and store it all at once.

    That commits with the end of the run if there is one. Returns the fields of a ScoreSummary,
    which the run keeps as its result. Raises SkipRun when there is nothing to score, and what
    the headline method raises when it breaks; a ScoringRun tells of both. Another method that
    breaks leaves a failed ScoringRun, and the rest is stored.
    """
    started_at = timezone.now()
    methods = methods_in_use(settings.SCORE_METHODS)
    cluster = cluster_facts(with_past=any(method.reads_past for method in methods))
    if cluster is None or not cluster.validators:
        reason = (
            "nothing fetched yet" if cluster is None else f"fetch {cluster.fetch_id} has no staked validator"
        )
        # The headline run comes last, so that it is the newest.
        for method in reversed(methods):
            record_unscored(
                method,
                status=ScoringRun.Status.SKIPPED,
                reason=reason,
                cluster=cluster,
                started_at=started_at,
            )
        raise SkipRun(reason)
    verdicts = _verdicts(methods, cluster)
    body = packed(cluster)
    return commit_with_run(lambda: asdict(record_scores(verdicts, cluster, body)))


def _verdicts(methods: Sequence[ScoringMethod], cluster: ClusterFacts) -> list[Verdict]:
    headline, *others = methods
    found = [_verdict(headline, cluster)]
    for method in others:
        try:
            found.append(_verdict(method, cluster))
        except Exception:
            # Recorded as its failed run; the headline scores must not wait for it.
            logger.exception("Scoring method %s broke on fetch %d", method.name, cluster.fetch_id)
    return found


def _verdict(method: ScoringMethod, cluster: ClusterFacts) -> Verdict:
    started_at = timezone.now()
    try:
        return Verdict(method, ranked(method.assess(cluster)), started_at)
    except Exception as exc:
        reason = f"{type(exc).__name__}: {exc}"
        record_unscored(
            method, status=ScoringRun.Status.FAILED, reason=reason, cluster=cluster, started_at=started_at
        )
        raise


def record_unscored(
    method: ScoringMethod,
    *,
    status: ScoringRun.Status,
    reason: str,
    cluster: ClusterFacts | None,
    started_at: datetime,
) -> None:
    """Store a run without scores, and why; it stays whatever becomes of the run around it."""
    ScoringRun.objects.create(
        method=method.name,
        version=method.version,
        epoch=cluster.epoch if cluster else None,
        fetch_id=cluster.fetch_id if cluster else None,
        status=status,
        reason=reason,
        started_at=started_at,
        finished_at=timezone.now(),
    )


def record_scores(verdicts: Sequence[Verdict], cluster: ClusterFacts, body: bytes) -> ScoreSummary:
    """Store a completed run with its scores for each verdict, the headline one first. Call inside a
    transaction."""
    inputs_id = _stored_inputs(body)
    # Stored last, the headline run is the newest one.
    runs = [_record_verdict(verdict, cluster, inputs_id) for verdict in reversed(verdicts)]
    mark_picture(Writer.SCORES)
    headline = runs[-1]
    best_first = verdicts[0].best_first
    tell_rank_moves(
        headline.method,
        headline.version,
        {one.validator.pk: rank for rank, one in zip(ranks(best_first), best_first, strict=True)},
        epoch=cluster.epoch,
        at=timezone.now(),
    )
    return ScoreSummary(
        headline.scoring_run_id,
        headline.method,
        headline.version,
        cluster.fetch_id,
        cluster.epoch,
        headline.scored,
        runs[::-1],
    )


def _stored_inputs(body: bytes) -> int:
    """The key of the inputs' row."""
    digest = sha256(body).hexdigest()
    # Locked, so that no clean-up takes them away before the runs that need them are there.
    locked = ScoringInputs.objects.select_for_update().filter(digest=digest)
    found: int | None = locked.values_list("pk", flat=True).first()
    return found or bulk.insert_large(ScoringInputs, digest=digest, body=body)


def _record_verdict(verdict: Verdict, cluster: ClusterFacts, inputs_id: int) -> MethodSummary:
    method, best_first = verdict.method, verdict.best_first
    run = ScoringRun.objects.create(
        method=method.name,
        version=method.version,
        epoch=cluster.epoch,
        fetch_id=cluster.fetch_id,
        inputs_id=inputs_id,
        status=ScoringRun.Status.COMPLETED,
        scored_count=len(best_first),
        started_at=verdict.started_at,
        finished_at=timezone.now(),
    )
    bulk.insert_rows(
        TrustScore,
        fields=("validator_id", "score", "rank", "components"),
        rows=[
            (one.validator.pk, one.score, rank, to_json(one.components).decode())
            for rank, one in zip(ranks(best_first), best_first, strict=True)
        ],
        constants={"run_id": run.pk},
    )
    return MethodSummary(run.pk, method.name, method.version, len(best_first))
