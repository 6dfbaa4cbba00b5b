"""What a job's policies may be, wherever they are changed."""

import inspect
import json
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError

from scheduling.conditions import unknown_condition
from scheduling.exceptions import RefusedError, UnknownNameError, WrongValueError
from scheduling.models import Job
from scheduling.models.jobs import LONGEST_NOTE
from scheduling.models.paths import task_at
from scheduling.timing.cadence import Cadence, Cron, Every
from scheduling.timing.durations import show_duration
from scheduling.timing.instants import show_instant

# The present less any of a job's durations must still be a date.
LONGEST_DURATION = timedelta(days=36_525)
DURATIONS = (
    "jitter",
    "catch_up_window",
    "stretch_limit",
    "time_limit",
    "backoff",
    "keep_succeeded",
    "keep_failed",
)
# Beyond this it is no longer a wait between attempts but a schedule of its own.
MOST_ATTEMPTS_ALLOWED = 100
# What django-q2's column holds.
LONGEST_CRON = 100
# Bytes of JSON of a job's parameters, which are copied into each of its runs.
MOST_PARAMETERS = 4_096
_PARAMETERS = ("parameters", "parameters_b")


def require_sense(job: Job) -> None:
    """Raise a `SchedulingError` for what could never run; its message names the field."""
    str(job.cadence)
    if job.time_limit <= timedelta(0):
        raise RefusedError(f"A time limit of {show_duration(job.time_limit)} leaves no time at all.")
    _require_attempts(job)
    require_short_cron(job.cadence)
    if (
        isinstance(job.cadence, Every)
        and job.after is None
        and job.jitter.total_seconds() >= job.cadence.seconds
    ):
        raise RefusedError(
            f"A jitter of {show_duration(job.jitter)} is no shorter than the interval, so runs would meet."
        )
    for field in DURATIONS:
        if (getattr(job, field) or timedelta(0)) > LONGEST_DURATION:
            raise RefusedError(f"{field}: more than a hundred years is too long.")
    for field in _PARAMETERS:
        require_parameters(job.task, getattr(job, field), field=field)
    if problem := unknown_condition(job.condition):
        raise UnknownNameError(problem)
    try:
        job.clean_fields(exclude=["schedule", "after"])
    except ValidationError as exc:
        problems = "; ".join(f"{field}: {' '.join(texts)}" for field, texts in exc.message_dict.items())
        raise RefusedError(problems) from exc


def require_effect(job: Job, fields: Collection[str]) -> None:
    """Raise `RefusedError` where one of these fields can be left out, and has a value that does nothing.

    Asked of what somebody says alone: rows of before such a value was refused have it still.
    """
    if "pause_after_failures" in fields and job.pause_after_failures == 0:
        raise RefusedError("pause after failures: 0 are none; 1 is the least, and `none` never pauses.")
    if "catch_up_window" in fields and job.catch_up_window <= timedelta(0):
        raise RefusedError(
            f"catch-up window: {show_duration(job.catch_up_window)} reaches back to nothing; it takes more "
            "than that, and catch-up `skip` or `latest` makes up for less."
        )


def require_room_to_stretch(job: Job) -> None:
    """Raise `RefusedError` for a stretch limit within which no interval of the job fits twice."""
    cadence, limit = job.cadence, job.stretch_limit
    if limit is None:
        return
    if not isinstance(cadence, Every):
        raise RefusedError(
            f"stretch limit: {show_duration(limit)} stretches no cron; it takes `none` beside one."
        )
    if limit < timedelta(seconds=2 * cadence.seconds):
        raise RefusedError(
            f"stretch limit: {show_duration(limit)} stretches nothing of a job that runs {cadence}; it takes "
            f"{show_duration(timedelta(seconds=2 * cadence.seconds))} or more, or `none`."
        )


def require_some(count: int) -> None:
    """Raise `RefusedError` for a count of occurrences that would stop a job without saying so."""
    if count == 0:
        raise RefusedError("0 occurrences are none; a pause stops a job.")


def require_short_cron(cadence: Cadence) -> None:
    """Raise `RefusedError` for an expression that its row cannot hold."""
    if isinstance(cadence, Cron) and len(cadence.expression) > LONGEST_CRON:
        raise RefusedError(f"A cron of {len(cadence.expression)} characters is too long: {LONGEST_CRON} fit.")


def require_short_note(note: str) -> None:
    """Raise `RefusedError` for a note that its row cannot hold."""
    if len(note) > LONGEST_NOTE:
        raise RefusedError(f"A note of {len(note)} characters is too long: {LONGEST_NOTE} fit.")


def require_to_come(until: datetime | None, *, now: datetime) -> None:
    """Raise `WrongValueError` for the end of a pause that is over already."""
    if until is not None and until <= now:
        raise WrongValueError(f"A pause until {show_instant(until)} is over already.")


def _require_storable(field: str, value: Any) -> None:
    """JSON as every database takes it: no number without a value, no half character, no character NUL."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, TypeError, RecursionError) as exc:
        raise RefusedError(f"{field} cannot be kept as JSON: {exc}.") from exc
    if "\\u0000" in text.replace("\\\\", ""):
        raise RefusedError(f"{field} cannot be kept: it holds the character NUL.")


def _require_attempts(job: Job) -> None:
    if job.max_attempts < 1:
        raise RefusedError(f"{job.max_attempts} attempts are none; a run needs at least one.")
    if job.max_attempts > MOST_ATTEMPTS_ALLOWED:
        raise RefusedError(f"{job.max_attempts} attempts are too many; {MOST_ATTEMPTS_ALLOWED} are the most.")
    if job.backoff <= timedelta(0):
        raise RefusedError("A backoff of no time is none: what failed would be tried again at once.")


def require_parameters(task: str, parameters: Any, *, field: str) -> None:
    """Raise a `SchedulingError` for what the task cannot be called with, or what is too much to copy."""
    if not isinstance(parameters or {}, dict):
        raise RefusedError(f"{field} is not a JSON object of keyword arguments.")
    _require_storable(field, parameters)
    size = len(json.dumps(parameters).encode())
    if size > MOST_PARAMETERS:
        raise RefusedError(
            f"{field}: {size:,} bytes are too many; every run keeps them: {MOST_PARAMETERS:,} fit."
        )
    signature = inspect.signature(task_at(task))
    try:
        signature.bind(**(parameters or {}))
    except TypeError as exc:
        names = ", ".join(signature.parameters) or "nothing"
        raise RefusedError(f"{field}: {exc}; {task.rpartition('.')[2]} takes: {names}.") from None
