"""What ran while the clock was ahead, and stands since it was set right until that time comes again."""

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from scheduling.clock import AHEAD
from scheduling.models import Job, Run, RunState, RunTrigger
from scheduling.timing.attempts import JITTER, LONGEST_WAIT

# No other attempt waits longer than this, unless the first wait of its job is longer.
LONGEST_BETWEEN_ATTEMPTS = LONGEST_WAIT * (1 + JITTER)


def jobs_ahead(*, now: datetime) -> "QuerySet[Job]":
    """The jobs that stand so: their next run lies behind one of the future, or one of the future is open.

    A next run that somebody chose is none of this, however far off.
    """
    jobs = Job.objects.filter(schedule__isnull=False, paused_at=None)
    return jobs.filter(_stands_ahead(now=now) | Q(pk__in=waiting_ahead(now=now).values("job")))


def stands_ahead(job: Job, *, now: datetime) -> bool:
    """Whether its next run lies behind one of the future that the clock asked for."""
    return Job.objects.filter(_stands_ahead(now=now), pk=job.pk).exists()


def _stands_ahead(*, now: datetime) -> Q:
    ran = Run.objects.filter(
        trigger=RunTrigger.SCHEDULE,
        occurrence__gt=now + AHEAD,
        occurrence__lt=F("job__schedule__next_run"),
    )
    return Q(after=None, pk__in=ran.values("job"))


def waiting_ahead(*, now: datetime) -> "QuerySet[Run]":
    """The runs that wait by that clock: nobody looks at them before their time.

    Whatever they are for: a backfill or what follows another run is for an occurrence of the past.
    """
    begins_anew = ~Q(trigger=RunTrigger.SCHEDULE) | Q(begun_anew=True)
    for_no_reason = Q(occurrence__gt=now + AHEAD) | (Q(attempt=0) & begins_anew)
    is_tried = Q(attempt__gt=0, job__backoff__lte=LONGEST_WAIT)
    return Run.objects.filter(
        Q(not_before__gt=now + AHEAD) & for_no_reason
        | Q(not_before__gt=now + LONGEST_BETWEEN_ATTEMPTS) & is_tried,
        state__in=(RunState.PENDING, RunState.QUEUED),
    )


def shorten_waits(job: Job, *, former: timedelta, now: datetime) -> None:
    """What waits for another attempt by a longer first wait of before begins after the new one instead.

    By the new one it would look like what waits ahead. What does wait ahead, which the former one does not
    explain either, goes on waiting until somebody says so.
    """
    if job.backoff >= former:
        return
    waiting = Run.objects.filter(
        job=job,
        state=RunState.PENDING,
        attempt__gt=0,
        occurrence__lte=now + AHEAD,
        not_before__gt=now + _longest_wait(job.backoff),
        not_before__lte=now + _longest_wait(former),
    )
    waiting.update(not_before=now + job.backoff)


def _longest_wait(first_wait: timedelta) -> timedelta:
    return max(LONGEST_BETWEEN_ATTEMPTS, first_wait * (1 + JITTER))
