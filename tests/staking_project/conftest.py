"""A system that kept every promise, and an empty queue, for the tests of `manage.py verify`."""

from collections.abc import Iterator
from typing import Any

import pytest
from django_q.brokers import get_broker

from scheduling.models import Job
from scheduling.operations import setting_up
from staking_project.acceptance import verification
from tests.staking_project.promises import NOW, ran
from tests.validators.rows import fetch, scoring_run, validator
from validators.models import SourceState
from validators.reading.picture import headline_method


@pytest.fixture
def as_it_should_be(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system in test mode that was watched for forty seconds and kept every promise."""
    monkeypatch.setattr(verification, "database_now", lambda: NOW)
    setting_up.set_up("test", now=NOW, by="tester")
    for name, interval in (("fetch-repeatable", 10), ("score-repeatable", 30), ("cleanup-repeatable", 60)):
        job = Job.objects.get(name=name)
        for seconds in range(3, 60, interval):
            ran(job, seconds_ago=seconds)
    fetch(stored_at=NOW)
    scoring_run([(validator(1), 50)], at=NOW, method=headline_method())
    for source in SourceState.Source:
        SourceState.objects.create(source=source, last_success_at=NOW, last_attempt_at=NOW)


@pytest.fixture
def empty_redis() -> Iterator[Any]:
    broker: Any = get_broker()
    broker.connection.flushdb()
    yield broker
    broker.connection.close()
