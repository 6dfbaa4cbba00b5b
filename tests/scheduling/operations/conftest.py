"""A job that runs every ten seconds, for the tests of operators' actions."""

import pytest
from pytest_django.fixtures import Settings

from scheduling.models import Job
from tests.scheduling.factories import JobFactory


@pytest.fixture
def job(settings: Settings) -> Job:
    # It is nobody's: no declaration says anything of it.
    settings.SCHEDULED_JOBS = ["tests.scheduling.effects.JOBS"]
    made: Job = JobFactory(schedule__name="fetch-repeatable")
    return made
