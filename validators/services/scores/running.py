"""Judging the cluster as the newest fetch left it, by every configured method, and storing the verdicts."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.utils import timezone

from scheduling.exceptions import SkipRun
from validators.models import ScoringRun
from validators.scoring.facts import Assessment, ClusterFacts, ScoringMethod
from validators.scoring.registry import order, ranks
from validators.scoring.stored_inputs import packed
from validators.services.memory import collector_paused
from validators.services.scores.facts import cluster_facts
from validators.services.scores.methods import methods_in_use
from validators.services.scores.storing import Judged, Row, Verdict, store_scores

logger = logging.getLogger(__name__)


@collector_paused()
def score_newest_fetch() -> dict[str, Any]:
    """Score every present validator with stake by every method of SCORE_METHODS, and store it all at once.

    That is told with the end of the run if there is one. Returns the fields of a ScoreSummary,
    which the run keeps as its result. Raises SkipRun when there is nothing to score, and what
    the headline method raises when it breaks; a ScoringRun tells of both. Another method that
    breaks leaves a failed ScoringRun, and the rest is stored.
    """
    started_at = timezone.now()
    methods = methods_in_use(settings.SCORE_METHODS)
    return store_scores(_judged(methods, started_at))


def _judged(methods: Sequence[ScoringMethod], started_at: datetime) -> Judged:
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
    return Judged(cluster.fetch_id, cluster.epoch, packed(cluster), verdicts)


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
        return Verdict(method, _rows(method.assess(cluster)), started_at)
    except Exception as exc:
        reason = f"{type(exc).__name__}: {exc}"
        record_unscored(
            method, status=ScoringRun.Status.FAILED, reason=reason, cluster=cluster, started_at=started_at
        )
        raise


def _rows(assessments: Iterable[Assessment]) -> list[Row]:
    """Best first. Of an assessment that is counted in here nothing else is kept."""
    in_json = msgspec.json.Encoder().encode
    ordered = [
        (order(one), one.validator.pk, one.score, in_json(one.components).decode()) for one in assessments
    ]
    ordered.sort()
    found = ranks(row[0] for row in ordered)
    return [
        (key, score, rank, components)
        for rank, (_, key, score, components) in zip(found, ordered, strict=True)
    ]


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
