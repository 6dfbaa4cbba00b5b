"""An alert rule: the stake gathers in too few hands."""

from collections.abc import Sequence
from datetime import datetime

from scheduling.monitoring.alerts import Trouble
from validators.models import Validator

FEWEST = 20


def concentrated_stake(*, now: datetime) -> Sequence[Trouble]:
    """What is wrong now. It is asked by the dispatcher every ten seconds: milliseconds, no network."""
    hands = Validator.objects.filter(left_at=None, superminority=True).count()
    if hands >= FEWEST or not hands:  # none is known before the first fetch
        return []
    return [Trouble(subject="cluster", message=f"{hands} vote accounts hold more than a third of the stake.")]
