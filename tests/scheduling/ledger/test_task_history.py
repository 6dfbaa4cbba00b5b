"""What django-q2 keeps of tasks: the newest successes up to the limit, and every failure."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django_q.conf import Conf
from django_q.models import Failure, Success

from scheduling.ledger.task_history import TaskHistory, prune_successes
from tests.scheduling.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.database]


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
    }


def test_the_newest_successes_up_to_the_limit_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 3)

    TaskHistory().store([ended_task(number) for number in range(1, 6)])

    assert set(Success.objects.values_list("name", flat=True)) == {"task 3", "task 4", "task 5"}


def test_failures_are_kept_and_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 2)

    TaskHistory().store([ended_task(number, success=number > 3) for number in range(1, 7)])

    assert Failure.objects.count() == 3
    assert set(Success.objects.values_list("name", flat=True)) == {"task 5", "task 6"}


@pytest.mark.parametrize(("limit", "kept"), [(0, 4), (-1, 0)])
def test_a_limit_of_nothing_keeps_all_and_a_negative_one_none(
    monkeypatch: pytest.MonkeyPatch, limit: int, kept: int
) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", limit)

    TaskHistory().store([ended_task(number) for number in range(1, 5)])

    assert Success.objects.count() == kept


def test_a_limit_that_was_lowered_holds_from_the_first_save(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 0)
    TaskHistory().store([ended_task(number) for number in range(1, 10)])
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 2)

    TaskHistory().store([ended_task(10)])

    assert set(Success.objects.values_list("name", flat=True)) == {"task 9", "task 10"}


def test_a_long_history_never_grows_beyond_its_limit_between_two_prunings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 10)
    monkeypatch.setattr("scheduling.ledger.task_history.PARTS", 2)  # so five saves at a time
    history = TaskHistory()
    counts = []
    for number in range(1, 30):
        history.store([ended_task(number)])
        counts.append(Success.objects.count())

    assert max(counts) == 10
    assert counts[-1] >= 6


def test_pruning_is_one_statement(django_assert_num_queries: Any) -> None:
    TaskHistory().store([ended_task(number) for number in range(1, 4)])

    with django_assert_num_queries(1):
        prune_successes(keep=2)

    assert Success.objects.count() == 2


def test_a_pruning_that_fails_is_tried_again_at_the_next_save(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 2)
    history = TaskHistory()
    with monkeypatch.context() as locked:
        locked.setattr("scheduling.ledger.task_history.prune_successes", _is_locked)
        for number in range(1, 6):
            history.store([ended_task(number)])
    kept_meanwhile = Success.objects.count()

    history.store([ended_task(6)])

    assert kept_meanwhile == 5
    assert set(Success.objects.values_list("name", flat=True)) == {"task 5", "task 6"}


def _is_locked(*, keep: int) -> None:
    raise OperationalError("database is locked")


def test_many_are_stored_by_two_statements(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conf, "SAVE_LIMIT", 250)

    with django_assert_num_queries(2):
        TaskHistory().store([ended_task(number) for number in range(1, 51)])
