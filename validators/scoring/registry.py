"""The scoring methods by name, and the order that scores put validators in."""

from collections.abc import Iterable
from typing import Final

from validators.scoring import baseline
from validators.scoring.facts import Assessment, ScoringMethod
from validators.scoring.trust_v2 import method as trust_v2
from validators.scoring.trust_v3 import method as trust_v3

METHODS: Final[dict[str, ScoringMethod]] = {
    method.name: method for method in (baseline.METHOD, trust_v2.METHOD, trust_v3.METHOD)
}

Order = tuple[float, float, int, str]


def ranked(assessments: Iterable[Assessment]) -> list[Assessment]:
    """Best first; of equal scores the lower risk, then the longer history, and never the larger stake.

    Those that are equal in all three come by vote account, so that no two runs differ, and share a rank.
    """
    return sorted(assessments, key=order)


def order(one: Assessment) -> Order:
    """What assessments are sorted by. All but the vote account is merit."""
    return -one.score, one.risk or 0.0, -len(one.validator.past.epochs), one.validator.vote_account


def ranks(best_first: Iterable[Order]) -> list[int]:
    """The rank of each: one more than how many are better."""
    found: list[int] = []
    before = None
    for place, one in enumerate(best_first, start=1):
        merit = one[:-1]
        found.append(found[-1] if merit == before else place)
        before = merit
    return found
