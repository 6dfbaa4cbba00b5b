"""From the endpoints to the tables."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.utils import timezone

from scheduling.engine.execution import commit_with_run
from validators.exceptions import ValidatorsError
from validators.models import Fetch
from validators.services.attempts import endpoints
from validators.services.memory import collector_paused
from validators.services.requests import recorded_requests
from validators.services.snapshots import record_snapshot
from validators.services.sources import Source, record_failure
from validators.solana.snapshot import take_snapshot


@collector_paused()
def fetch_from_cluster() -> dict[str, Any]:
    """Ask the configured endpoints and store the answer, with the end of the run if there is one.

    Returns the fields of a FetchSummary, which the run keeps as its result. Raises a
    ValidatorsError, and then nothing is stored but the error.
    """
    previous = Fetch.objects.newest()
    try:
        with recorded_requests():
            snapshot = take_snapshot(
                endpoints(),
                seconds=settings.FETCH_DEADLINE_SECONDS,
                began_at=timezone.now(),
                split_epoch=previous.split_epoch if previous else None,
            )
        return commit_with_run(lambda: asdict(record_snapshot(snapshot, stored_at=timezone.now())))
    except ValidatorsError as exc:
        record_failure(Source.VOTES, error=str(exc), at=timezone.now())
        raise
