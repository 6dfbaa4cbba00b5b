"""What processes hand to each other arrives whole, once and in order; `test_cluster` kills its readers."""

import pickle
import queue
import resource
import signal
from collections.abc import Callable, Iterator

import pytest

from scheduling.engine.mailbox import LARGEST, Mailbox, Outbox


def test_messages_come_out_as_they_went_in_also_large_ones() -> None:
    mailbox = Mailbox()
    sent = [{"id": 1}, "STOP", {"result": "x" * (3 * LARGEST)}, None]

    for message in sent:
        mailbox.put(message)

    assert mailbox.qsize() == 1
    assert [mailbox.get(timeout=0) for _ in sent] == sent
    assert mailbox.empty()
    with pytest.raises(queue.Empty):
        mailbox.get(timeout=0.01)


@pytest.fixture
def nobody_waits_for_ever() -> Iterator[None]:
    def broken_off(number: int, frame: object) -> None:
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, broken_off)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("nobody_waits_for_ever")
def test_who_is_told_of_a_message_that_another_reader_takes_does_not_wait_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mailbox, told = Mailbox(), iter([True, False])
    monkeypatch.setattr(mailbox, "_is_readable", lambda seconds: next(told))

    with pytest.raises(queue.Empty):
        mailbox.get(timeout=0)


@pytest.mark.usefixtures("nobody_waits_for_ever")
def test_who_is_not_to_wait_does_not_with_a_large_message_either() -> None:
    mailbox, large = Mailbox(), "x" * (3 * LARGEST)
    while mailbox.send(pickle.dumps("small"), wait=False):
        pass

    assert not mailbox.send(pickle.dumps(large), wait=False)


def test_there_is_room_for_some_fifty_messages_of_ours() -> None:
    mailbox, message = (
        Mailbox(),
        {"name": "fetch-repeatable 2026-11-23 12:00:00Z", "args": (17,), "id": "a" * 200},
    )

    taken = sum(iter(lambda: mailbox.send(pickle.dumps(message), wait=False), False))

    assert 30 <= taken <= 100


def test_a_worker_whose_results_nobody_takes_goes_on_and_they_arrive_in_order() -> None:
    mailbox, most = Mailbox(), 500
    outbox = Outbox(mailbox)

    for number in range(most):
        outbox.put({"name": "run", "number": number})

    assert [mailbox.get()["number"] for _ in range(most)] == list(range(most))
    outbox.flush()


def test_a_result_that_cannot_be_handed_over_is_said_and_costs_no_worker(
    caplog: pytest.LogCaptureFixture, no_more_files: Callable[[], None]
) -> None:
    mailbox = Mailbox()
    outbox = Outbox(mailbox)
    while not outbox._waiting.unfinished_tasks:
        outbox.put({"name": "before"})

    outbox.put({"name": "theirs", "result": lambda: None})
    assert "The result of theirs cannot be handed over" in caplog.text
    outbox.put({"name": "large", "result": "x" * (2 * LARGEST)})
    outbox.put({"name": "last"})
    no_more_files()

    assert {message["name"] for message in iter(lambda: mailbox.get(timeout=5), {"name": "last"})} == {
        "before"
    }
    outbox.flush()
    assert "The result of large cannot be handed over" in caplog.text


@pytest.fixture
def no_more_files() -> Iterator[Callable[[], None]]:
    """From the call until the test's end this process can open none, as one that leaks them."""
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (3, usual[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, usual)
