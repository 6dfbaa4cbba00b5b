"""Whether what we know of the cluster is recent enough to be relied on."""

from datetime import datetime
from typing import Final

from scheduling.ledger.selectors import interval_of, paused_job
from scheduling.timing.durations import show_duration, show_roughly
from validators.models import Fetch
from validators.monitoring import endpoints, sources

# Data older than this many intervals of the fetch is stale.
STALE_AFTER_INTERVALS: Final = 2
FETCH_JOB: Final = "fetch-repeatable"
NOTHING: Final = "Nothing has been fetched yet."


def stale_data(*, now: datetime) -> str:
    """Say so when the newest fetch is older than two intervals of its job, or when there is none."""
    newest = Fetch.objects.newest()
    if newest is None:
        return NOTHING
    interval = interval_of(FETCH_JOB)
    if interval is None:
        return ""
    age, limit = now - newest.stored_at, STALE_AFTER_INTERVALS * interval
    if age <= limit:
        return ""
    # Roughly: said every second anew, it would make a page another one that shows it.
    sentence = f"The newest fetch is {show_roughly(age)} old; more than {show_duration(limit)} is stale"
    job = paused_job(FETCH_JOB)
    if job is None:
        return f"{sentence}."
    until = f" until {job.paused_until:%Y-%m-%d %H:%M}Z" if job.paused_until else ""
    return f"{sentence}. Fetching is paused{until}."


def neglected_data(*, now: datetime) -> str:
    """Say so when the data are stale and nobody paused the fetches on purpose."""
    problem = stale_data(now=now)
    return "" if problem not in ("", NOTHING) and paused_job(FETCH_JOB) else problem


def standing_chain(*, now: datetime) -> str:
    """Say so when no endpoint knows of a later slot than the newest fetch, or none tells anything."""
    return endpoints.unknown_chain() or endpoints.standing_chain()


def doubted_endpoints(*, now: datetime) -> str:
    """Say which endpoints gave answers that cannot be true when they were asked last, or give none."""
    return " ".join([*endpoints.doubted_endpoints().values(), *endpoints.unanswering_endpoints()])


def silent_sources(*, now: datetime) -> str:
    """Say which sources were not heard for two of their intervals, and what they alone tell."""
    return " ".join(sources.sentence(one, now=now) for one in sources.silent_sources(now=now))
