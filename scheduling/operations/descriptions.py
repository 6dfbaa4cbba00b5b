"""A job's cadence and policies in words, to say and keep what somebody changed."""

from collections.abc import Mapping

from scheduling.exceptions import CadenceError
from scheduling.models import Job

_FIELDS = (
    "ends_at",
    "jitter",
    "overlap",
    "catch_up",
    "catch_up_window",
    "condition",
    "parameters",
    "parameters_b",
    "stretch_limit",
    "time_limit",
    "max_attempts",
    "backoff",
    "pause_after_failures",
    "keep_succeeded",
    "keep_failed",
    "keep_newest",
)


def described(job: Job) -> dict[str, str]:
    """Its cadence and policies as text: whatever `operations.change` may change."""
    assert job.schedule is not None, "job_named gives scheduled jobs"
    try:
        cadence = str(job.cadence)
    except CadenceError as exc:
        cadence = f"broken ({exc})"
    return {
        "cadence": f"after {job.after.name}" if job.after else cadence,
        "next_run": str(job.schedule.next_run),
        "count": "no end" if job.schedule.repeats < 0 else str(job.schedule.repeats),
    } | {field: str(getattr(job, field)) or "None" for field in _FIELDS}


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """What differs, as `field: old -> new, …`; empty when nothing does."""
    return ", ".join(f"{key}: {before[key]} -> {after[key]}" for key in after if before[key] != after[key])
