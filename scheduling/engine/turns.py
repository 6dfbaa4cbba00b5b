"""In which order the waiting runs of a job go: the clock's first, but never again and again.

Without turns a schedule that is never done by its next occurrence would never come to what was asked for.
"""

from collections import defaultdict
from collections.abc import Container, Iterable
from datetime import datetime

from scheduling.models import ASKED_FOR, OPEN_STATES, Overlap, Run, RunState


def rank(run: Run, *, turns: Container[int]) -> tuple[int, datetime]:
    """Live occurrences first, then what an operator asked for, then those of the past; the oldest first.

    Last the live ones of the jobs in `turns`, where it is the turn of the others.
    """
    if run.trigger in ASKED_FOR:
        return (ASKED_FOR.index(run.trigger) + 1, run.occurrence)
    return (len(ASKED_FOR) + 1 if run.job_id in turns else 0, run.occurrence)


def turns_of_asked(runs: Iterable[Run], *, busy: Container[int], now: datetime) -> set[int]:
    """Jobs of which the next of the clock waits, and one that was asked for, whose turn it is."""
    waiting: defaultdict[int, list[Run]] = defaultdict(list)
    for run in runs:
        if run.state == RunState.PENDING and run.job_id not in busy and run.job.overlap != Overlap.ALLOW:
            waiting[run.job_id].append(run)
    return {
        job_id
        for job_id, of_job in waiting.items()
        if any(run.trigger not in ASKED_FOR for run in of_job) and first_asked_for(of_job, now=now)
    }


def first_asked_for(runs: Iterable[Run], *, now: datetime) -> Run | None:
    """Of one job the waiting run that was asked for and goes before the clock's, whose turn was the last.

    None while it waits for its next attempt: the clock's would wait with it.
    """
    asked = (run for run in runs if run.trigger in ASKED_FOR and run.state == RunState.PENDING)
    first = min(asked, key=lambda run: rank(run, turns=()), default=None)
    if first is None or first.not_before > now:
        return None
    return None if _last_trigger(first.job_id) in (None, *ASKED_FOR) else first


def _last_trigger(job_id: int) -> str | None:
    """What the last run of a job that was executed came of."""
    executed = Run.objects.filter(job=job_id, attempt__gt=0, finished_at__isnull=False)
    ended = executed.exclude(state__in=OPEN_STATES)
    return ended.order_by("-finished_at").values_list("trigger", flat=True).first()
