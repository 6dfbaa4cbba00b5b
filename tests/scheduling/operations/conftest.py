"""A job that runs every ten seconds, for the tests of operators' actions."""

import pytest

from scheduling.models import Job
from tests.scheduling.factories import JobFactory


@pytest.fixture
def job() -> Job:
    made: Job = JobFactory(schedule__name="fetch-repeatable")
    return made
