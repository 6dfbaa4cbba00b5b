"""Schedules and runs as the API lists them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Min, Q

from scheduling.models import Job, Run


def next_occurrence(names: Iterable[str]) -> datetime | None:
    """When the first of these jobs is due; None when none is."""
    due = Job.objects.filter(name__in=names, paused_at=None, schedule__isnull=False).aggregate(
        at=Min("schedule__next_run")
    )
    at: datetime | None = due["at"]
    return at


def runs_before(
    place: tuple[datetime, int] | None, *, job: str | None, states: Sequence[str], limit: int
) -> list[Run]:
    """The newest runs, from behind a place (occurrence and key) on."""
    runs = Run.objects.select_related("job").order_by("-occurrence", "-pk")
    if job is not None:
        # By key: through the name, PostgreSQL reads the newest of all jobs until it has enough of this one.
        runs = runs.filter(job=Job.objects.filter(name=job).values_list("pk", flat=True).first())
    if states:
        runs = runs.filter(state__in=states)
    if place is not None:
        occurrence, key = place
        runs = runs.filter(Q(occurrence__lt=occurrence) | Q(occurrence=occurrence, pk__lt=key))
    return list(runs[:limit])


def run_of(key: int) -> Run | None:
    return Run.objects.select_related("job").filter(pk=key).first()
