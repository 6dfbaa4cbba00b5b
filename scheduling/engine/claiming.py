"""How a dispatcher turns what is due into runs, once. How a worker takes one of these: `claims`."""

import logging
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least

from scheduling.engine.pressure import adapt_stretch
from scheduling.engine.room import WAITS, Room
from scheduling.engine.statements import Move, move_on
from scheduling.engine.takeover import take_over
from scheduling.engine.turns import first_asked_for
from scheduling.exceptions import CadenceError
from scheduling.models import ASKED_FOR, OPEN_STATES, Job, Overlap, Run, RunState, RunTrigger
from scheduling.timing.instants import show_instant
from scheduling.timing.planning import Plan, PlannedRun, Policies, plan_runs

logger = logging.getLogger(__name__)

# What the column holds; a next run of long ago must not stop the schedules that are claimed with it.
MOST_MISSED = 2_147_483_647


@dataclass(frozen=True, slots=True, kw_only=True)
class DueJob:
    """A job that is due, as its two rows were seen, and the plan; with a `problem` its cadence is broken."""

    job: Job
    plan: Plan
    problem: str = ""

    @property
    def schedule_id(self) -> int:
        assert self.job.schedule_id is not None, "only a job with a schedule is due"
        return self.job.schedule_id

    @property
    def move(self) -> Move:
        """From where its schedule was seen to where the plan leaves it."""
        job, schedule = self.job, self.job.schedule
        assert schedule is not None, "only a job with a schedule is due"
        of_schedule = (schedule.schedule_type, schedule.minutes, schedule.cron)
        return Move(
            schedule_id=self.schedule_id,
            seen_next_run=schedule.next_run,
            seen_repeats=schedule.repeats,
            seen_ends_at=job.ends_at,
            seen_cadence=(*of_schedule, job.every_seconds, job.offset_seconds, job.time_zone),
            next_run=self.plan.following,
            repeats=self.plan.repeats,
        )


def _policies_of(job: Job) -> Policies:
    """What the pure planning needs to know; raises `CadenceError` when its cadence cannot be."""
    assert job.schedule is not None, "only a job with a schedule has a cadence"
    return Policies(
        name=job.name,
        cadence=job.cadence,
        catch_up=job.catch_up,
        catch_up_window=job.catch_up_window,
        jitter=job.jitter,
        ends_at=job.ends_at,
        repeats=job.schedule.repeats,
        stretch=job.stretch,
    )


def plan_of(job: Job, *, now: datetime) -> DueJob:
    """With a cadence that cannot be: one run, which is to fail and say so, and no next one."""
    schedule = job.schedule
    assert schedule is not None, "only due schedules are planned"
    assert schedule.next_run is not None, "only due schedules are planned"
    seen = schedule.next_run
    try:
        return DueJob(job=job, plan=plan_runs(_policies_of(job), first=seen, now=now))
    except (CadenceError, OverflowError) as exc:  # a time span that leads beyond the calendar
        logger.error("%s does not run until its schedule is mended: %s", job.name, exc)
        broken = Plan(
            runs=(PlannedRun(occurrence=seen, not_before=seen),), following=None, repeats=schedule.repeats
        )
        return DueJob(job=job, plan=broken, problem=str(exc))


def claim(due: Sequence[DueJob], *, now: datetime) -> list[Run]:
    """Advance each schedule if it still stands where we saw it, and create the runs of those we won."""
    with transaction.atomic(savepoint=False):  # [CLAIM-3]
        won = _advanced(due)
        open_runs = _open_runs(won)
        known = _known_occurrences(won)  # [LIVE-1]
        variants, room = _last_variants(won), Room.for_jobs((one.job.name for one in won), now=now)
        for one in won:
            if not one.problem:
                adapt_stretch(one.job, now=now)
        return Run.objects.bulk_create(
            run
            for one in won
            for run in _new_runs(
                one,
                _not_known(one, known),
                now=now,
                open_here=_still_open(one, open_runs[one.job.pk], known=known, now=now),
                hold=_asked_for_ahead(one, open_runs[one.job.pk], now=now),
                last_variant=variants.get(one.job.pk, ""),
                room=room,
            )
        )


def _advanced(due: Sequence[DueJob]) -> list[DueJob]:
    """Compare and swap: move the schedules on that stand where they were seen; returns the jobs of those."""
    moved = move_on([one.move for one in due])
    return [one for one in due if one.schedule_id in moved]


def _new_runs(
    one: DueJob,
    planned: Iterable[PlannedRun],
    *,
    now: datetime,
    open_here: list[datetime],
    hold: str,
    last_variant: str,
    room: Room,
) -> Iterator[Run]:
    """The runs of one job in their order; those made up for wait for each other.

    With a `hold` the first waits for a run that somebody asked for.
    """
    open_before = list(open_here)
    for one_planned in planned:
        run = _new_run(one, one_planned, now=now, open_here=open_before)
        last_variant = _give_parameters(run, last_variant=last_variant)
        if run.state == RunState.QUEUED and (hold or not room.take(run.job.name)):
            run.state, run.error, run.queued_at = RunState.PENDING, hold or WAITS, None
        if run.state in OPEN_STATES:
            open_before.append(run.occurrence)
        yield run


