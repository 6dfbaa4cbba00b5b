"""Claiming as a dispatcher does, all at once."""

from datetime import datetime

from scheduling.engine.batches import claim_batches
from scheduling.models import Run, RunState


def claim_due(*, now: datetime) -> list[Run]:
    """Claim everything due; returns the runs that a dispatcher would ring for."""
    return [run for recorded in claim_batches(now=now) for run in recorded if run.state == RunState.QUEUED]
