"""The newest of a long history are found by an index, on either database."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django_q.models import Failure, Schedule, Success

from scheduling.ledger import search
from scheduling.models import UNDONE_STATES, Run, RunState
from tests.scheduling.factories import RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def a_large_table() -> None:
    """What PostgreSQL does with a few rows tells nothing of what it does with a million."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")


# The unique constraint's own index, as each database calls it.
RUNS_OF_JOB = {
    "postgresql": "scheduling_run_once_per_occurrence",
    "sqlite": "sqlite_autoindex_scheduling_run_1",
}


def plan(rows: "QuerySet[Any, Any]") -> str:
    return rows.explain()


def test_runs_that_are_not_tallied() -> None:
    assert "scheduling_run_untallied" in plan(Run.objects.filter(tallied=False).order_by("job_id"))


def test_the_newest_runs_of_all_jobs() -> None:
    assert "scheduling_run_newest" in plan(Run.objects.order_by("-occurrence", "-pk")[:50])


@pytest.mark.parametrize(("many", "enough", "is_sorted"), [(3, 2, True), (2, 2, False), (3, 1, False)])
def test_the_newest_runs_of_a_state(
    many: int, enough: int, is_sorted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that succeeded one is among the two newest runs: SQLite sorts those that are few and far."""
    monkeypatch.setattr(search, "NEWEST_RUNS", 2)
    monkeypatch.setattr(search, "ENOUGH_OF_THEM", enough)
    monkeypatch.setattr(search, "MANY_IN_A_STATE", many)
    first = RunFactory(state=RunState.SUCCEEDED)
    hours = [first.occurrence + timedelta(hours=number) for number in (1, 2)]
    second = RunFactory(job=first.job, state=RunState.SUCCEEDED, occurrence=hours[0])
    RunFactory(job=first.job, state=RunState.FAILED, occurrence=hours[1])

    found = search.in_states(Run.objects.order_by("-occurrence", "-pk"), [RunState.SUCCEEDED])

    assert list(found[:50]) == [second, first]
    by_state = is_sorted and connection.vendor == "sqlite"
    assert ("scheduling_run_by_state" if by_state else "scheduling_run_newest") in plan(found[:50])


@pytest.mark.parametrize("state", UNDONE_STATES)
def test_the_newest_runs_that_came_to_nothing(state: RunState) -> None:
    found = search.in_states(Run.objects.order_by("-occurrence", "-pk"), [state])

    assert "scheduling_run_undone" in plan(found[:50])


def test_the_newest_of_several_states_are_told_in_turn_page_by_page() -> None:
    first = RunFactory(state=RunState.FAILED)
    states = [RunState.SKIPPED, RunState.PENDING, RunState.SUCCEEDED, RunState.FAILED, RunState.SKIPPED]
    runs = [first] + [
        RunFactory(job=first.job, state=state, occurrence=first.occurrence + timedelta(hours=number))
        for number, state in enumerate(states, 1)
    ]
    wanted = search.RunFilter(states=[RunState.FAILED, RunState.PENDING, RunState.SKIPPED])

    with CaptureQueriesContext(connection) as queries:
        page = search.found_runs(wanted, place=None, limit=2)
    rest = search.found_runs(wanted, place=page.next_place, limit=3)

    assert page.runs == [runs[5], runs[4]]
    assert rest.runs == [runs[2], runs[1], runs[0]]
    assert rest.next_place is None
    assert queries[-1]["sql"].count("LIMIT 3") == 4


def test_the_newest_runs_of_one_job() -> None:
    job = RunFactory().job

    found = plan(Run.objects.filter(job=job).order_by("-occurrence")[:50])

    assert RUNS_OF_JOB[connection.vendor] in found


@pytest.mark.parametrize(
    ("model", "index"), [(Success, "scheduling_task_succeeded"), (Failure, "scheduling_task_failed")]
)
def test_the_newest_tasks(model: Any, index: str) -> None:
    assert index in plan(model.objects.order_by("-stopped")[:50])


def test_the_newest_tasks_of_one_job() -> None:
    assert "scheduling_task_of_group" in plan(Failure.objects.filter(group="fetch").order_by("-stopped")[:50])


def test_the_newest_run_of_every_schedule_in_the_admin() -> None:
    request = RequestFactory().get("/")

    found = plan(admin.site._registry[Schedule].get_queryset(request))

    assert found.count(RUNS_OF_JOB[connection.vendor]) == 3
