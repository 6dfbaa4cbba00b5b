"""What is asked of the ledger in more than one place: schedules with their runs, and how runs ended."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, OuterRef, Q, Subquery

from scheduling.exceptions import CadenceError
from scheduling.ledger.attempts import interval_after
from scheduling.ledger.counting import Counts, counts_of
from scheduling.ledger.editions import newest_edits
from scheduling.models import OPEN_STATES, Job, Run, RunState
from scheduling.modes import declared_jobs
from scheduling.timing.cadence import Cadence


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """A schedule of ours as people look at it."""

    job: Job
    cadence: str
    next_run_at: datetime | None
    last_run: Run | None
    edition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Of some durations, in milliseconds; None when there is none."""

    p50: float | None
    p99: float | None
    max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How the runs of one job ended, and how late they began."""

    succeeded: int
    failed: int
    skipped: int
    lateness_ms: Percentiles


def schedule_rows() -> list[ScheduleRow]:
    """Every schedule of ours by name, with its newest run; two queries."""
    newest = Run.objects.filter(job=OuterRef("pk")).order_by("-occurrence").values("pk")[:1]
    jobs = list(
        Job.objects.filter(schedule__isnull=False)
        .select_related("schedule", "after__schedule")
        .annotate(
            newest_run_id=Subquery(newest),
            edition=Subquery(newest_edits(OuterRef("pk")).values("pk")[:1]),
        )
        .order_by("name")
    )
    runs = Run.objects.in_bulk([job.newest_run_id for job in jobs if job.newest_run_id])
    return [
        ScheduleRow(
            job=job,
            cadence=cadence_text(job),
            next_run_at=next_run_of(job),
            last_run=runs.get(job.newest_run_id),
            edition=job.edition or 0,
        )
        for job in jobs
    ]


def next_run_of(job: Job) -> datetime | None:
    """When it is due next, if at all; of a paused job nobody knows before it goes on."""
    if job.schedule is None or job.paused_at is not None:
        return None
    next_run: datetime | None = job.schedule.next_run
    # Until a dispatcher finds that its end comes first, it stands there, and is no promise.
    is_over = next_run is not None and job.ends_at is not None and next_run > job.ends_at
    return None if is_over else next_run


def current_mode() -> str | None:
    """The mode that every schedule of ours is set up for; None when there is none, or more than one.

    What is no longer declared stays in the mode of before, and makes no mixture.
    """
    modes = dict(Job.objects.filter(schedule__isnull=False).order_by().values_list("name", "mode"))
    found = set(modes.values())
    if len(found) > 1:  # or else what is declared need not be looked up, which takes longer than the question
        found = {modes[job.name] for job in declared_jobs() if job.name in modes}
    return found.pop() if len(found) == 1 else None


def never_set_up(scheduled: Collection[str]) -> list[str]:
    """Declared jobs that no set-up has seen, such as those that an upgrade or a setting brings.

    `scheduled` are the names that have a schedule; where none has, nothing is set up at all, and nothing is
    told. One that somebody removed was seen.
    """
    return without_schedule(scheduled)[0]


def without_schedule(scheduled: Collection[str]) -> tuple[list[str], list[str]]:
    """As `never_set_up`; and those whose schedule somebody removed, which the next set-up brings back."""
    if not scheduled:
        return [], []
    names = [declaration.name for declaration in declared_jobs() if declaration.name not in scheduled]
    # Also of those that cannot be read just now.
    rows = Job._base_manager.filter(name__in=names).values_list("name", "schedule_id") if names else ()
    seen = dict(rows)
    unseen = [name for name in names if name not in seen]
    return unseen, [name for name in names if name in seen and seen[name] is None]


def outcomes_since(since: datetime) -> dict[str, Outcomes]:
    """How the occurrences from an instant on ended, by job name, for every job that has a schedule."""
    names = Job.objects.filter(schedule__isnull=False).order_by("name").values_list("name", flat=True)
    return {name: _outcomes(name, since=since) for name in names}


def run_counts() -> Counts:
    """How many runs stand in each state."""
    return counts_of({state.value: Run.objects.filter(state=state) for state in RunState})


def percentiles(durations: Iterable[timedelta | None]) -> Percentiles:
    """Of those that are known, by nearest rank and to a tenth of a millisecond."""
    values = sorted(duration.total_seconds() * 1000 for duration in durations if duration is not None)
    if not values:
        return Percentiles(p50=None, p99=None, max=None)

    p50, p99 = nearest_rank(values, 50), nearest_rank(values, 99)
    return Percentiles(p50=round(p50, 1), p99=round(p99, 1), max=round(values[-1], 1))


def nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """That percentile of at least one value, the smallest first."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _outcomes(job_name: str, *, since: datetime) -> Outcomes:
    runs = Run.objects.filter(job__name=job_name, occurrence__gte=since)
    ended = Counter(runs.values_list("state", flat=True))
    return Outcomes(
        succeeded=ended[RunState.SUCCEEDED],
        failed=ended[RunState.FAILED],
        skipped=ended[RunState.SKIPPED],
        lateness_ms=percentiles(runs.filter(lateness__isnull=False).values_list("lateness", flat=True)),
    )


def cadence_of(job_name: str) -> Cadence:
    """The cadence of the job of that name; raises `CadenceError` when there is none."""
    job = Job.objects.select_related("schedule").filter(name=job_name).first()
    if job is None:
        raise CadenceError(f"There is no job {job_name!r}; `scheduler setup` makes it.")
    return job.cadence


def cadence_text(job: Job) -> str:
    """When a job runs, in words; a broken cadence says what is wrong with it."""
    if job.after is not None:
        return f"after each success of {job.after.name}"
    try:
        return str(job.cadence)
    except CadenceError as exc:
        return f"broken: {exc}"


def interval_of(job_name: str) -> timedelta | None:
    """The time from a job's next occurrence to the one after, as stretched now; None when it has none.

    Nor has one whose cadence is broken, which its next claim says.
    """
    job = Job.objects.filter(name=job_name).select_related("schedule").first()
    return None if job is None else interval_now(job)


def interval_now(job: Job) -> timedelta | None:
    """The same of a job that was read with its schedule; None for one without a next run of its own."""
    next_run = job.schedule.next_run if job.schedule else None
    return None if next_run is None else interval_after(job, next_run)


def paused_job(job_name: str) -> Job | None:
    """The job of that name, if somebody paused it."""
    return Job.objects.filter(name=job_name, paused_at__isnull=False, schedule__isnull=False).first()


def undisturbed_until(names: Iterable[str]) -> datetime | None:
    """When the first of these jobs is due; None when none is, or a run of one has yet to end."""
    # By the state alone, of which few are open: by job there may be hundreds of thousands.
    under_way = Q(pk__in=Run.objects.filter(state__in=OPEN_STATES).values("job"))
    found = Job.objects.filter(name__in=names, schedule__isnull=False).aggregate(
        at=Min("schedule__next_run", filter=Q(paused_at=None)), under_way=Count("pk", filter=under_way)
    )
    at: datetime | None = None if found["under_way"] else found["at"]
    return at
