"""A scoring method: what a delegator kept in the last five epochs, commission and missed votes taken off."""

from collections.abc import Mapping
from typing import Any

from validators.scoring.facts import Assessment, ClusterFacts, Part, ScoringMethod, ValidatorFacts

EPOCHS = 5


def assess(cluster: ClusterFacts) -> list[Assessment]:
    """One assessment for each validator, in the cluster's order. Pure: no database, no clock."""
    return [_assessment(validator, cluster.epoch) for validator in cluster.validators]


def _assessment(validator: ValidatorFacts, epoch: int) -> Assessment:
    ended = [row for row in validator.epochs if epoch - EPOCHS <= row.epoch < epoch]
    known = [min(1.0, row.vote_performance) for row in ended if row.vote_performance is not None]
    # Unknown is None and never 0; what to make of it is the method's choice, and it says so.
    voted = sum(known) / len(known) if known else None
    commission = None if validator.commission_bps is None else validator.commission_bps / 10_000
    kept = 0.0 if voted is None or commission is None else voted * (1 - commission)
    return Assessment(validator, 100 * kept, {"voted": voted, "commission": commission, "kept": kept})


def explain(components: Mapping[str, Any]) -> list[Part]:
    """The points of the parts add up to the score."""
    voted, commission, kept = components["voted"], components["commission"], components["kept"]
    if voted is None or commission is None:
        return [Part("unknown", None, None, 100.0, 0.0, "its votes or commission are unknown", best=100.0)]
    taken = 100 * (kept - voted)
    return [
        Part("votes", voted, 1.0, 100.0, 100 * voted, f"voted {voted:.1%} as well as the mean", best=100.0),
        Part("commission", commission, None, 100.0, taken, f"{commission:.0%} commission"),
    ]


METHOD = ScoringMethod(name="kept-v1", version="1", assess=assess, explain=explain)
