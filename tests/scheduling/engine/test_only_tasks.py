"""Nothing but a task is ever called, whatever a row or a message says."""

import sys
from typing import Any

import pytest

from scheduling.engine.cluster import _RunsAlone
from scheduling.engine.execution import execute_run
from scheduling.exceptions import UnknownNameError
from scheduling.models import Job, RunState
from scheduling.models.paths import EXECUTE_RUN, task_at
from scheduling.operations import changing
from tests.scheduling.factories import NOON, JobFactory, RunFactory

NO_TASKS = [
    "os.system",
    "builtins.eval",
    "antigravity.fly",
    "validators.tasks.store_names",
    "validators.tasks.timezone.now",
    "scheduling.tasks.__all__",
    "scheduling.tasks.execution",
    "tests.scheduling.tasks.time.sleep",
    "tests.scheduling.tasks.commit_with_run",
    "os",
    "",
]


@pytest.mark.parametrize("path", NO_TASKS)
def test_what_is_no_task_is_refused_and_not_imported(path: str) -> None:
    with pytest.raises(UnknownNameError, match="is no task of this project"):
        task_at(path)

    assert "antigravity" not in sys.modules


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize("path", ["os.system", "antigravity.fly", "validators.tasks.store_names"])
def test_a_row_that_was_edited_by_hand_fails_and_calls_nothing(path: str) -> None:
    job = JobFactory(max_attempts=1)
    run = RunFactory(job=job, parameters={"command": "exit 1"})
    Job.objects.update(task=path)

    with pytest.raises(UnknownNameError):
        execute_run(run.pk)

    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert run.error.startswith(f"UnknownNameError: '{path}' is no task of this project")
    assert "antigravity" not in sys.modules
    with pytest.raises(UnknownNameError):
        changing.change(job.name, by="ada", now=NOON, fields={"max_attempts": 2})


HOSTILE: list[dict[str, Any]] = [
    {"func": "os.system", "args": ("exit 1",)},
    {"func": print, "args": (1,)},
    {"func": EXECUTE_RUN, "args": ("1",)},
    {"func": EXECUTE_RUN, "args": (1, 2)},
    {"func": EXECUTE_RUN, "args": (True,)},
    {"func": EXECUTE_RUN, "args": (1,), "kwargs": {"run_id": 1}},
    {"func": EXECUTE_RUN, "args": (1,), "hook": "os.system"},
    {"func": EXECUTE_RUN, "args": (1,), "chain": [("os.system", ("exit 1",))]},
    {"func": "scheduling.tasks.clean_up", "args": ()},
    {},
]


class Messages:
    def __init__(self, *messages: Any) -> None:
        self._left = list(messages)

    def get(self) -> Any:
        return self._left.pop(0)


def test_messages_that_ask_for_anything_but_a_run_are_dropped() -> None:
    now = {"func": EXECUTE_RUN, "args": (7,), "kwargs": {}, "group": "fetch"}
    former = {"func": "scheduling.execution.execute_run", "args": (8,)}
    messages = _RunsAlone(Messages(*HOSTILE, now, *HOSTILE, former, "STOP"))

    assert [messages.get()["args"] for _ in range(2)] == [(7,), (8,)]
    assert messages.get() == "STOP"
