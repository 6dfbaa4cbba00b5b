"""The heart of a worker: it beats for the lease that is held, and for no other."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from pytest_django.fixtures import Settings

from scheduling.engine import leases
from scheduling.engine.execution import commit_ahead, execute_run
from scheduling.engine.leases import Heart, Lease, held_lease
from scheduling.models import Run, RunState
from tests.scheduling.factories import RunFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

BEAT = 0.02
PATIENCE = 10.0


@pytest.fixture
def heart(monkeypatch: pytest.MonkeyPatch) -> Iterator[Heart]:
    """One that beats fast, and whose watchdog does not end the tests' own process."""
    monkeypatch.setattr(leases, "HEARTBEAT_EVERY", BEAT)
    monkeypatch.setattr(leases, "_surrender_at", lambda instant: None)
    heart = Heart()
    yield heart
    heart.end()
    time.sleep(10 * BEAT)  # until it has closed its connection


def beats_of(run: Run, *, at_least: int) -> int:
    """Its heartbeat once it is that high, or after the patience whatever it is."""
    ends_at = time.monotonic() + PATIENCE
    while run.heartbeat < at_least and time.monotonic() < ends_at:
        time.sleep(BEAT)
        run.refresh_from_db()
    return run.heartbeat


def held_run() -> Run:
    run: Run = RunFactory(state=RunState.RUNNING, owner="me")
    return run


def test_it_beats_until_the_lease_ends(heart: Heart) -> None:
    run = held_run()

    heart.begin(Lease(run_id=run.pk, owner="me"))
    beating = beats_of(run, at_least=3)
    heart.end()
    run.refresh_from_db()
    ended_at = run.heartbeat
    time.sleep(10 * BEAT)
    run.refresh_from_db()

    assert beating >= 3
    assert run.heartbeat == ended_at


def test_it_goes_on_with_the_next_lease(heart: Heart) -> None:
    first, second = held_run(), held_run()
    heart.begin(Lease(run_id=first.pk, owner="me"))
    beats_of(first, at_least=1)
    heart.end()

    heart.begin(Lease(run_id=second.pk, owner="me"))

    assert beats_of(second, at_least=2) >= 2


def test_a_lease_that_was_taken_is_noticed_once_and_not_renewed(heart: Heart) -> None:
    heard = []
    previous = signal.signal(signal.SIGUSR1, lambda signum, frame: heard.append(os.getpid()))
    run: Run = RunFactory(state=RunState.RUNNING, owner="somebody else")
    try:
        heart.begin(Lease(run_id=run.pk, owner="me"))
        ends_at = time.monotonic() + PATIENCE
        while not heard and time.monotonic() < ends_at:
            time.sleep(BEAT)
        time.sleep(10 * BEAT)
    finally:
        signal.signal(signal.SIGUSR1, previous)

    run.refresh_from_db()
    assert heard == [os.getpid()]
    assert run.heartbeat == 0


_trials: list[Lease | None] = []


def store_a_part_at_the_second_trial() -> None:
    def store() -> None:
        heart = leases._heart
        _trials.append(heart._lease if heart else None)
        if len(_trials) == 1:
            raise OperationalError("the connection was lost")

    commit_ahead(store)


def test_a_part_that_waits_for_the_database_is_stored_with_the_lease_held(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[ONCE-1] The task goes on after it, so nobody else may begin it meanwhile. SQLite has no leases."""
    settings.TASK_MODULES = [*settings.TASK_MODULES, __name__]
    monkeypatch.setattr("scheduling.engine.recording.time.sleep", lambda seconds: None)
    monkeypatch.setattr(f"{__name__}._trials", [])
    run = RunFactory(job__task=f"{__name__}.store_a_part_at_the_second_trial")

    assert execute_run(run.pk) == "succeeded"

    run.refresh_from_db()
    held = Lease(run_id=run.pk, owner=run.owner) if connection.vendor == "postgresql" else None
    assert _trials == [held, held]


def _work_without_a_beat(seconds_held: float, seconds_after: float) -> None:
    """What a worker does whose heartbeats get nowhere; in a process of its own."""
    held = SimpleNamespace(vendor="postgresql", close=lambda: None)
    with (
        patch.multiple(leases, HEARTBEAT_EVERY=BEAT, SURRENDER=0.5, connection=held),
        patch.object(leases, "_beat", lambda lease: True),
    ):
        with held_lease(run_id=1, owner="me", since=time.monotonic()):
            time.sleep(seconds_held)
        time.sleep(seconds_after)


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize(
    ("seconds_held", "seconds_after", "exit_code"),
    [(PATIENCE, 0.0, -signal.SIGKILL), (0.0, 1.0, 0)],
    ids=["a worker that cannot renew its lease ends itself", "one that is done in time lives on"],
)
def test_the_watchdog(seconds_held: float, seconds_after: float, exit_code: int) -> None:
    fork = multiprocessing.get_context("fork")
    worker = fork.Process(target=_work_without_a_beat, args=(seconds_held, seconds_after))

    worker.start()
    worker.join(2 * PATIENCE)

    assert worker.exitcode == exit_code
