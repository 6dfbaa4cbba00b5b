"""Running less often while something is overloaded, and as often as before when it no longer is."""

from datetime import datetime

from scheduling.clock import AHEAD
from scheduling.ledger.journal import SCHEDULER, record_change
from scheduling.models import Action, Job, Run, RunState
from scheduling.timing.cadence import Every

# More queued runs than this, and the workers are behind.
LONG_QUEUE = 10


def adapt_stretch(job: Job, *, now: datetime) -> None:
    """Decide, and record when it changes, how many intervals lie between the job's next occurrences.

    Doubles while the queue is long or the job's last run reported pressure, up to its limit,
    and halves when that is over. A job without a limit is left alone. Called by whoever
    claimed the job's occurrence, so by one dispatcher at a time.
    """
    if job.stretch_limit is None or not isinstance(job.cadence, Every):
        return
    reason = _pressure_on(job, now=now)
    longest = max(1, int(job.stretch_limit.total_seconds()) // job.cadence.seconds)
    stretch = min(job.stretch * 2, longest) if reason else max(1, job.stretch // 2)
    if stretch == job.stretch:
        return
    seconds, before = stretch * job.cadence.seconds, job.stretch * job.cadence.seconds
    Job.objects.filter(pk=job.pk).update(stretch=stretch)
    detail = f"every {seconds} s instead of {before} s: {reason or 'the pressure is over'}"
    record_change(job, at=now, by=SCHEDULER, action=Action.STRETCH, detail=detail)


def _pressure_on(job: Job, *, now: datetime) -> str:
    """What is overloaded, empty when nothing is."""
    begun = Run.objects.filter(job=job, started_at__isnull=False, occurrence__lte=now + AHEAD)
    newest = begun.order_by("-occurrence").first()
    if newest is not None and newest.pressure:
        return newest.pressure
    queued = Run.objects.filter(state=RunState.QUEUED).count()
    return f"{queued} runs are queued" if queued > LONG_QUEUE else ""
