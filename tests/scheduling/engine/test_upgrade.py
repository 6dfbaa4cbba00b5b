"""A database of the version before `scheduling.tasks`, with runs waiting, is upgraded and loses nothing."""

import pytest

from tests.installation import Installation, wait_until

# The database is the installation's own; which kind it is follows the suite's.
pytestmark = [pytest.mark.processes, pytest.mark.database]

BEFORE = "0007_task_history_indexes"
# What that version wrote, and a message of every run that it had queued: written by today's code into
# today's tables with the paths of then, and led back.
LEFT_BEHIND = """
from datetime import UTC, datetime, timedelta
from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import async_task
from scheduling.models import Job, Run, RunState, RunTrigger

now = timezone.now()
clean_up = Job.objects.get(name="cleanup-repeatable")
deliver = Job.objects.create(
    name="alert-email", task="scheduling.alert_delivery.send_email", overlap="allow", max_attempts=10,
    time_limit=timedelta(minutes=1), keep_succeeded=timedelta(days=7), keep_failed=timedelta(days=30),
)
Job.objects.filter(pk=clean_up.pk).update(task="scheduling.retention.clean_up", overlap="allow")
Schedule.objects.filter(job=clean_up).update(func="scheduling.retention.clean_up")
news = [dict(event="test", rule="test", subject="nothing", message="-", opened_at="", closed_at=None)]
alert = {"trigger": RunTrigger.ALERT, "parameters": {"news": news}}

def left(job, minutes, **fields):
    occurrence = datetime(2020, 1, 1, 12, minutes, tzinfo=UTC)
    return Run.objects.create(job=job, occurrence=occurrence, not_before=occurrence, **fields)

left(clean_up, 9, state=RunState.PENDING)
left(clean_up, 8, state=RunState.RUNNING, attempt=1, started_at=now, worker="gone:999999:1", owner="gone")
queued = [
    left(clean_up, 7, state=RunState.QUEUED, queued_at=now),
    left(deliver, 6, state=RunState.QUEUED, queued_at=now, **alert),
]
left(deliver, 5, state=RunState.PENDING, **alert)
for run in queued:
    async_task("scheduling.execution.execute_run", run.pk, task_name=str(run), group=run.job.name,
               q_options={"timeout": -1})
"""
TELLS = {"ALERT_EMAILS": "somebody@example.org", "EMAIL_URL": "consolemail://"}


def test_runs_and_messages_of_the_version_before_end_well(stack: Installation) -> None:
    stack.manage("scheduler", "setup", "test")
    stack.manage("shell", "-v0", "-c", LEFT_BEHIND)
    stack.manage("migrate", "scheduling", BEFORE, "-v0")

    stack.manage("migrate", "-v0")
    stack.start("qcluster", **TELLS)

    left = "SELECT state, error FROM scheduling_run WHERE occurrence < '2021-01-01' AND state "
    wait_until(
        lambda: len(stack.rows(left + "IN ('succeeded', 'skipped')")) == 5,
        seconds=40.0,
        saying="the end of all five",
    )
    # News that waits is told with what comes meanwhile: this start has missed some occurrences.
    skipped = stack.rows(left + "= 'skipped'")
    assert all(error.startswith("told together with the news of ") for _, error in skipped)
    assert len(skipped) <= 1
    # The messages themselves were understood: none of them failed, to be sent once more under today's path.
    assert stack.rows("SELECT func FROM django_q_task WHERE NOT success") == []


def test_stored_paths_are_rewritten_and_can_be_led_back(stack: Installation) -> None:
    stack.manage("scheduler", "setup", "test")
    paths = (
        "SELECT job.task, schedule.func FROM scheduling_job job "
        "JOIN django_q_schedule schedule ON schedule.id = job.schedule_id "
        "WHERE job.name = 'cleanup-repeatable'"
    )

    stack.manage("migrate", "scheduling", BEFORE, "-v0")
    assert stack.rows(paths) == [("scheduling.retention.clean_up",) * 2]

    stack.manage("migrate", "-v0")
    assert stack.rows(paths) == [("scheduling.tasks.clean_up",) * 2]
