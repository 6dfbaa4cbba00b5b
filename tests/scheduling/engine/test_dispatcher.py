"""When a dispatcher comes back after it was first, and after another one was."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine

from scheduling.engine import claiming
from scheduling.engine.dispatcher import DEFERENCE, Dispatcher
from scheduling.engine.execution import warm_up
from scheduling.models import OPEN_STATES, AlertRound, Job, Run, RunState, RunTrigger
from scheduling.monitoring.alerts import DOWN, LOOK_AT_LATEST
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = pytest.mark.django_db

SOON = 0.2


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Noon, with one job due and another one soon; a tick takes no time."""
    JobFactory()
    JobFactory(schedule__next_run=NOON + timedelta(seconds=SOON))
    monkeypatch.setattr("scheduling.engine.dispatcher.time.monotonic", lambda: 1_000.0)
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.mark.usefixtures("still_clock")
def test_who_was_first_comes_to_the_next_occurrence_at_its_instant() -> None:
    assert Dispatcher().tick() == pytest.approx(SOON)


@pytest.mark.usefixtures("still_clock")
def test_who_was_not_first_comes_a_little_later_until_there_is_something_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = Dispatcher()
    with monkeypatch.context() as somebody_else:
        somebody_else.setattr(claiming, "_advanced", lambda due: [])
        after_losing = late.tick()
    after_winning = late.tick()

    assert after_losing == pytest.approx(SOON + DEFERENCE)
    assert after_winning == pytest.approx(SOON)


@pytest.mark.usefixtures("still_clock")
def test_what_was_asked_for_begins_in_the_look_that_finds_it_its_turn() -> None:
    job, ten = Job.objects.get(schedule__next_run=NOON), timedelta(seconds=10)
    RunFactory(job=job, occurrence=NOON - ten, finished_at=NOON, attempt=1, state=RunState.SUCCEEDED)
    asked = RunFactory(
        job=job, occurrence=NOON - 2 * ten, trigger=RunTrigger.BACKFILL, state=RunState.PENDING
    )

    Dispatcher().tick()

    waiting = Run.objects.filter(job=job, state__in=OPEN_STATES).values_list("occurrence", "state")
    assert set(waiting) == {(asked.occurrence, RunState.QUEUED), (NOON, RunState.PENDING)}


def test_a_worker_that_warms_up_takes_no_run() -> None:
    RunFactory(state=RunState.QUEUED)

    warm_up()

    assert Run.objects.get().state == RunState.QUEUED
    assert Run.objects.get().attempt == 0


def test_a_task_that_cannot_be_imported_does_not_keep_its_worker_from_starting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(path: str) -> None:
        raise KeyError(path)

    monkeypatch.setattr("scheduling.engine.execution.task_at", broken)

    warm_up()

    assert "cannot be imported" in caplog.text


def test_alerts_are_looked_for_also_where_something_is_due_at_every_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before it seems that everything was down."""
    second, stopwatch = timedelta(seconds=1), [1_000.0]
    monkeypatch.setattr("scheduling.monitoring.alerts.time.monotonic", lambda: stopwatch[0])
    schedule = JobFactory().schedule
    busy, looked_at = Dispatcher(), set[datetime]()
    for seconds in range(61):
        schedule.next_run = NOON + seconds * second + timedelta(seconds=SOON)
        schedule.save(update_fields=["next_run"])
        stopwatch[0] += 1.0
        with time_machine.travel(NOON + seconds * second, tick=False):
            busy.tick()
        looked_at.add(AlertRound.objects.get().looked_at)

    assert sorted(looked_at) == [NOON + number * LOOK_AT_LATEST for number in range(4)]
    assert LOOK_AT_LATEST < DOWN
