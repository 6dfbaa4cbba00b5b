"""Pauses of everything at once, and those that end by themselves."""

from datetime import datetime, timedelta

from scheduling.exceptions import RefusedError
from scheduling.ledger.journal import SCHEDULER
from scheduling.models import Job
from scheduling.operations.changing import pause, resume


def pause_all(*, by: str, note: str, now: datetime, until: datetime | None = None) -> list[str]:
    """Pause every schedule that is not paused yet; returns their names."""
    names = _names(is_paused=False)
    for name in names:
        pause(name, by=by, note=note, now=now, until=until)
    return names


def resume_all(*, by: str, now: datetime) -> list[str]:
    """Let every paused schedule go on; returns their names."""
    names = _names(is_paused=True)
    for name in names:
        resume(name, by=by, now=now)
    return names


def end_pauses(*, now: datetime) -> list[str]:
    """Let those go on whose pause is over, with the first occurrence from its end; returns their names."""
    over = Job.objects.filter(paused_until__lte=now, paused_at__isnull=False, schedule__isnull=False)
    ended = []
    for name, until in over.order_by("name").values_list("name", "paused_until"):
        assert until is not None, "only a pause that has an end is over"
        try:
            resume(name, by=SCHEDULER, now=until - timedelta(microseconds=1))
        except RefusedError:
            continue  # another dispatcher was faster
        ended.append(name)
    return ended


def _names(*, is_paused: bool) -> list[str]:
    jobs = Job.objects.filter(schedule__isnull=False, paused_at__isnull=not is_paused)
    return list(jobs.order_by("name").values_list("name", flat=True))
