"""Rows are counted to the last while they are few; of more PostgreSQL says about how many there are."""

import pytest
from django.db import connection

from scheduling.ledger import counting
from scheduling.ledger.counting import counts_of, counts_said
from scheduling.ledger.selectors import run_counts
from scheduling.models import Run, RunState
from tests.scheduling.factories import RunFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_few_are_counted_to_the_last() -> None:
    run = RunFactory(state=RunState.FAILED)
    RunFactory(job=run.job, state=RunState.QUEUED)

    found = run_counts()

    assert found.estimated == ()
    assert found.numbers == {state.value: 0 for state in RunState} | {"failed": 1, "queued": 1}


# What ANALYZE says outlives a rollback, and later tests would get other plans; the flush truncates the table.
@pytest.mark.django_db(transaction=True)
def test_of_many_postgresql_says_about_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST_COUNTED", 3)
    run = RunFactory(state=RunState.FAILED)
    RunFactory.create_batch(7, job=run.job, state=RunState.FAILED)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE scheduling_run" if connection.vendor == "postgresql" else "SELECT 1")

    found = counts_of({"all": Run.objects.all(), "none": Run.objects.none()})

    is_estimated = connection.vendor == "postgresql"
    assert found.numbers == {"all": 8, "none": 0}
    assert found.estimated == (("all",) if is_estimated else ())
    assert counts_said(*found) == {"all": "about 8" if is_estimated else "8", "none": "0"}


def test_where_postgresql_has_no_statistics_they_are_counted_to_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counting, "MOST_COUNTED", 30)
    run = RunFactory(state=RunState.FAILED)
    RunFactory.create_batch(39, job=run.job, state=RunState.FAILED)

    found = counts_of({"failed": Run.objects.filter(state=RunState.FAILED)})

    assert (found.numbers, found.estimated) == ({"failed": 40}, ())
