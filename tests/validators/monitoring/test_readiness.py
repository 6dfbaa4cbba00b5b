"""When the data is too old to be relied on."""

from datetime import timedelta

import pytest
from django.utils import timezone

from scheduling.conditions import Occasion
from scheduling.models import Job
from tests.scheduling.factories import JobFactory
from tests.validators.rows import NOON, fetch
from validators.monitoring.conditions import fresh_data
from validators.monitoring.readiness import stale_data

pytestmark = pytest.mark.django_db


@pytest.fixture
def fetch_job() -> Job:
    made: Job = JobFactory(schedule__name="fetch-repeatable")
    return made


def test_nothing_fetched_is_stale() -> None:
    assert stale_data(now=NOON) == "Nothing has been fetched yet."


@pytest.mark.usefixtures("fetch_job")
def test_a_fetch_older_than_two_intervals_is_stale() -> None:
    fetch(stored_at=NOON)

    assert stale_data(now=NOON + timedelta(seconds=20)) == ""
    assert stale_data(now=NOON + timedelta(seconds=21)) == (
        "The newest fetch is 21s old; more than 20s is stale."
    )


@pytest.mark.usefixtures("fetch_job")
def test_what_is_said_of_old_data_stays_the_same_for_a_minute() -> None:
    fetch(stored_at=NOON)

    said = {stale_data(now=NOON + timedelta(hours=2, minutes=3, seconds=seconds)) for seconds in range(60)}

    assert said == {"The newest fetch is 2h3min old; more than 20s is stale."}


def test_an_interval_that_is_stretched_under_load_leaves_more_time(fetch_job: Job) -> None:
    fetch(stored_at=NOON)
    Job.objects.filter(pk=fetch_job.pk).update(stretch=3)

    assert stale_data(now=NOON + timedelta(seconds=60)) == ""
    assert stale_data(now=NOON + timedelta(seconds=61)) != ""


@pytest.mark.usefixtures("fetch_job")
def test_the_condition_of_fresh_data_refuses_exactly_stale_data() -> None:
    occasion = Occasion(job_name="score-repeatable", occurrence=NOON, last_success=None)

    assert fresh_data(occasion) == "Nothing has been fetched yet."
    fetch(stored_at=timezone.now() - timedelta(days=1))
    assert fresh_data(occasion).endswith(" old; more than 20s is stale.")
    fetch(stored_at=timezone.now() + timedelta(days=1))
    assert fresh_data(occasion) == ""
