"""A run whose row somebody holds at its end (PostgreSQL): stored when it is let go, or given up in time."""

import sys
from contextlib import ExitStack

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from scheduling.clock import database_now
from scheduling.engine.execution import commit_with_run, execute_run
from scheduling.models import Run, RunState
from tests.faults.test_held_rows import HELD, held
from tests.scheduling.factories import RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

_holding = ExitStack()


def end_while_held() -> int:
    _holding.enter_context(held("its run"))
    return 1


def commit_while_held() -> int:
    _holding.enter_context(held("its run"))
    return commit_with_run(lambda: 1)


@pytest.mark.parametrize("task", ["end_while_held", "commit_while_held"])
def test_a_run_whose_row_is_held_at_its_end_is_stored_when_it_is_let_go_and_says_so(
    task: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    settings.TASK_MODULES = [*settings.TASK_MODULES, __name__]
    monkeypatch.setitem(HELD, "its run", lambda: Run.objects.update(variant="a"))
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            _holding.close()

    monkeypatch.setattr("scheduling.engine.recording.time.sleep", sleep)
    run = RunFactory(job__task=f"{__name__}.{task}", occurrence=database_now())

    assert execute_run(run.pk) == "succeeded"

    run.refresh_from_db()
    assert (run.state, run.attempt, len(waits)) == (RunState.SUCCEEDED, 1, 2)
    assert caplog.text.count("cannot be stored yet: somebody else holds its row") == 1


def test_a_worker_waits_for_such_a_row_for_a_while_and_then_ends(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if connection.vendor == "sqlite":
        return  # has no locks of rows
    settings.TASK_MODULES = [*settings.TASK_MODULES, __name__]
    monkeypatch.setitem(HELD, "its run", lambda: Run.objects.update(variant="a"))
    monkeypatch.setattr("scheduling.engine.recording.HELD_PATIENCE", 0.0)
    monkeypatch.setattr("scheduling.engine.recording.os._exit", sys.exit)
    run = RunFactory(job__task=f"{__name__}.end_while_held", occurrence=database_now())

    with _holding, pytest.raises(SystemExit):
        execute_run(run.pk)

    assert f"{run} could not be stored for " in caplog.text
    assert Run.objects.get(pk=run.pk).state == RunState.RUNNING
