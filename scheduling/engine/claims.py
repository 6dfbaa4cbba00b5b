"""How a worker makes a queued run its own, and the token by which all that it writes is fenced.

How occurrences become runs, which a dispatcher does: `claiming`.
"""

import json
import logging
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError
from django.db.models import F

from scheduling.engine import turnover
from scheduling.engine.processes import this_process
from scheduling.engine.recording import for_certain
from scheduling.engine.statements import duration_of, instant_of
from scheduling.engine.wording import told
from scheduling.ledger.patience import is_held
from scheduling.models import Run, RunState, run_name

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A run that this process owns."""

    run_id: int
    owner: str
    job_id: int
    job_name: str
    job_is_followed: bool
    occurrence: datetime
    task: str
    parameters: dict[str, Any]
    condition: str
    attempt: int
    time_limit: timedelta
    started_at: datetime
    claimed_at: float

    def __str__(self) -> str:
        return run_name(self.job_name, self.occurrence)

    def elapsed(self) -> timedelta:
        """By this process's stopwatch, which spares every run a question and never goes backwards."""
        return timedelta(seconds=time.monotonic() - self.claimed_at)

    def now(self) -> datetime:
        return self.started_at + self.elapsed()


def claim_run(run_id: int) -> Claim | None:
    """Make a queued run ours; None when it is not there to be had, which is no error.

    One whose row somebody else holds stays queued, and is asked for again.
    """
    owner = uuid.uuid4().hex
    try:
        row = turnover.take(run_id, owner=owner, worker=str(this_process()))
        return claim_of(row, run_id=run_id, owner=owner) if row else None
    except Exception as exc:
        if isinstance(exc, OperationalError) and is_held(exc):
            logger.warning("Run %d is left for later: somebody else holds its row.", run_id)
            return None
        # The claim may stand without our having heard of it, and this process lives on.
        logger.warning("Run %d could not be claimed: %s", run_id, told(exc))
        for_certain(lambda: give_back(run_id, owner=owner))  # [LIVE-1]
        raise


def claim_of(row: tuple[Any, ...], *, run_id: int, owner: str) -> Claim:
    """What the statement that took the run told of it; our stopwatch starts now."""
    job_id, occurrence, attempt, started_at, parameters, name, task, condition, time_limit, is_followed = row
    return Claim(
        run_id=run_id,
        owner=owner,
        job_id=job_id,
        job_name=name,
        job_is_followed=bool(is_followed),
        occurrence=instant_of(occurrence),
        task=task,
        parameters=json.loads(parameters),
        condition=condition,
        attempt=attempt,
        time_limit=duration_of(time_limit),
        started_at=instant_of(started_at),
        claimed_at=time.monotonic(),
    )


def give_back(run_id: int, *, owner: str) -> None:
    """Undo a claim that came to nothing, if it still stands; it counts as no attempt."""
    Run.objects.filter(pk=run_id, owner=owner, state=RunState.RUNNING).update(  # [FENCE-2]
        state=RunState.PENDING,
        attempt=F("attempt") - 1,  # [ATTEMPT-1]
    )
