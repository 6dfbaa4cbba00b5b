"""What the simulated jobs do: work for some seconds, then store, return or fail. They tell the world."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from django.db import connection, transaction

from scheduling.conditions import Occasion
from scheduling.engine import execution
from scheduling.exceptions import SkipRun
from scheduling.ledger import retention
from tests.simulation import observer
from tests.simulation.observer import PARTS
from tests.simulation.parts import running
from tests.simulation.policies import not_now
from tests.simulation.processes import Killed
from tests.simulation.time_passing import FOR_EVER

STORE = "INSERT INTO simulation_effect (run_id) VALUES (%s)"
# A part, under the token of the claim that stores it; twice where its answer was lost.
STORE_PART = "INSERT INTO simulation_part (owner, number) VALUES (%s, %s)"
CLEANED = 4
COUNT_PARTS = "SELECT count(DISTINCT number) FROM simulation_part WHERE owner = %s"


class _ConflictError(Exception):
    pass


def store(*, seconds: float) -> None:
    """Stores its effect with the end of its run; some find at first that they cannot, and try once more."""
    claim = execution._current.get()
    assert claim is not None, "a task is called for a run"
    run_id = claim.run_id
    with at_work(seconds):
        pass

    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute(STORE, [run_id])

    if run_id % 4 == 0:
        with suppress(_ConflictError):
            execution.commit_with_run(_conflict)
    execution.commit_with_run(write)


def _conflict() -> None:
    raise _ConflictError


def store_in_parts(*, seconds: float) -> None:
    """Stores parts while it works, of which nothing is told before it has stored its effect as well."""
    claim = execution._current.get()
    assert claim is not None, "a task is called for a run"
    run_id, owner = claim.run_id, claim.owner

    def write_part(number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(STORE_PART, [owner, number])

    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute(COUNT_PARTS, [owner])
            observer.present().told(run_id, parts=cursor.fetchone()[0])
            cursor.execute(STORE, [run_id])

    with at_work(seconds / (PARTS + 1)):
        for number in range(PARTS):
            execution.commit_ahead(partial(write_part, number))
            observer.present().world.wait("works", seconds / (PARTS + 1))
    execution.commit_with_run(write)


def work(*, seconds: float) -> str:
    """Stores nothing with its run, so that its end is recorded after it."""
    with at_work(seconds):
        return "done"


def fail_at_first(*, seconds: float) -> None:
    claim = execution._current.get()
    with at_work(seconds):
        if claim is not None and claim.attempt < 3:
            raise ValueError("not yet")


def fail_in_turn(*, seconds: float) -> None:
    """Of every other occurrence of a dense seed."""
    claim = execution._current.get()
    with at_work(seconds):
        if claim is not None and claim.occurrence.second // 10 % 2:
            raise ValueError("not this time")


def fail(*, seconds: float) -> None:
    with at_work(seconds):
        raise ValueError("never")


def die(*, seconds: float) -> None:
    """Takes its worker along."""
    with at_work(seconds):
        world = observer.present().world
        world.lose(running(world))
        raise Killed


def hang(*, seconds: float) -> None:
    """In code that hears no signal, on the part of the first attempt."""
    claim = execution._current.get()
    with at_work(seconds):
        if claim is not None and claim.attempt == 1:
            _hang()


def hang_writing(*, seconds: float) -> None:
    """As well, with a transaction open that everybody waits for on SQLite."""
    claim = execution._current.get()
    with at_work(seconds):
        if claim is not None and claim.attempt == 1:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(STORE_PART, [claim.owner, -1])
                _hang()


def _hang() -> None:
    world = observer.present().world
    running(world).is_deaf = True
    world.wait("hangs", FOR_EVER)


def clean_up(*, seconds: float) -> dict[str, int]:
    """As the job of the product does, several times."""
    with at_work(seconds / CLEANED):
        for _ in range(CLEANED - 1):
            retention.clean_up()
            observer.present().world.wait("works", seconds / CLEANED)
        return retention.clean_up()


def skip(*, seconds: float) -> None:
    with at_work(seconds):
        raise SkipRun("there is nothing to do")


def now_and_then(occasion: Occasion) -> str:
    """A condition."""
    observer.present().asked(occasion, claim=execution._current.get())
    return "not now" if not_now(occasion.occurrence) else ""


@contextmanager
def at_work(seconds: float) -> Iterator[None]:
    claim = execution._current.get()
    assert claim is not None, "a task is called for a run"
    watch = observer.present()
    watch.began(claim)
    try:
        since = watch.world.now
        watch.world.wait("works", seconds)
        watch.worked(claim, since=since)
        execution.report_pressure("somebody is overloaded")
        yield
        watch.done(claim, since=since)
    finally:
        watch.over()
