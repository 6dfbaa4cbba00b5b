"""Who holds SQLite's lock and does not let go is why nothing is claimed, and is said to be."""

import contextlib
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from scheduling.monitoring.readiness import ANOTHER_WRITES, late_jobs
from tests.scheduling.factories import JobFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="of SQLite's file"),
]


def file_of_the_database() -> Path:
    with connection.cursor() as cursor:
        return Path(cursor.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()[0])


def test_what_is_due_waits_for_who_writes_and_then_for_a_dispatcher() -> None:
    now = timezone.now()
    job = JobFactory(schedule__next_run=now - timedelta(minutes=2))

    with contextlib.closing(sqlite3.connect(file_of_the_database(), isolation_level=None)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        [held] = late_jobs(now=now)
    [free] = late_jobs(now=now)

    assert held.problem == f"{job.name} is 2min late: {ANOTHER_WRITES}."
    assert free.problem == f"{job.name} is 2min late: no dispatcher claims it."
