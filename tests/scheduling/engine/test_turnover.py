"""The end of a run that is written with the claim of the next one (PostgreSQL)."""

import os
import queue
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import DataError, OperationalError, connection, connections
from pytest_django import DjangoAssertNumQueries

from scheduling.clock import database_now
from scheduling.engine import cluster, statements, turnover
from scheduling.engine.cluster import _RunsAlone
from scheduling.engine.dispatcher import Dispatcher
from scheduling.engine.execution import execute_run
from scheduling.models import Run, RunState
from scheduling.models.paths import EXECUTE_RUN
from tests.scheduling.factories import RunFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def two_wait(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(turnover, "_more_waits", lambda: True)
    monkeypatch.setattr(turnover, "_held", None)
    monkeypatch.setattr("scheduling.engine.prepared._gave_up", True)  # statements are counted
    now = database_now()
    for _ in range(2):
        RunFactory(occurrence=now, job__schedule__next_run=now + timedelta(hours=1))
    yield
    turnover.flush()


def states() -> list[tuple[str, int]]:
    return list(Run.objects.order_by("pk").values_list("state", "attempt"))


def numbers() -> list[int]:
    return list(Run.objects.order_by("pk").values_list("pk", flat=True))


def test_an_end_is_written_with_the_next_claim_by_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    if connection.vendor == "sqlite":
        return  # holds nothing back
    first, second = numbers()
    execute_run(first)
    held_back = states()

    with django_assert_num_queries(1):
        execute_run(second)
    turned_over = states()
    turnover.flush()

    assert held_back == [(RunState.RUNNING, 1), (RunState.QUEUED, 0)]
    assert turned_over == [(RunState.SUCCEEDED, 1), (RunState.RUNNING, 1)]
    assert states() == [(RunState.SUCCEEDED, 1)] * 2


@pytest.mark.parametrize(
    "taken",
    [{"owner": "somebody else", "attempt": 2}, {"state": RunState.PENDING}],
    ids=["another claim", "put back"],
)
def test_an_end_is_not_written_with_the_next_claim_where_its_own_is_not_in_force(
    taken: dict[str, Any],
) -> None:
    """[FENCE-1]"""
    first, second = numbers()
    execute_run(first)
    if connection.vendor == "sqlite":
        return  # holds nothing back
    Run.objects.filter(pk=first).update(**taken)
    before = states()[0]

    execute_run(second)

    assert states() == [before, (RunState.RUNNING, 1)]


@pytest.mark.parametrize("left", ["nothing", "a stop", "no run"])
def test_what_is_held_back_is_written_before_a_worker_waits_or_ends(left: str) -> None:
    messages: queue.Queue[Any] = queue.Queue()
    tasks = _RunsAlone(messages)
    execute_run(numbers()[0])
    if left == "no run":
        messages.put({"func": "os.system", "args": ("exit 1",)})
    if left != "nothing":
        messages.put("STOP")
    else:
        messages.get = _never(messages.get)  # type: ignore[method-assign]

    assert tasks.get() == "STOP"

    assert states()[0] == (RunState.SUCCEEDED, 1)


def _never(get: Any) -> Any:
    """What waits for ever is told to stop instead; nothing is held back then."""

    def waits(timeout: float | None = None) -> Any:
        if timeout is not None:
            return get(timeout=timeout or 0.001)
        assert states()[0] == (RunState.SUCCEEDED, 1)
        return "STOP"

    return waits


@pytest.mark.parametrize("error", [OperationalError, DataError])
def test_what_cannot_be_done_together_is_done_one_by_one(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **fields: Any) -> Any:
        raise error("together it does not go")

    monkeypatch.setattr(statements, "end_and_take", refuse)
    for number in numbers():
        assert execute_run(number) == "succeeded"
    turnover.flush()

    assert states() == [(RunState.SUCCEEDED, 1)] * 2


def test_what_was_done_together_without_an_answer_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    together = statements.end_and_take

    def unheard(*arguments: Any, **fields: Any) -> Any:
        together(*arguments, **fields)
        raise OperationalError("the answer was lost")

    monkeypatch.setattr(statements, "end_and_take", unheard)
    first, second = numbers()
    execute_run(first)
    if connection.vendor == "sqlite":
        return  # holds nothing back

    with suppress(OperationalError):
        execute_run(second)

    assert states() == [(RunState.SUCCEEDED, 1), (RunState.PENDING, 0)]


def test_an_end_that_can_never_be_written_fails_its_own_run_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = numbers()
    write = statements.end

    def refuse(run_id: int, *, state: str, **fields: Any) -> bool:
        if run_id == first and state == RunState.SUCCEEDED:
            raise DataError("such a result is none")
        return write(run_id, state=state, **fields)

    monkeypatch.setattr(statements, "end", refuse)
    monkeypatch.setattr(statements, "end_and_take", lambda *args, **fields: refuse(first, state="succeeded"))
    for number in (first, second):
        try:
            execute_run(number)
        except DataError:
            assert connection.vendor == "sqlite"
    turnover.flush()

    assert states() == [(RunState.PENDING, 1), (RunState.SUCCEEDED, 1)]
    assert Run.objects.get(pk=first).error.startswith("DataError: such a result is none")


def test_a_worker_that_is_killed_with_an_end_held_back_has_its_run_made_again() -> None:
    if connection.vendor == "sqlite":
        return  # holds nothing back
    first = numbers()[0]
    connections.close_all()
    child = os.fork()
    if child == 0:
        execute_run(first)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)

    Dispatcher().tick()
    Dispatcher().tick()

    assert states() == [(RunState.QUEUED, 1), (RunState.QUEUED, 0)]
    assert execute_run(first) == "succeeded"


def test_a_worker_that_leaves_writes_the_end_that_it_holds_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does that has done as many runs as it is to do, whatever waits behind them."""
    first = numbers()[0]
    monkeypatch.setattr(cluster, "adopt_orphans", lambda: None)
    monkeypatch.setattr(cluster, "worker", lambda tasks, outbox: execute_run(first))
    tasks = Mock(empty=lambda: False)

    cluster._work(tasks, Mock())

    assert states() == [(RunState.SUCCEEDED, 1), (RunState.QUEUED, 0)]


def test_a_message_is_passed_on_as_it_came() -> None:
    messages: queue.Queue[Any] = queue.Queue()
    message = {"func": EXECUTE_RUN, "args": (numbers()[1],), "kwargs": {}}
    messages.put(message)
    execute_run(numbers()[0])

    assert _RunsAlone(messages).get() == message
