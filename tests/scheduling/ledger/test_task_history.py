"""What django-q2 keeps of tasks: the newest successes up to the limit, and every failure."""

import queue
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django_q.conf import Conf
from django_q.models import Failure, Success
from django_q.monitor import monitor
from django_q.signals import post_execute

from scheduling.ledger.task_history import prune_by_statement, prune_successes
from tests.scheduling.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a monitor connects is gone after the test."""
    before = list(post_execute.receivers)
    yield
    post_execute.receivers = before


def ended_task(number: int, *, success: bool = True) -> dict[str, Any]:
    """What a worker hands to its monitor."""
    return {
        "id": f"{number:032d}",
        "name": f"task {number}",
        "func": "math.floor",
        "args": (1.5,),
        "kwargs": {},
        "started": NOON,
        "stopped": NOON + timedelta(seconds=number),
        "result": 1,
        "success": success,
        "sync": True,  # keeps the test's connection
    }


def save(*tasks: dict[str, Any]) -> None:
    """Let a cluster's monitor save them."""
    results: queue.Queue[Any] = queue.Queue()
    for task in (*tasks, "STOP"):
        results.put(task)
    monitor(results, broker=object())


@pytest.mark.usefixtures("receivers")
def test_the_newest_successes_up_to_the_limit_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 3)

    prune_by_statement()
    save(*[ended_task(number) for number in range(1, 6)])

    assert set(Success.objects.values_list("name", flat=True)) == {"task 3", "task 4", "task 5"}


@pytest.mark.usefixtures("receivers")
def test_failures_are_kept_and_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 2)

    prune_by_statement()
    save(*[ended_task(number, success=number > 3) for number in range(1, 7)])

    assert Failure.objects.count() == 3
    assert set(Success.objects.values_list("name", flat=True)) == {"task 5", "task 6"}


@pytest.mark.usefixtures("receivers")
@pytest.mark.parametrize(("limit", "kept"), [(0, 4), (-1, 0)])
def test_a_limit_of_nothing_keeps_all_and_a_negative_one_none(
    monkeypatch: pytest.MonkeyPatch, limit: int, kept: int
) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", limit)

    prune_by_statement()
    save(*[ended_task(number) for number in range(1, 5)])

    assert Success.objects.count() == kept


@pytest.mark.usefixtures("receivers")
def test_a_limit_that_was_lowered_holds_from_the_first_save(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 0)
    save(*[ended_task(number) for number in range(1, 10)])
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 2)

    prune_by_statement()
    save(ended_task(10))

    assert set(Success.objects.values_list("name", flat=True)) == {"task 9", "task 10"}


@pytest.mark.usefixtures("receivers")
def test_a_long_history_never_grows_beyond_its_limit_between_two_prunings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 10)
    monkeypatch.setattr("scheduling.ledger.task_history.PARTS", 2)  # so five saves at a time
    prune_by_statement()
    counts = []
    for number in range(1, 30):
        save(ended_task(number))
        counts.append(Success.objects.count())

    assert max(counts) == 10
    assert counts[-1] >= 6


def test_pruning_is_one_statement(django_assert_num_queries: Any) -> None:
    save(*[ended_task(number) for number in range(1, 4)])

    with django_assert_num_queries(1):
        prune_successes(keep=2)

    assert Success.objects.count() == 2


@pytest.mark.usefixtures("receivers")
def test_a_pruning_that_fails_is_tried_again_at_the_next_save(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 2)
    prune_by_statement()
    with monkeypatch.context() as locked:
        locked.setattr("scheduling.ledger.task_history.prune_successes", _is_locked)
        save(*[ended_task(number) for number in range(1, 6)])
    kept_meanwhile = Success.objects.count()

    save(ended_task(6))

    assert kept_meanwhile == 5
    assert set(Success.objects.values_list("name", flat=True)) == {"task 5", "task 6"}


def _is_locked(*, keep: int) -> None:
    raise OperationalError("database is locked")
