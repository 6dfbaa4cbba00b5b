"""The scoring methods by name, and the order that scores put validators in."""

from collections.abc import Iterable
from typing import Final

from validators.scoring import baseline
from validators.scoring.facts import Assessment, ScoringMethod
from validators.scoring.trust_v2 import method as trust_v2

METHODS: Final[dict[str, ScoringMethod]] = {
    method.name: method for method in (baseline.METHOD, trust_v2.METHOD)
}


def ranked(assessments: Iterable[Assessment]) -> list[Assessment]:
    """Best first; of equal scores the larger stake, then the vote account, so that no two runs differ."""
    return sorted(
        assessments, key=lambda one: (-one.score, -one.validator.activated_stake, one.validator.vote_account)
    )
