"""Failed runs begun anew, one or many at once."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from scheduling.exceptions import HeldError, RefusedError, SchedulingError, UnknownNameError
from scheduling.ledger.attempts import first_line
from scheduling.ledger.journal import record_change
from scheduling.ledger.patience import briefly, refused_while_held
from scheduling.ledger.presentation import retry_text
from scheduling.ledger.search import RunFilter, found_runs, run_of
from scheduling.ledger.tallies import fold
from scheduling.models import ON_THEIR_OWN, Action, Job, Overlap, Run, RunState, RunTrigger
from scheduling.operations.naming import job_named
from scheduling.timing.instants import show_instant

# More at once would be a rush on the workers, and on whom their tasks ask.
MOST_RETRIED = 200
# One may be locked alone; after two it is the schedule.
ENOUGH_HELD = 2
GONE = "There is no run {}; retention may have deleted it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """What became of one run that was to begin anew: `when` it does, or else `why_not`."""

    run_id: int
    name: str
    why_not: str = ""
    when: str = ""

    def document(self) -> dict[str, Any]:
        return {
            "id": self.run_id,
            "run": self.name or None,
            "begins_anew": not self.why_not,
            "why_not": self.why_not or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What became of each, in the order in which they were asked for."""

    runs: tuple[Retry, ...]

    @property
    def begun(self) -> int:
        return len(self.runs) - len(self.refused)

    @property
    def refused(self) -> tuple[str, ...]:
        return tuple(run.why_not for run in self.runs if run.why_not)


def retry(run_id: int, *, by: str, now: datetime) -> Run:
    """Let a run that failed begin anew, with all its attempts; raises `RefusedError` for any other run.

    And for one of a schedule of which another run has yet to begin: old runs that wait in a row would keep
    live ones from running, and take over from each other. In a pause it waits as what is triggered does.
    """
    seen = run_of(run_id)
    with refused_while_held(str(seen or run_id)), transaction.atomic():
        # In this order, as a claim does, and briefly each: the limit is the transaction's.
        job = briefly(Job.objects.select_for_update().filter(pk=seen.job_id if seen else 0)).first()
        run = Run.objects.select_for_update().filter(pk=run_id).first()
        if job is None or run is None:
            raise UnknownNameError(GONE.format(run_id))
        run.job = job
        _require_sense(run)
        reason = first_line(run.error)
        fold(Run.objects.filter(pk=run_id))
        Run.objects.filter(pk=run_id, state=RunState.FAILED).update(  # [ASK-1]
            state=RunState.PENDING,
            attempt=0,
            losses=0,
            not_before=now,
            finished_at=None,
            duration=None,
            tallied=False,
            begun_anew=True,
            error=f"retried by {by} after: {reason}",
        )
        record_change(job, at=now, by=by, action=Action.RETRY, detail=f"{run.occurrence}: {reason}")
        run.refresh_from_db()
        return run


def retry_all(
    run_ids: Iterable[int], *, by: str, now: datetime, forbidden: Callable[[Run], str] = lambda run: ""
) -> Retried:
    """Let each of these runs begin anew, the newest first; the refusal of one keeps none of the others back.

    `forbidden` says why one may not act on a run, empty when one may. Raises `RefusedError`, and begins
    nothing, when they are none or too many.
    """
    wanted = list(dict.fromkeys(run_ids))
    if not wanted:
        raise RefusedError("No run was chosen, so nothing is retried.")
    if len(wanted) > MOST_RETRIED:
        raise RefusedError(
            f"{len(wanted)} runs at once are too many: {MOST_RETRIED} are the most. Nothing is retried."
        )
    runs = Run.objects.filter(pk__in=wanted).select_related("job").order_by("-occurrence", "-pk")
    # Each would wait for the same row, and two hundred a minute, in a thread of the web server.
    held: Counter[int] = Counter()
    done = {run.pk: _tried(run, by=by, now=now, forbidden=forbidden(run), held=held) for run in runs}
    return Retried(
        runs=tuple(
            done.get(run_id) or Retry(run_id=run_id, name="", why_not=GONE.format(run_id))
            for run_id in wanted
        )
    )


def failed_run(name: str, *, occurrence: datetime | None) -> Run:
    """The newest failed run of a job, or the one of an occurrence, given to the second.

    Raises `RefusedError` when there is none.
    """
    failed = Run.objects.filter(job=job_named(name), state=RunState.FAILED).order_by("-occurrence")
    if occurrence is not None:
        failed = failed.filter(occurrence__gte=occurrence, occurrence__lt=occurrence + timedelta(seconds=1))
    run = failed.first()
    if run is None:
        when = f" at {show_instant(occurrence)}" if occurrence else ""
        raise RefusedError(f"{name} has no failed run{when}.")
    return run


def failed_runs(wanted: RunFilter, *, with_deliveries: bool) -> list[int]:
    """The failed ones among the runs wanted; raises `RefusedError` when they are too many to be retried."""
    failed = replace(wanted, states=(RunState.FAILED,))
    found = found_runs(failed, place=None, limit=MOST_RETRIED, with_deliveries=with_deliveries)
    if found.next_place is not None:
        raise RefusedError(
            f"More failed runs than {MOST_RETRIED}, the most that are retried at once. Nothing is retried; "
            "name a schedule, or when they begin."
        )
    return [run.pk for run in found.runs]


def _tried(run: Run, *, by: str, now: datetime, forbidden: str, held: Counter[int]) -> Retry:
    """`held` counts by job the runs that were found locked."""
    if forbidden:  # perhaps it may not even be known that there is one
        return Retry(run_id=run.pk, name="", why_not=forbidden)
    if held[run.job_id] >= ENOUGH_HELD:
        why_not = f"Other runs of {run.job.name} are locked by another session; try again later."
        return Retry(run_id=run.pk, name=str(run), why_not=why_not)
    try:
        begun = retry(run.pk, by=by, now=now)
    except HeldError as exc:
        held[run.job_id] += 1
        return Retry(run_id=run.pk, name=str(run), why_not=str(exc))
    except SchedulingError as exc:
        return Retry(run_id=run.pk, name=str(run), why_not=str(exc))
    return Retry(run_id=run.pk, name=str(run), when=retry_text(begun))


def _require_sense(run: Run) -> None:
    """Raise `RefusedError` for one that has not failed, cannot run, or has to wait for another one."""
    job = run.job
    if run.state != RunState.FAILED:
        raise RefusedError(f"{run} has not failed (it is {run.state}), so there is nothing to retry.")
    if job.schedule_id is None and run.trigger != RunTrigger.ALERT:
        raise RefusedError(f"{job.name} has no schedule; `scheduler setup` gives it one.")
    if run.trigger in ON_THEIR_OWN or job.overlap == Overlap.ALLOW:
        return
    unbegun = Run.objects.filter(job=job, attempt=0, state__in=(RunState.PENDING, RunState.QUEUED))
    other = unbegun.exclude(trigger__in=ON_THEIR_OWN).order_by("-occurrence").first()
    if other is not None:
        raise RefusedError(
            f"{run} gives way to the run of {show_instant(other.occurrence)}, which has yet to begin; "
            "retry it when that one has ended."
        )
