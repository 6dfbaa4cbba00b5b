"""Tasks by the paths that rows store: whether they are still there."""

from django.db.models import Exists, OuterRef, Q

from scheduling.exceptions import UnknownNameError
from scheduling.models import OPEN_STATES, Job, Run
from scheduling.models.paths import task_at


def stored_tasks() -> list[tuple[str, str]]:
    """The name and the task's path of every job that has a schedule, or a run that has not ended."""
    waiting = Run.objects.filter(job=OuterRef("pk"), state__in=OPEN_STATES)
    jobs = Job.objects.filter(Q(schedule__isnull=False) | Exists(waiting)).order_by("name")
    return list(jobs.values_list("name", "task"))


def tasks_that_are_gone(stored: list[tuple[str, str]] | None = None) -> list[tuple[str, str]]:
    """The jobs whose task cannot be imported, and why; each path is tried once, however many name it."""
    found = stored_tasks() if stored is None else stored
    reasons = {path: _why_not(path) for path in {path for _, path in found}}
    return [(name, reasons[path]) for name, path in found if reasons[path]]


def _why_not(path: str) -> str:
    try:
        task_at(path)
    except UnknownNameError as exc:
        return str(exc)
    except Exception as exc:  # whatever its module does
        return f"its task {path} cannot be imported ({type(exc).__name__})."
    return ""
