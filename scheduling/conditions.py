"""Conditions: registered functions that may refuse a run before its task is called.

`settings.SCHEDULING_CONDITIONS` maps a name to the dotted path of a function that takes an
`Occasion` and returns why the run should not happen, or an empty string.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from scheduling.clock import AHEAD, database_now
from scheduling.exceptions import SkipRun, UnknownNameError
from scheduling.models import Run, RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What a condition is asked about. `last_success`: when the job's last good run began, None if never."""

    job_name: str
    occurrence: datetime
    last_success: datetime | None


Condition = Callable[[Occasion], str]


def condition_names() -> list[str]:
    return sorted(settings.SCHEDULING_CONDITIONS)


def unknown_condition(name: str) -> str:
    """Why no run can ask the condition of that name; empty when it is registered, or none is named."""
    if not name or name in settings.SCHEDULING_CONDITIONS:
        return ""
    return f"There is no condition {name!r}; there are: {', '.join(condition_names())}."


def require_condition(name: str, *, job_id: int, job_name: str, occurrence: datetime) -> None:
    """Raise `SkipRun` with the reason when the condition of that name refuses; no name never does.

    Raises `UnknownNameError` for a name that is not registered.
    """
    if not name:
        return
    if problem := unknown_condition(name):
        raise UnknownNameError(problem)
    condition: Condition = import_string(settings.SCHEDULING_CONDITIONS[name])
    successes = Run.objects.filter(job=job_id, state=RunState.SUCCEEDED).order_by("-occurrence")
    # One of the future ran while the clock was ahead.
    successes = successes.filter(started_at__lte=database_now() + AHEAD)
    last_success = successes.values_list("started_at", flat=True).first()
    refusal = condition(Occasion(job_name=job_name, occurrence=occurrence, last_success=last_success))
    if refusal:
        raise SkipRun(f"{name}: {refusal}")
