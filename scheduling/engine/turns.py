"""In which order the waiting runs go: the clock's first, but never again and again.

Without turns a schedule that is never done by its next occurrence would never come to what was asked for.
Nor would jobs that leave a worker, of which together one is always due.
"""

from collections import defaultdict
from collections.abc import Container, Iterable
from datetime import datetime

from django.db.models import Q

from scheduling.models import ASKED_FOR, OPEN_STATES, Overlap, Run, RunState
from scheduling.modes import jobs_that_leave_a_worker


def rank(run: Run, *, turns: Container[int]) -> tuple[int, datetime]:
    """To sort by: the clock's first, then what an operator triggered, then backfills; the oldest first.

    The clock's of the jobs in `turns` come last: there it is the turn of what was asked for.
    """
    if run.trigger in ASKED_FOR:
        return (ASKED_FOR.index(run.trigger) + 1, run.occurrence)
    return (len(ASKED_FOR) + 1 if run.job_id in turns else 0, run.occurrence)


def turns_of_asked(runs: Iterable[Run], *, busy: Container[int], now: datetime) -> set[int]:
    """The jobs of which both the clock's next run and one that was asked for wait, and it is that one's turn.

    What a pause holds has none: the clock's of its job would go behind those of all others meanwhile.
    """
    waiting: defaultdict[int, list[Run]] = defaultdict(list)
    for run in runs:
        if run.state != RunState.PENDING or run.job_id in busy or run.job.overlap == Overlap.ALLOW:
            continue
        if not (run.is_held_by_a_pause and run.job.paused_at is not None):
            waiting[run.job_id].append(run)
    return {
        job_id
        for job_id, of_job in waiting.items()
        if any(run.trigger not in ASKED_FOR for run in of_job) and first_asked_for(of_job, now=now)
    }


def first_asked_for(runs: Iterable[Run], *, now: datetime) -> Run | None:
    """The run of one job that was asked for and goes before the clock's, as the clock's went the last time.

    None if there is none, and while it waits for its next attempt: the clock's would wait with it.
    """
    asked = (run for run in runs if run.trigger in ASKED_FOR and run.state == RunState.PENDING)
    first = min(asked, key=lambda run: rank(run, turns=()), default=None)
    if first is None or first.not_before > now:
        return None
    return first if _is_turn_of_asked(Q(job=first.job_id)) else None


def in_turn_for_room(ready: Iterable[Run]) -> list[Run]:
    """The runs that may be queued if there is room, in that order.

    Jobs that leave a worker share one: of all of theirs what was asked for goes first after one of the clock.
    """
    ready, names = list(ready), jobs_that_leave_a_worker()
    sharing = [run for run in ready if run.job.name in names]
    asked = next((run for run in sharing if run.trigger in ASKED_FOR), None)
    if asked is None or asked is sharing[0] or not _is_turn_of_asked(Q(job__name__in=names)):
        return ready
    return [asked, *(run for run in ready if run is not asked)]


def _is_turn_of_asked(jobs: Q) -> bool:
    """Whether the last run of these jobs that was executed came of something else than somebody's asking."""
    executed = Run.objects.filter(jobs, attempt__gt=0, finished_at__isnull=False)
    ended = executed.exclude(state__in=OPEN_STATES)
    return ended.order_by("-finished_at").values_list("trigger", flat=True).first() not in (None, *ASKED_FOR)
