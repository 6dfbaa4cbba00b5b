"""The monitor of a pool: stores what it is told together, and one that cannot be stored by itself."""

import logging
from typing import Any

import pytest
from django_q.models import Task

from scheduling.engine.history import STOP, keep_history
from scheduling.engine.mailbox import Mailbox
from scheduling.ledger.task_history import TaskHistory
from scheduling.models.paths import EXECUTE_RUN
from tests.scheduling.ledger.test_task_history import ended_task

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

MODULE = "scheduling.engine.history"


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.close_old_connections", lambda: None)
    monkeypatch.setattr(f"{MODULE}.os.nice", lambda niceness: None)


def told(*tasks: dict[str, Any]) -> Mailbox:
    results = Mailbox(room=128 * 1024)
    for task in (*tasks, STOP):
        results.put(task)
    return results


def test_what_ends_together_is_stored_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.MOST_AT_ONCE", 4)
    batches: list[int] = []
    monkeypatch.setattr(TaskHistory, "store", lambda self, tasks: batches.append(len(tasks)))

    keep_history(told(*map(ended_task, range(9))))

    assert batches == [4, 4, 1]


def test_one_that_cannot_be_stored_costs_the_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    bad = ended_task(2) | {"started": "yesterday", "name": "bad"}

    keep_history(told(ended_task(1), bad, ended_task(3)))

    assert set(Task.objects.values_list("name", flat=True)) == {"task 1", "task 3"}
    assert "of bad say" in caplog.text


def test_the_log_says_what_each_run_came_to(caplog: pytest.LogCaptureFixture) -> None:
    """Two messages of one run are one run, and a skip is no success."""
    caplog.set_level(logging.INFO, logger=MODULE)
    run = ended_task(1) | {"name": "score 12:00:00Z", "func": EXECUTE_RUN, "result": "skipped: nothing yet"}
    again = run | {"id": f"{2:032d}", "result": "already taken"}

    keep_history(told(run, again, ended_task(3), ended_task(4, success=False)))

    assert [record.message for record in caplog.records] == [
        "Processed score 12:00:00Z: skipped: nothing yet.",
        "Processed score 12:00:00Z: already taken.",
        "Processed task 3: succeeded.",
    ]
