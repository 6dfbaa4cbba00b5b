"""What an operator set otherwise than a declaration says, which set-up then leaves alone."""

from collections.abc import Iterable
from datetime import datetime

from scheduling.exceptions import CadenceError
from scheduling.models import Job

CADENCE = "cadence"
# Whatever set-up would write; of the other policies it writes none.
OVERRIDABLE = (CADENCE, "ends_at", "time_limit", "keep_succeeded", "keep_failed")


def note_overrides(job: Job, keys: Iterable[str], *, by: str, now: datetime) -> None:
    """Remember who set these, on the job in memory."""
    by_whom = {"by": by, "at": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    job.overrides = job.overrides | {key: by_whom for key in keys if key in OVERRIDABLE}


def keeps_cadence(job: Job) -> bool:
    """Whether somebody set its cadence, and that can be."""
    if CADENCE not in job.overrides or job.schedule is None:
        return False
    try:
        return bool(job.after or job.cadence)
    except CadenceError:
        return False
