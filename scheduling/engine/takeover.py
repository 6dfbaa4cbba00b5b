"""A newer run takes over what is left of one that only waits for its next attempt."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from scheduling.engine.aftermath import follow_failure
from scheduling.engine.locks import unless_held
from scheduling.ledger.attempts import first_line
from scheduling.models import ON_THEIR_OWN, Overlap, Run, RunState
from scheduling.timing.instants import show_instant

logger = logging.getLogger(__name__)


def waits_for_another_attempt(run: Run, *, now: datetime) -> bool:
    """Whether nobody works on it and it will be a while; one whose worker died is to run at once."""
    return (
        run.state == RunState.PENDING
        and run.attempt > 0
        and run.not_before > now
        and run.trigger not in ON_THEIR_OWN
    )


def take_over(runs: Sequence[Run], *, overlap: str, by: datetime, now: datetime) -> list[Run]:
    """End the runs of one job that wait for another attempt, for the sake of a newer one; returns the rest.

    If any of them stays open, all do: the newer one would have to wait anyway.
    """
    if overlap == Overlap.ALLOW or not all(
        run.occurrence < by and waits_for_another_attempt(run, now=now) for run in runs
    ):
        return list(runs)
    return [run for run in runs if not _end(run, by=by, now=now)]


def take_over_waiting(waiting: Iterable[Run], *, by: Run, now: datetime) -> list[Run]:
    """End those runs, which wait for another attempt, that a newer run of their job takes over from."""
    if by.trigger in ON_THEIR_OWN or by.job.overlap == Overlap.ALLOW:
        return []
    return [
        run
        for run in waiting
        if run.job_id == by.job_id and run.occurrence < by.occurrence and _end(run, by=by.occurrence, now=now)
    ]


@unless_held
def _end(run: Run, *, by: datetime, now: datetime) -> bool:
    """End one as failed, if it stands as it was seen."""
    reason = first_line(run.error)
    with transaction.atomic():
        won = Run.objects.filter(
            pk=run.pk,
            state=RunState.PENDING,  # [END-1]
            attempt=run.attempt,
            not_before=run.not_before,
        ).update(
            state=RunState.FAILED,
            finished_at=now,
            error=f"the run of {show_instant(by)} took over after attempt {run.attempt}: {reason}",
        )
        if won:
            follow_failure(job_id=run.job_id, now=now)
    if won:
        logger.info("%s is over: the run of %s took over.", run, show_instant(by))
    return bool(won)
