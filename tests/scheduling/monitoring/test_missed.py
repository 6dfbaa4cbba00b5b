"""Occurrences that nobody claimed: when they are told of, and what lay before the services were started."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from scheduling.ledger.retention import prune
from scheduling.models import Run, RunState
from scheduling.modes import MODES, JobDeclaration
from scheduling.monitoring.alert_rules import missed_occurrences
from scheduling.operations import changing
from scheduling.operations.setting_up import remove, set_up
from tests.scheduling.claims import claim_due
from tests.scheduling.factories import NOON, JobFactory, RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVERY = timedelta(seconds=10)
GOOD = RunState.SUCCEEDED
NAME = "often-repeatable"
JOBS = (
    JobDeclaration(
        name=NAME,
        task="tests.scheduling.tasks.succeed",
        description="Comes often in either mode.",
        every_seconds=dict.fromkeys(MODES, 10),
        start_after_seconds=dict.fromkeys(MODES, 1),
    ),
)


@pytest.mark.parametrize(("number", "told"), [(1, "1 occurrence"), (7, "7 occurrences")])
def test_missed_occurrences_are_told_of_for_a_while(number: int, told: str) -> None:
    job = JobFactory(schedule__name="fetch-repeatable")
    RunFactory(job=job, state=GOOD, occurrence=NOON, finished_at=NOON, missed_before=number)

    [trouble] = missed_occurrences(now=NOON + 10 * MINUTE)

    assert trouble.message == (
        f"fetch-repeatable missed {told} before 2026-11-23 12:00:00Z: not claimed in time by any dispatcher."
    )
    assert missed_occurrences(now=NOON + 11 * MINUTE) == []


def test_however_many_jobs_missed_something_it_is_one_question(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """The dispatcher asks it."""
    for number in range(5):
        job = JobFactory(schedule__name=f"job-{number}")
        RunFactory(job=job, state=GOOD, occurrence=NOON, finished_at=NOON, missed_before=1)

    with django_assert_num_queries(1):
        assert len(missed_occurrences(now=NOON + MINUTE)) == 5


@pytest.fixture
def declared(settings: Settings) -> None:
    settings.SCHEDULED_JOBS = [f"{__name__}.JOBS"]


def served(after: timedelta) -> None:
    """A dispatcher and a worker for three occurrences, from so long after noon on."""
    for instant in (NOON + after + number * EVERY for number in range(3)):
        claim_due(now=instant)
        Run.objects.filter(finished_at=None).update(state=GOOD, started_at=instant, finished_at=instant)


def told_at(after: timedelta) -> bool:
    """Whether, of services that were started so long after noon, anybody is told; they clean up as well."""
    served(after)
    told = set()
    for minute in range(1, 10):
        now = NOON + after + minute * MINUTE
        prune(now=now, dry_run=False)
        told.add(bool(missed_occurrences(now=now)))
    [all_the_while] = told
    return all_the_while


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("waited", [timedelta(seconds=40), 10 * MINUTE, 50 * MINUTE])
def test_what_lay_between_the_set_up_and_the_start_of_services_was_missed_by_nobody(
    mode: str, waited: timedelta
) -> None:
    set_up(mode, now=NOON, by="ann")
    changing.trigger(NAME, by="ann", now=NOON + waited / 2)

    assert not told_at(waited)

    remove([], now=NOON + HOUR, by="ann")
    set_up(mode, now=NOON + 2 * HOUR, by="ann")
    assert not told_at(2 * HOUR + waited)


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("waited", [90 * MINUTE, 8 * DAY])
def test_nor_where_the_services_started_later_than_runs_are_kept(mode: str, waited: timedelta) -> None:
    set_up(mode, now=NOON, by="ann")

    assert not told_at(waited)

    remove([], now=NOON + 9 * DAY, by="ann")
    set_up(mode, now=NOON + 10 * DAY, by="ann")
    assert not told_at(10 * DAY + waited)


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("outage", [30 * MINUTE, 2 * HOUR, 8 * DAY])
def test_an_outage_in_a_second_life_is_told_of(mode: str, outage: timedelta) -> None:
    set_up(mode, now=NOON, by="ann")
    served(MINUTE)
    remove([], now=NOON + HOUR, by="ann")
    set_up(mode, now=NOON + DAY, by="ann")
    served(DAY + timedelta(seconds=1))

    assert told_at(DAY + outage)


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ran", [20 * MINUTE, 90 * DAY])
@pytest.mark.parametrize("outage", [30 * MINUTE, 2 * HOUR, 8 * DAY])
def test_an_outage_is_told_of_though_the_runs_before_it_are_kept_no_longer(
    mode: str, ran: timedelta, outage: timedelta
) -> None:
    set_up(mode, now=NOON, by="ann")
    served(MINUTE)
    served(ran)

    assert told_at(ran + outage)
