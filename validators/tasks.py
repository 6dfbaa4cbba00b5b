"""What the schedules call. Each may run twice or die half-way; the services are safe to repeat."""

from typing import Any

from validators.services.fetching import fetch_from_cluster
from validators.services.scores import score_newest_fetch


def fetch_validators() -> dict[str, Any]:
    """Fetch the cluster's vote accounts and store them. Raises a ValidatorsError, and then stored nothing."""
    return fetch_from_cluster()


def score_validators() -> dict[str, Any]:
    """Score what the newest fetch left. Raises SkipRun when nothing is there to be scored."""
    return score_newest_fetch()
