"""What people judge validators by, as methods to compare with in a back-test. Pure.

None gives a probability, and none is offered for scoring runs. Scores are whatever orders the
validators, not always from 0 to 100.
"""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Final

from validators.scoring.facts import Assessment, ClusterFacts, ScoringMethod
from validators.solana.arithmetic import ALL_BPS, BPS_PER_PERCENT, LAMPORTS_PER_SOL

EWMA_ALPHA: Final = 0.3
EWMA_EPOCHS: Final = 20
MEAN_EPOCHS: Final = 5
MINIMUM_EPOCHS: Final = 10

# Known vote performances of the epochs that a peer looks at, newest first -> its opinion
Opinion = Callable[[Sequence[float]], float]


def _by_performance(name: str, epochs: int, opinion: Opinion) -> ScoringMethod:
    def assess(cluster: ClusterFacts) -> list[Assessment]:
        oldest = cluster.epoch - epochs
        return [
            Assessment(
                one, 100.0 * opinion(known) if (known := one.past.performances_since(oldest)) else 0.0, {}
            )
            for one in cluster.validators
        ]

    return ScoringMethod(name, "1", assess, reads_past=True)


def _capped_mean(known: Sequence[float]) -> float:
    return fmean(min(earned, 1.0) for earned in known)


def _ewma(known: Sequence[float]) -> float:
    level = known[-1]
    for earned in reversed(known[:-1]):
        level = EWMA_ALPHA * earned + (1.0 - EWMA_ALPHA) * level
    return level


def _lowest_commission(cluster: ClusterFacts) -> list[Assessment]:
    """An unknown commission counts as all of it."""
    asked = (ALL_BPS if one.commission_bps is None else one.commission_bps for one in cluster.validators)
    return [
        Assessment(one, 100.0 - bps / BPS_PER_PERCENT, {})
        for one, bps in zip(cluster.validators, asked, strict=True)
    ]


def _largest_stake(cluster: ClusterFacts) -> list[Assessment]:
    return [Assessment(one, one.activated_stake / LAMPORTS_PER_SOL, {}) for one in cluster.validators]


PEERS: Final[dict[str, ScoringMethod]] = {
    method.name: method
    for method in (
        _by_performance("last-epoch", EWMA_EPOCHS, lambda known: known[0]),
        _by_performance("mean-of-5", MEAN_EPOCHS, _capped_mean),
        _by_performance("ewma", EWMA_EPOCHS, _ewma),
        _by_performance("min-of-10", MINIMUM_EPOCHS, min),
        ScoringMethod("lowest-commission", "1", _lowest_commission),
        ScoringMethod("largest-stake", "1", _largest_stake),
    )
}
