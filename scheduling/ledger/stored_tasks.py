"""Tasks and conditions by what rows store of them: whether they are still there."""

from django.db.models import Exists, OuterRef, Q

from scheduling.conditions import unknown_condition
from scheduling.exceptions import UnknownNameError
from scheduling.models import OPEN_STATES, Job, Run
from scheduling.models.paths import task_at


def stored_tasks() -> list[tuple[str, str, str]]:
    """Name, path of the task and condition of every job that has a schedule, or a run that has not ended."""
    waiting = Run.objects.filter(job=OuterRef("pk"), state__in=OPEN_STATES)
    jobs = Job.objects.filter(Q(schedule__isnull=False) | Exists(waiting)).order_by("name")
    return list(jobs.values_list("name", "task", "condition"))


def tasks_that_are_gone(stored: list[tuple[str, str, str]] | None = None) -> list[tuple[str, str]]:
    """The jobs whose task cannot be imported, or whose condition is not registered, and why.

    Each path is tried once, however many name it.
    """
    found = stored_tasks() if stored is None else stored
    reasons = {path: _why_not(path) for path in {path for _, path, _ in found}}
    told = ((name, reasons[path] or unknown_condition(condition)) for name, path, condition in found)
    return [(name, reason) for name, reason in told if reason]


def _why_not(path: str) -> str:
    try:
        task_at(path)
    except UnknownNameError as exc:
        return str(exc)
    except Exception as exc:  # whatever its module does
        return f"its task {path} cannot be imported ({type(exc).__name__})."
    return ""
