"""A row that breaks at run time is reported and never stops the others."""

from datetime import UTC, datetime, timedelta

import pytest
from django_q.models import Schedule

from scheduling.clock import database_now
from scheduling.engine.dispatcher import Dispatcher
from scheduling.models import Job, Run, RunState
from scheduling.timing.planning import jitter_of
from tests.scheduling.factories import JobFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

BEYOND = timedelta(days=99_999_999)
NEVER: dict[str, object] = {"schedule_type": "C", "cron": "0 0 30 2 *"}

BROKEN: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "a cron that never fires, under load": (NEVER, {"stretch_limit": timedelta(hours=1)}),
    "no cron": ({"schedule_type": "C", "cron": None}, {}),
    "no such time zone": ({"schedule_type": "C", "cron": "* * * * *"}, {"time_zone": "Mars"}),
    "a path for a time zone": ({"schedule_type": "C", "cron": "* * * * *"}, {"time_zone": "../etc"}),
    "a type that is not supported": ({"schedule_type": "Z"}, {}),
    "no interval": ({"minutes": 0}, {"every_seconds": None}),
    "a stretch beyond the calendar": ({}, {"every_seconds": 2_147_483_647, "stretch": 2_147_483}),
    "a window beyond the calendar": ({}, {"catch_up": "all", "catch_up_window": BEYOND}),
    "a jitter beyond the calendar": ({}, {"jitter": BEYOND}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_row_is_recorded_as_failed_and_the_others_run(name: str) -> None:
    of_schedule, of_job = BROKEN[name]
    now = database_now()
    # A jitter is drawn by the name and the occurrence: in one of forty it would end within the calendar.
    pasts = (now - timedelta(seconds=seconds) for seconds in range(1, 60))
    past = next(one for one in pasts if jitter_of("broken", one, most=BEYOND) > BEYOND / 2)
    broken = JobFactory(schedule__name="broken", schedule__next_run=past, **of_job)
    Schedule.objects.filter(pk=broken.schedule_id).update(**of_schedule)
    healthy = JobFactory(schedule__next_run=past)

    Dispatcher().tick()

    run = Run.objects.get(job=broken)
    assert run.state == RunState.FAILED
    assert run.error
    assert Schedule.objects.get(pk=broken.schedule_id).next_run is None
    assert Run.objects.get(job=healthy).state == RunState.QUEUED
    assert Dispatcher().tick() > 0


def test_a_schedule_of_the_year_one_is_caught_up_with_at_once() -> None:
    job: Job = JobFactory(schedule__next_run=datetime(1, 1, 2, tzinfo=UTC))

    Dispatcher().tick()

    assert Run.objects.get(job=job).missed_before > 0
