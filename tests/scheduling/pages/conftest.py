"""An empty queue, one job and an operator, for the tests of the operations page."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django_q.brokers import get_broker
from pytest_django.fixtures import Settings

from scheduling.models import Job
from tests.scheduling.factories import JobFactory
from tests.scheduling.pages.operations_page import FAR_AWAY, staff


@pytest.fixture(autouse=True)
def empty_redis(settings: Settings) -> Iterator[None]:
    settings.READINESS_CHECKS = {}
    settings.MONITOR_PANELS = []
    broker: Any = get_broker()
    broker.connection.flushdb()
    yield
    broker.connection.close()


@pytest.fixture
def job() -> Job:
    # Not due while a test runs: how late a job is would change from one look to the next.
    made: Job = JobFactory(schedule__name="fetch-repeatable", schedule__next_run=FAR_AWAY)
    return made


@pytest.fixture
def operator() -> Client:
    return staff("change_job", "view_run")
