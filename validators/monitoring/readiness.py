"""Whether what we know of the cluster is recent enough to be relied on."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.text import Truncator

from scheduling.ledger.selectors import interval_of, paused_job
from scheduling.timing.durations import show_duration, show_roughly
from validators.models import Fetch, SourceState
from validators.monitoring import endpoints, sources

# Data older than this many intervals of the fetch is stale.
STALE_AFTER_INTERVALS: Final = 2
FETCH_JOB: Final = "fetch-repeatable"
# Of each of several endpoints there may be a reason.
LONGEST_REASON: Final = 400


def stale_data(*, now: datetime) -> str:
    """Say so when the newest fetch is older than two intervals of its job, or when there is none."""
    newest = Fetch.objects.newest()
    return nothing_fetched() if newest is None else _stale(newest, now=now)


def _stale(newest: Fetch, *, now: datetime) -> str:
    limit = _outlived(newest, now=now)
    if limit is None:
        return ""
    old = show_roughly(now - newest.stored_at)
    return f"The newest fetch is {old} old; more than {show_duration(limit)} is stale{_paused()}."


def nothing_fetched() -> str:
    """What is said, to anybody, while there is no fetch."""
    failed = failed_first_fetch()
    if not failed:
        return f"Nothing has been fetched yet{_paused()}."
    return f"Nothing has been fetched yet{_paused()}. {failed} SOLANA_RPC_URL says whom to ask."


def failed_first_fetch() -> str:
    """Why the last attempt at the votes failed, for anybody; empty where it did not, or none was made."""
    last = SourceState.objects.filter(source=SourceState.Source.VOTES).exclude(last_error="").first()
    if last is None:
        return ""
    reason = endpoints.public_text(last.last_error.partition("\n")[0]).rstrip(".")
    return f"The last attempt failed: {Truncator(reason).chars(LONGEST_REASON)}."


def stale_picture(*, now: datetime) -> str:
    """The same for pages, which are kept: once it is said, its words stay until something happens."""
    newest = Fetch.objects.newest()
    limit = None if newest is None else _outlived(newest, now=now)
    return "" if limit is None else f"No fetch for more than {show_duration(limit)}{_paused()}."


def _outlived(newest: Fetch, *, now: datetime) -> timedelta | None:
    """The age from which on a fetch is stale, of one that is older."""
    interval = interval_of(FETCH_JOB)
    limit = None if interval is None else STALE_AFTER_INTERVALS * interval
    return limit if limit is not None and now - newest.stored_at > limit else None


def _paused() -> str:
    job = paused_job(FETCH_JOB)
    if job is None:
        return ""
    until = f" until {job.paused_until:%Y-%m-%d %H:%M}Z" if job.paused_until else ""
    return f". Fetching is paused{until}"


def neglected_data(*, now: datetime) -> str:
    """Say so when the data are stale and nobody paused the fetches on purpose."""
    newest = Fetch.objects.newest()
    return nothing_fetched() if newest is None else neglected(newest, now=now)


def neglected(newest: Fetch, *, now: datetime) -> str:
    """The same of a fetch that is the newest."""
    problem = _stale(newest, now=now)
    return "" if problem and paused_job(FETCH_JOB) else problem


def standing_chain(*, now: datetime) -> str:
    """Say so when no endpoint knows of a later slot than the newest fetch, or none tells anything."""
    return endpoints.unknown_chain() or endpoints.standing_chain()


def doubted_endpoints(*, now: datetime) -> str:
    """Say which endpoints gave answers that cannot be true when they were asked last, or give none."""
    return " ".join([*endpoints.doubted_endpoints().values(), *endpoints.unanswering_endpoints()])


def silent_sources(*, now: datetime) -> str:
    """Say which sources were not heard for two of their intervals, and what they alone tell."""
    return " ".join(sources.sentence(one, now=now) for one in sources.silent_sources(now=now))
