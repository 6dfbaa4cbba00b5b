"""Judging the cluster as the newest fetch left it, and storing the verdicts: all of a run, or nothing."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from pydantic_core import to_json

from scheduling.exceptions import SkipRun
from scheduling.execution import commit_with_run
from validators import bulk, selectors
from validators.memory import collector_paused
from validators.models import ScoringRun, TrustScore
from validators.scoring import DEFAULT_METHOD, METHODS, ranked
from validators.scoring.facts import Assessment, ClusterFacts, ScoringMethod


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """What a scoring run did: the result of its run."""

    scoring_run_id: int
    method: str
    version: str
    fetch_id: int
    epoch: int
    scored: int


@collector_paused()
def score_newest_fetch() -> dict[str, Any]:
    """Score every present validator with stake and store it, with the end of the run if there is one.

    Returns the fields of a ScoreSummary, which the run keeps as its result. Raises SkipRun when
    there is nothing to score, and what a method that breaks raises; a ScoringRun tells of both.
    """
    started_at = timezone.now()
    method = METHODS[DEFAULT_METHOD]
    cluster = selectors.cluster_facts()
    if cluster is None or not cluster.validators:
        reason = (
            "nothing fetched yet" if cluster is None else f"fetch {cluster.fetch_id} has no staked validator"
        )
        record_unscored(
            method, status=ScoringRun.Status.SKIPPED, reason=reason, cluster=cluster, started_at=started_at
        )
        raise SkipRun(reason)
    assessments = _assess(method, cluster, started_at=started_at)
    return commit_with_run(lambda: asdict(record_scores(method, cluster, assessments, started_at=started_at)))


def _assess(method: ScoringMethod, cluster: ClusterFacts, *, started_at: datetime) -> list[Assessment]:
    try:
        return ranked(method.assess(cluster))
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


def record_scores(
    method: ScoringMethod, cluster: ClusterFacts, best_first: list[Assessment], *, started_at: datetime
) -> ScoreSummary:
    """Store a completed run with its scores. Call inside a transaction."""
    run = ScoringRun.objects.create(
        method=method.name,
        version=method.version,
        epoch=cluster.epoch,
        fetch_id=cluster.fetch_id,
        status=ScoringRun.Status.COMPLETED,
        scored_count=len(best_first),
        started_at=started_at,
        finished_at=timezone.now(),
    )
    bulk.insert_rows(
        TrustScore,
        fields=("validator_id", "score", "rank", "components"),
        rows=[
            (one.validator.pk, one.score, rank, to_json(one.components).decode())
            for rank, one in enumerate(best_first, start=1)
        ],
        constants={"run_id": run.pk},
    )
    return ScoreSummary(run.pk, method.name, method.version, cluster.fetch_id, cluster.epoch, len(best_first))
