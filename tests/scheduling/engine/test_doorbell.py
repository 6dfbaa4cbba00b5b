"""What a dispatcher knows of the queue in Redis."""

from typing import Any

import pytest
from django_q.conf import Conf

from scheduling.engine import doorbell
from scheduling.engine.doorbell import Doorbell

pytestmark = pytest.mark.django_db


def test_messages_that_a_pool_has_just_taken_still_count_as_waiting(
    broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "TAKEN_AHEAD", 60.0)
    bell = Doorbell()
    before = bell.is_waited_for()
    broker.enqueue(b"a message")
    waiting = bell.is_waited_for()
    broker.dequeue()

    assert (before, waiting, bell.is_waited_for()) == (False, True, True)


def test_a_queue_that_has_been_empty_for_long_is_not_waited_for(
    broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "TAKEN_AHEAD", 0.0)
    bell = Doorbell()
    broker.enqueue(b"a message")
    bell.is_waited_for()
    broker.dequeue()

    assert not bell.is_waited_for()


def test_each_installation_notices_that_the_redis_of_both_was_emptied(
    broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first that looked put the marker of both back, and the other waited for messages that were gone."""

    def looks(queue: str) -> bool:
        monkeypatch.setattr(Conf, "PREFIX", queue)
        return Doorbell().has_lost_messages()

    before = [looks(queue) for queue in ("one", "other", "one", "other")]
    broker.connection.flushdb()

    assert before == [True, True, False, False]
    assert [looks(queue) for queue in ("one", "other", "one", "other")] == [True, True, False, False]


def test_a_redis_that_does_not_answer_is_not_waited_for(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conf, "REDIS", "redis://127.0.0.1:1/0")

    assert not Doorbell().is_waited_for()
