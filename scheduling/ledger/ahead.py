"""What ran while the clock was ahead, and stands since it was set right until that time comes again."""

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from scheduling.models import Job, Run, RunState, RunTrigger

# Nothing is claimed before its time: what has a run for a time so far ahead ran by a clock that was wrong.
AHEAD = timedelta(minutes=1)


def jobs_ahead(*, now: datetime) -> "QuerySet[Job]":
    """The jobs that stand so: their next run lies behind one of the future, or one of the future is open.

    A next run that somebody chose is none of this, however far off.
    """
    future = Run.objects.filter(occurrence__gt=now + AHEAD)
    ran = future.filter(trigger=RunTrigger.SCHEDULE, occurrence__lt=F("job__schedule__next_run"))
    jobs = Job.objects.filter(schedule__isnull=False, paused_at=None)
    return jobs.filter(
        Q(after=None, pk__in=ran.values("job")) | Q(pk__in=waiting_ahead(now=now).values("job"))
    )


def waiting_ahead(*, now: datetime) -> "QuerySet[Run]":
    """The runs that were asked for then and have not begun: nobody looks at them before their time."""
    return Run.objects.filter(
        state__in=(RunState.PENDING, RunState.QUEUED), occurrence__gt=now + AHEAD, not_before__gt=now + AHEAD
    )
