"""What shows whether the promises were kept, looked at from outside the code that keeps them."""

from collections import Counter
from datetime import datetime, timedelta

from django.db.models import Count
from django_q.models import Failure, Schedule, Success

from scheduling.ledger.retention import Retention
from scheduling.models import Job, Run, RunState
from scheduling.models.paths import EXECUTE_RUN, paths_ever

# What `execute_run` returned then.
SUCCEEDED = "succeeded"


def schedule_name_counts() -> dict[str, int]:
    """How many schedule rows have each name; ours are those with a job, but a copy has none."""
    named = Schedule.objects.exclude(name=None).order_by()
    return dict(named.values_list("name").annotate(rows=Count("pk")))


def runs_executed_twice(*, since: datetime) -> list[int]:
    """The runs whose task came to its end more than once, by django-q2's own history; run ids."""
    of_runs = Success.objects.filter(func__in=paths_ever(EXECUTE_RUN), stopped__gte=since)
    tasks = of_runs.only("args", "result")
    executed = Counter(task.args[0] for task in tasks if task.result == SUCCEEDED and task.args)
    return sorted(run_id for run_id, times in executed.items() if times > 1)


def rows_kept_too_long(retention: Retention, *, now: datetime, patience: timedelta) -> dict[str, int]:
    """Job history that should be gone since `patience`, table -> rows.

    Runs by what their job says, of which the newest may stay; django-q2's own by `retention`.
    """
    succeeded_before = now - retention.keep_succeeded - patience
    failed_before = now - retention.keep_failed - patience
    kept = Counter(
        {
            "successful tasks": Success.objects.filter(stopped__lt=succeeded_before).count(),
            "failed tasks": Failure.objects.filter(stopped__lt=failed_before).count(),
        }
    )
    for job in Job.objects.all():
        newest = Run.objects.filter(job=job).order_by("-occurrence").values_list("pk", flat=True)
        runs = Run.objects.filter(job=job).exclude(pk__in=list(newest[: max(job.keep_newest, 1)]))
        for state, keep in ((RunState.SUCCEEDED, job.keep_succeeded), (RunState.FAILED, job.keep_failed)):
            old = runs.filter(state=state, finished_at__lt=now - keep - patience)
            kept[f"{state} runs"] += old.count()
    return {name: rows for name, rows in kept.items() if rows}
