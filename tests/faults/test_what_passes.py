"""A run whose end cannot be stored waits for what goes well later, and for nothing else."""

import signal
from datetime import timedelta

import pytest
from django.db import connection

from scheduling.clock import database_now
from scheduling.engine.execution import commit_with_run, execute_run
from scheduling.engine.recording import LONGEST_WAIT, TRY_AGAIN
from scheduling.exceptions import TimeLimitError
from scheduling.models import Run, RunState
from scheduling.timing.attempts import JITTER
from tests.scheduling.factories import RunFactory
from tests.scheduling.no_writes import take_no_writes, take_writes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

NEVER = {
    "sqlite": {
        "INSERT INTO nowhere VALUES (1)": "no such table: nowhere",
        "UPDATE scheduling_run SET nowhere = 1": "no such column: nowhere",
        f"SELECT {'1+' * 1_100}1": "Expression tree is too large",
    },
    "postgresql": {
        "INSERT INTO nowhere VALUES (1)": 'relation "nowhere" does not exist',
        "SET LOCAL statement_timeout = 1; SELECT pg_sleep(9)": "canceling statement due to statement timeout",
        f"SELECT {'1,' * 2_000}1": "target lists can have at most 1664 entries",
    },
}


def asked(statement: str) -> None:
    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    commit_with_run(write)


def read_only() -> None:
    take_no_writes()
    commit_with_run(lambda: Run.objects.update(pressure="stored"))


def run_of(task: str, **parameters: str) -> Run:
    return RunFactory(
        job__task=f"{__name__}.{task}",
        parameters=parameters,
        job__time_limit=timedelta(minutes=10),
        state=RunState.QUEUED,
        occurrence=database_now(),
    )


def test_what_will_never_go_well_fails_at_once_with_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("scheduling.engine.recording.time.sleep", waits.append)

    for statement, error in NEVER[connection.vendor].items():
        run = run_of("asked", statement=statement)
        with pytest.raises(Exception, match=error):
            execute_run(run.pk)
        run.refresh_from_db()
        assert (run.attempt, error in run.error.partition("\n")[0]) == (1, True)
    assert waits == []


def test_a_time_limit_that_ends_such_a_wait_says_what_the_database_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 8:
            take_writes()
            connection.close()
            signal.raise_signal(signal.SIGALRM)

    monkeypatch.setattr("scheduling.engine.recording.time.sleep", sleep)
    run = run_of("read_only")

    with pytest.raises(TimeLimitError):
        execute_run(run.pk)

    run.refresh_from_db()
    line, _, trace = run.error.partition("\n")
    assert (
        "at its time limit of 600 s. Its work was done and could not be stored. The database does not" in line
    )
    assert "OperationalError: attempt to write a readonly" in trace or "ReadOnlySqlTransaction" in trace
    for number, wait in enumerate(waits):
        least = min(TRY_AGAIN * 2**number, LONGEST_WAIT)
        assert least <= wait <= least * (1 + JITTER)
