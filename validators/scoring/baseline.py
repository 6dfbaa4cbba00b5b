"""baseline-v1: what the original system meant, computed right. Pure.

score = clamp(U - commission in percent, 0, 100). U is the vote performance in percent, each
epoch's capped at 100, averaged over the complete epochs known.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from validators.figures import percent
from validators.scoring.facts import (
    Assessment,
    ClusterFacts,
    EpochFacts,
    Part,
    ScoringMethod,
    ValidatorFacts,
)

MOST_EPOCHS: Final = 5
# Between the usual 0 and 10 percent; an unknown commission is not taken for none.
UNKNOWN_COMMISSION_PERCENT: Final = 5.0
# In the first slots of an epoch the order of the credits is noise.
LEAST_PROGRESS: Final = 0.05


def assess(cluster: ClusterFacts) -> Iterator[Assessment]:
    """One assessment for each validator of the cluster, in its order."""
    for validator in cluster.validators:
        yield _assessment(validator, cluster)


def _assessment(validator: ValidatorFacts, cluster: ClusterFacts) -> Assessment:
    performances = _performances(validator, cluster)
    # From Python 3.12 on `sum` adds floats up otherwise than before; a run is computed again anywhere.
    performance = math.fsum(performances) / len(performances) if performances else None
    commission = None if validator.commission_bps is None else validator.commission_bps / 100
    subtracted = UNKNOWN_COMMISSION_PERCENT if commission is None else commission
    score = min(100.0, max(0.0, (performance or 0.0) * 100 - subtracted))
    return Assessment(
        validator,
        score,
        {
            "vote_performance": performance,
            "epochs": len(performances),
            "commission_percent": commission,
            "commission_known": commission is not None,
            "subtracted_percent": subtracted,
            "delinquent": validator.delinquent,
            "earned_nothing": not any(row.credits for row in validator.epochs),
            "no_history": performance is None,
        },
    )


def _performances(validator: ValidatorFacts, cluster: ClusterFacts) -> list[float]:
    """At most five complete epochs' vote performances, each at most 1; without one, the running epoch's."""
    oldest = cluster.epoch - MOST_EPOCHS
    complete = _capped(row for row in validator.epochs if oldest <= row.epoch < cluster.epoch)
    if complete or cluster.progress <= LEAST_PROGRESS:
        return complete
    return _capped(row for row in validator.epochs if row.epoch == cluster.epoch)


def _capped(rows: Iterable[EpochFacts]) -> list[float]:
    return [min(1.0, row.vote_performance) for row in rows if row.vote_performance is not None]


def explained(components: Mapping[str, Any]) -> list[Part]:
    """The two parts of a score, and what the limits of the scale took or gave."""
    performance, subtracted = components["vote_performance"], components["subtracted_percent"]
    earned = (performance or 0.0) * 100
    known = f"voted {percent(performance or 0.0)} as well as the cluster's mean (at most 100)"
    said = "has no epoch to judge" if performance is None else known
    source = "commission" if components["commission_known"] else "taken for the unknown commission"
    parts = [
        Part("vote_performance", performance, 1.0, 100.0, earned, said, best=100.0),
        Part(
            "commission",
            components["commission_percent"],
            0.0,
            100.0,
            -subtracted,
            f"{subtracted:g} % {source}",
        ),
    ]
    if earned < subtracted:
        parts.append(Part("limit", None, None, 100.0, subtracted - earned, "no score is below 0"))
    return parts


METHOD: Final = ScoringMethod(name="baseline-v1", version="2", assess=assess, explain=explained)
