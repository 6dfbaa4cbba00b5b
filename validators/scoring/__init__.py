"""Scoring methods by name; nothing outside this package knows a formula."""

from typing import Final

from validators.scoring import baseline, trust_v2
from validators.scoring.facts import Assessment, ScoringMethod

METHODS: Final[dict[str, ScoringMethod]] = {
    method.name: method for method in (baseline.METHOD, trust_v2.METHOD)
}


def ranked(assessments: list[Assessment]) -> list[Assessment]:
    """Best first; of equal scores the larger stake, then the vote account, so that no two runs differ."""
    return sorted(
        assessments, key=lambda one: (-one.score, -one.validator.activated_stake, one.validator.vote_account)
    )
