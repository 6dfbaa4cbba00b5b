"""A short storm on two clusters; `make chaos` has the long one."""

import secrets
from datetime import timedelta

import pytest
from django.db import connection

from tests.faults.storm import weather

# Beside the rest of the suite; `make chaos` is stricter.
ON_TIME = timedelta(seconds=4)

pytestmark = [pytest.mark.processes, pytest.mark.database, pytest.mark.storm]


def test_every_promise_is_kept_in_a_storm() -> None:
    outcome = weather(
        connection.vendor, seconds=7, calm=2, seed=secrets.randbelow(1_000_000), on_time=ON_TIME
    )

    assert outcome.complaints == [], outcome
    assert outcome.faults.total() > 0
