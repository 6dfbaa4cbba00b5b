"""A claim: how a worker makes a queued run its own, and the token by which all that it writes is fenced."""

import logging
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError
from django.db.models import Case, DurationField, Exists, ExpressionWrapper, F, OuterRef, When
from django.db.models.functions import Coalesce

from scheduling.clock import Instant
from scheduling.engine.processes import this_process
from scheduling.engine.recording import for_certain
from scheduling.engine.wording import told
from scheduling.ledger.patience import briefly, is_held
from scheduling.models import Job, Run, RunState, RunTrigger, run_name

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


def claim_run(run_id: int, *, now: Instant) -> Claim | None:
    """Make a queued run ours; None when it is not there to be had, which is no error.

    One whose row somebody else holds stays queued, and is asked for again.
    """
    owner = uuid.uuid4().hex
    try:
        won = take(run_id, owner=owner, now=now)
        return claim_of(run_id, owner=owner) if won else None
    except Exception as exc:
        if isinstance(exc, OperationalError) and is_held(exc):
            logger.warning("Run %d is left for later: somebody else holds its row.", run_id)
            return None
        # The claim may stand without our having heard of it, and this process lives on.
        logger.warning("Run %d could not be claimed: %s", run_id, told(exc))
        for_certain(lambda: give_back(run_id, owner=owner))
        raise


def take(run_id: int, *, owner: str, now: Instant) -> bool:
    won = briefly(Run.objects.filter(pk=run_id, state=RunState.QUEUED)).update(
        state=RunState.RUNNING,
        attempt=F("attempt") + 1,
        owner=owner,
        worker=str(this_process()),
        heartbeat=0,
        started_at=now,
        finished_at=None,
        lateness=_lateness(now),
    )
    return bool(won)


def claim_of(run_id: int, *, owner: str) -> Claim:
    """One narrow question, which every run asks: a run and its job have fifty columns more.

    Whether another job follows is part of it, so one that is told to follow does from the next run on.
    """
    followers = Job.objects.filter(after=OuterRef("job"))
    row: Any = Run.objects.filter(pk=run_id).values(
        "job_id",
        "occurrence",
        "parameters",
        "attempt",
        "started_at",
        job_name=F("job__name"),
        task=F("job__task"),
        condition=F("job__condition"),
        time_limit=F("job__time_limit"),
        job_is_followed=Exists(followers),
    )
    return Claim(run_id=run_id, owner=owner, claimed_at=time.monotonic(), **row.get())


def _lateness(now: Instant) -> "Case":
    """Of the first start; what somebody asked for, or what follows something, has no time of its own."""
    since_occurrence: ExpressionWrapper[Any] = ExpressionWrapper(now - F("occurrence"), DurationField())
    first = Coalesce("lateness", since_occurrence)
    return Case(When(trigger=RunTrigger.SCHEDULE, then=first), default=F("lateness"))


def give_back(run_id: int, *, owner: str) -> None:
    """Undo a claim that came to nothing, if it still stands; it counts as no attempt."""
    Run.objects.filter(pk=run_id, owner=owner, state=RunState.RUNNING).update(
        state=RunState.PENDING, attempt=F("attempt") - 1
    )
