"""What an operator set otherwise than a declaration says, which set-up then leaves alone."""

from collections.abc import Iterable
from datetime import datetime

from scheduling.exceptions import CadenceError
from scheduling.ledger.ahead import shorten_waits
from scheduling.ledger.journal import record_change
from scheduling.models import Action, Job
from scheduling.operations.descriptions import described, difference

CADENCE = "cadence"
# How many occurrences are left stands in the schedule's row.
COUNT = "count"
# Where a cadence leaves it is nobody's wish.
_FOLLOWS = "next_run"
# What a declaration, or its mode, says; of all else it is what a new job has.
DECLARED = (CADENCE, "ends_at", "time_limit", "keep_succeeded", "keep_failed")


def note_overrides(job: Job, keys: Iterable[str], *, by: str, now: datetime) -> None:
    """Remember who set these, on the job in memory."""
    by_whom = {"by": by, "at": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    job.overrides = job.overrides | {key: by_whom for key in keys if key != _FOLLOWS}


def keeps_cadence(job: Job) -> bool:
    """Whether somebody set its cadence, and that can be."""
    if CADENCE not in job.overrides or job.schedule is None:
        return False
    try:
        return bool(job.after or job.cadence)
    except CadenceError:
        return False


def undo_overrides(job: Job, *, by: str, now: datetime) -> None:
    """Forget who set what, and bring back what a new job has; set-up writes what is declared."""
    schedule, new, backoff = job.schedule, Job(), job.backoff
    before = described(job) if schedule else {}
    for key in job.overrides:
        if key == COUNT and schedule:
            schedule.repeats = -1
        elif key not in DECLARED and hasattr(new, key):
            setattr(job, key, getattr(new, key))
    shorten_waits(job, former=backoff, now=now)
    job.overrides = {}
    job.save()
    if schedule is None:
        return
    schedule.save(update_fields=["repeats"])
    if changed := difference(before, described(job)):
        record_change(job, at=now, by=by, action=Action.SET, detail=changed)
