"""Who asks why a job does not run is told of what keeps every job from running."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.conf import Conf

from scheduling.models import AlertRound, Job
from scheduling.monitoring import hindrances
from scheduling.monitoring.queue_state import LiveCluster, QueueState
from tests.commands import printed
from tests.scheduling.factories import JobFactory
from tests.scheduling.no_writes import take_no_writes, take_writes

NOBODY_LISTENS = "redis://127.0.0.1:1/0"
REDIS_IS_AWAY = "Redis does not answer. Runs wait in the ledger and start when it is back."


@pytest.fixture
def job(db: None) -> Job:
    made: Job = JobFactory(schedule__next_run=timezone.now() - timedelta(minutes=7))
    return made


@pytest.fixture
def living_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    cluster = LiveCluster(id="1", host="here", pid=1, status="Idle", workers=2, started_at=now, age=0.1)
    alive = QueueState(problem="", waiting=0, keys=[], clusters=[cluster])
    monkeypatch.setattr(hindrances, "queue_state", lambda now: alive)


@pytest.fixture
def no_writes(job: Job) -> Iterator[None]:
    take_no_writes()
    yield
    take_writes()


def looked(seconds_ago: float) -> str:
    """A dispatcher did; when, as it is told."""
    at = timezone.now() - timedelta(seconds=seconds_ago)
    AlertRound.objects.update_or_create(pk=1, defaults={"looked_at": at})
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def explained(job: Job, *words: str) -> list[str]:
    story: list[str] = json.loads(printed("scheduler", "explain", job.name, *words, "--json"))
    return story


def test_that_nobody_dispatches_is_told_with_since_when(job: Job) -> None:
    since = looked(420)

    *_, due, last = explained(job)

    assert due.startswith("Its next run was due at ")
    assert due.endswith("Z and is not claimed yet.")
    assert last == (
        f"Nobody dispatches, and no workers are alive, since about {since}; `manage.py qcluster` starts both."
    )


def test_workers_that_have_another_queue_are_told(job: Job) -> None:
    """Of a host with another SECRET_KEY it was told that nobody dispatches, where everything ran."""
    at = looked(5)
    told = (
        "No workers are alive in this queue; `manage.py qcluster` starts them. A dispatcher looked at "
        f"{at}: if it goes on looking, it has another SECRET_KEY or REDIS_URL."
    )

    assert explained(job)[-1] == told
    assert told in " ".join(printed("health").split())


def test_of_the_past_nothing_is_told_of_who_lives_now(job: Job) -> None:
    assert "Nobody dispatches" not in " ".join(explained(job, "--at", "2026-11-23T12:00:00Z"))


def test_a_redis_that_is_away_is_told(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "REDIS", NOBODY_LISTENS)
    looked(5)

    assert explained(job)[-2:][1:] == [REDIS_IS_AWAY]


def test_without_redis_the_ledger_tells_that_nobody_dispatches(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conf, "REDIS", NOBODY_LISTENS)
    since = looked(60)

    assert explained(job)[-2:] == [
        REDIS_IS_AWAY,
        f"Nobody dispatches, since about {since}; `manage.py qcluster` starts a dispatcher with its workers.",
    ]


@pytest.mark.usefixtures("living_workers")
def test_where_everything_lives_it_is_told_that_it_is_late(job: Job) -> None:
    assert explained(job)[-1] == f"{job.name} is 7min late: no dispatcher claims it."


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("living_workers", "no_writes")
def test_a_database_that_takes_no_writes_is_told(job: Job) -> None:
    assert explained(job)[-1].startswith("The database does not work: ")
    assert explained(job)[-1].endswith(" Until it works, a run may fail to begin, or its end to be noted.")