def _new_run(one: DueJob, planned: PlannedRun, *, now: datetime, open_here: Sequence[datetime]) -> Run:
    state, reason = _state_of(one, planned, now=now, open_here=open_here)
    return Run(
        job=one.job,
        occurrence=planned.occurrence,
        not_before=planned.not_before,
        missed_before=min(planned.missed_before, MOST_MISSED),
        state=state,
        error=reason,
        queued_at=now if state == RunState.QUEUED else None,
        finished_at=None if state in OPEN_STATES else now,
    )


def _state_of(
    one: DueJob, planned: PlannedRun, *, now: datetime, open_here: Sequence[datetime]
) -> tuple[RunState, str]:
    """How a planned run begins, and why if it will not run at once."""
    if one.problem:
        return RunState.FAILED, one.problem
    if planned.skip_reason:
        return RunState.SKIPPED, planned.skip_reason
    if not open_here or one.job.overlap == Overlap.ALLOW:  # [OVERLAP-1]
        return (RunState.QUEUED if planned.not_before <= now else RunState.PENDING), ""
    before = f"the run of {show_instant(open_here[0])}"
    made_up_for = len(one.plan.runs) > 1
    if made_up_for or (one.job.overlap == Overlap.QUEUE and len(open_here) == 1):
        return RunState.PENDING, f"waits for {before}"
    if one.job.overlap == Overlap.QUEUE:
        return RunState.SKIPPED, f"{before} had not ended and another one waited already"
    return RunState.SKIPPED, f"{before} had not ended"


def _give_parameters(run: Run, *, last_variant: str) -> str:
    """Give a run what its task is called with; variants take turns. Returns the variant it got."""
    job = run.job
    run.parameters = job.parameters
    if job.parameters_b is None:
        return ""
    run.variant = "b" if last_variant == "a" else "a"
    if run.variant == "b":
        run.parameters = job.parameters_b
    return run.variant


def _open_runs(won: Iterable[DueJob]) -> defaultdict[int, list[Run]]:
    """The open runs of these jobs, by job id, oldest first."""
    found: defaultdict[int, list[Run]] = defaultdict(list)
    jobs = {one.job.pk: one.job for one in won}
    for run in Run.objects.filter(job__in=jobs, state__in=OPEN_STATES).order_by("occurrence"):
        run.job = jobs[run.job_id]
        found[run.job_id].append(run)
    return found


def _still_open(
    one: DueJob, open_runs: Sequence[Run], *, known: Container[tuple[int, datetime]], now: datetime
) -> list[datetime]:
    """The occurrences of the open runs that keep planned ones waiting, once these took over what they may.

    Runs that somebody asked for keep none of them waiting here. What has a run already, as after somebody
    set `next_run` back, takes over from nobody.
    """
    open_runs = [run for run in open_runs if run.trigger not in ASKED_FOR or _was_tried(run)]
    coming = [
        planned.occurrence
        for planned in one.plan.runs
        if not planned.skip_reason and (one.job.pk, planned.occurrence) not in known
    ]
    if open_runs and coming and not one.problem:
        open_runs = take_over(open_runs, overlap=one.job.overlap, by=coming[-1], now=now)
    return [run.occurrence for run in open_runs if run.trigger not in ASKED_FOR]


def _was_tried(run: Run) -> bool:
    """Whether an operator asked for it and an attempt began: a newer run may take over from such a one."""
    return run.trigger == RunTrigger.OPERATOR and run.attempt > 0


def _asked_for_ahead(one: DueJob, open_runs: Sequence[Run], *, now: datetime) -> str:
    """For which run, that somebody asked for, the planned ones wait; empty for none.

    For one that has begun, or whose turn it is: nobody may have looked since the clock's last one ended.
    """
    if one.job.overlap == Overlap.ALLOW:
        return ""
    under_way = (
        run
        for run in open_runs
        if run.trigger in ASKED_FOR and run.state in (RunState.QUEUED, RunState.RUNNING)  # [OVERLAP-1]
    )
    ahead = next(under_way, None) or first_asked_for(open_runs, now=now)
    return f"waits for the run of {show_instant(ahead.occurrence)}, which was asked for" if ahead else ""


def _known_occurrences(won: Sequence[DueJob]) -> set[tuple[int, datetime]]:
    """Which of the planned occurrences have a run already: somebody may have set `next_run` back."""
    planned = {run.occurrence for one in won for run in one.plan.runs}
    known = Run.objects.filter(job__in=[one.job.pk for one in won], occurrence__in=planned)
    return set(known.values_list("job_id", "occurrence"))


def _not_known(one: DueJob, known: Container[tuple[int, datetime]]) -> Iterator[PlannedRun]:
    """The planned ones that have no run yet; what one that has was to make up for is the next one's.

    With no next one, it counts with the run that is there.
    """
    missed = 0
    for planned in one.plan.runs:
        missed += planned.missed_before
        if (one.job.pk, planned.occurrence) not in known:
            yield replace(planned, missed_before=missed)
            missed = 0
    if missed:
        newest = Run.objects.filter(job=one.job, occurrence=one.plan.runs[-1].occurrence)
        newest.update(missed_before=Least(F("missed_before") + missed, MOST_MISSED))


def _last_variants(won: Iterable[DueJob]) -> dict[int, str]:
    """The variant of the newest run of each job that has two."""
    return {
        one.job.pk: Run.objects.filter(job=one.job)
        .exclude(variant="")
        .order_by("-occurrence")
        .values_list("variant", flat=True)
        .first()
        or ""
        for one in won
        if one.job.parameters_b is not None
    }
