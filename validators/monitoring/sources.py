"""Which sources are not heard any more, and what that leaves unknown."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import Subquery

from scheduling.ledger.selectors import interval_of, next_occurrence, paused_job
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


def silence(state: SourceState, *, now: datetime) -> Silence | None:
    """None where it was heard within two intervals, is not scheduled, or is offered by nobody.

    What a pause kept from being asked counts from its end on.
    """
    interval = interval_of(job_name(state.source))
    if interval is None or not _is_overdue(state, patience=INTERVALS * interval + PATIENCE, now=now):
        return None
    return Silence(state.source, state.last_success_at, interval, state.last_error.partition("\n")[0])


def silent_sources(*, now: datetime) -> list[Silence]:
    """Beside the votes, of which everything else says how old they are, and what somebody paused."""
    found = (silence(state, now=now) for state in states() if state.source != Source.VOTES)
    return [one for one in found if one is not None and paused_job(job_name(one.source)) is None]


def sentence(one: Silence, *, now: datetime) -> str:
    """Roughly: said every second anew, it would make a page another one that shows it."""
    heard = "never" if one.since is None else f"last heard {show_roughly(now - one.since)} ago"
    return f"The {one.source} source was {heard}, and tells {TELLS[one.source]}."


def _is_overdue(state: SourceState, *, patience: timedelta, now: datetime) -> bool:
    """Whether an answer should be there by now, or one more refusal of a method that was not offered."""
    if state.unavailable_until is not None:
        return max(state.unavailable_until, _resumed_at(state, now=now)) + patience < now
    awaited_since = state.last_success_at or _first_occurrence(job_name(state.source))
    if awaited_since is None:
        return True
    if state.source == Source.INFLATION:
        # It is asked for once in each epoch.
        running = ClusterEpoch.objects.order_by("-epoch").first()
        if running is not None and running.total_supply is not None:
            return False
        if running is not None and running.first_fetch_at is not None:
            awaited_since = max(awaited_since, running.first_fetch_at)
    # The second look only for what is old: it costs a question.
    return awaited_since + patience < now and _resumed_at(state, now=now) + patience < now


def _resumed_at(state: SourceState, *, now: datetime) -> datetime:
    """When the last pause of its job ended; the beginning of time where there was none."""
    resumed = JobChange.objects.filter(job__name=job_name(state.source), action="resume", at__lte=now)
    return resumed.values_list("at", flat=True).first() or datetime.min.replace(tzinfo=UTC)


def _first_occurrence(name: str) -> datetime | None:
    """Of the runs of a job that are kept, or else the one to come; None when it waits for somebody."""
    # By the job's key and an order, not by min(): that reads all of the job's runs.
    job = Job.objects.filter(name=name).values("pk")[:1]
    kept = Run.objects.filter(job=Subquery(job)).order_by("occurrence").values_list("occurrence", flat=True)
    return kept.first() or next_occurrence([name])
