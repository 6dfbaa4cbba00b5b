"""Which sources are not heard any more, and what that leaves unknown."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import OuterRef, Subquery

from scheduling.ledger.selectors import interval_now
from scheduling.models import Job, JobChange, Run
from scheduling.timing.durations import show_roughly
from validators.jobs import BY_SOURCE
from validators.models import ClusterEpoch, SourceState

Source = SourceState.Source

# One attempt that failed may lie between two successes, or before the first.
INTERVALS: Final = 2
# So long an attempt may take, and its run may be late.
PATIENCE: Final = timedelta(seconds=60)
# What a source alone tells, and where it is shown.
TELLS: Final[Mapping[str, str]] = {
    Source.PRODUCTION: "skip rates, and vote performance where votes are off the chain, on every page",
    Source.NODES: "versions and clients on the list, on validators' pages and on the cluster page",
    Source.NAMES: "names and websites of validators",
    Source.INFLATION: "the returns of epochs that count vote credits",
    Source.CLUSTER: "slot time, Alpenglow and the admission rule on the cluster page, and what APY rests on",
    Source.MEV: "MEV commission, tips and shared fees on validators' pages, and their part of the total APY",
    Source.POOLS: "who stakes through which pool, on validators' pages and on the cluster page",
    Source.POOL_SEARCH: "which stake pools there are, beside those that are known by name",
    Source.STAKES: "stake accounts, what comes and leaves, and self stake on validators' pages",
    Source.VOTE_STATES: "admission, operators, and the past of newcomers on validators' pages",
}


class Silence(NamedTuple):
    """A source that should have been heard by now. `since` is None where it never was."""

    source: str
    since: datetime | None
    interval: timedelta
    last_error: str


def states() -> list[SourceState]:
    """Of every source, heard or not, in one order."""
    known = {state.source: state for state in SourceState.objects.all()}
    return [known.get(source.value) or SourceState(source=source.value) for source in Source]


def job_name(source: str) -> str:
    """Of the job that asks it."""
    return BY_SOURCE[source].name


def silences(*, now: datetime) -> list[Silence]:
    """Without those that were heard within two intervals, are not scheduled, are offered by nobody, or that
    somebody paused.

    What a pause kept from being asked counts from its end on.
    """
    jobs = _jobs(now=now)
    found = (_silence(state, jobs.get(job_name(state.source)), now=now) for state in states())
    return [one for one in found if one is not None]


def silent_sources(*, now: datetime) -> list[Silence]:
    """Beside the votes, of which everything else says how old they are."""
    return [one for one in silences(now=now) if one.source != Source.VOTES]


def sentence(one: Silence, *, now: datetime) -> str:
    """Roughly: said every second anew, it would make a page another one that shows it."""
    heard = "never heard" if one.since is None else f"last heard {show_roughly(now - one.since)} ago"
    return f"The {one.source} source was {heard}, and tells {TELLS[one.source]}."


def _jobs(*, now: datetime) -> dict[str, Any]:
    """Those that ask sources, by name: when the last pause of each ended, and its oldest run that is kept."""
    resumed = JobChange.objects.filter(job=OuterRef("pk"), action="resume", at__lte=now)
    # In an order, not by min(): that reads all of a job's runs.
    runs = Run.objects.filter(job=OuterRef("pk")).order_by("occurrence")
    jobs = Job.objects.filter(name__in=[job.name for job in BY_SOURCE.values()])
    found = jobs.select_related("schedule").annotate(
        resumed_at=Subquery(resumed.order_by("-at").values("at")[:1]),
        first_occurrence=Subquery(runs.values("occurrence")[:1]),
    )
    return {job.name: job for job in found}


def _silence(state: SourceState, job: Any, *, now: datetime) -> Silence | None:
    interval = None if job is None or job.paused_at is not None else interval_now(job)
    if interval is None or not _is_overdue(state, job, patience=INTERVALS * interval + PATIENCE, now=now):
        return None
    return Silence(state.source, state.last_success_at, interval, state.last_error.partition("\n")[0])


def _is_overdue(state: SourceState, job: Any, *, patience: timedelta, now: datetime) -> bool:
    """Whether an answer should be there by now, or one more refusal of a method that was not offered."""
    resumed_at = job.resumed_at or datetime.min.replace(tzinfo=UTC)
    if state.unavailable_until is not None:
        return bool(max(state.unavailable_until, resumed_at) + patience < now)
    awaited_since = state.last_success_at or job.first_occurrence or job.schedule.next_run
    if state.source == Source.INFLATION:
        # It is asked for once in each epoch.
        running = ClusterEpoch.objects.order_by("-epoch").first()
        if running is not None and running.total_supply is not None:
            return False
        if running is not None and running.first_fetch_at is not None:
            awaited_since = max(awaited_since, running.first_fetch_at)
    return bool(max(awaited_since, resumed_at) + patience < now)
