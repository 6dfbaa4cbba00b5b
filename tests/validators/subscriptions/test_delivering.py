"""Events arrive at least once and in order, whatever the receiver answers and whoever dies."""

import socket
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone
from pytest_django.fixtures import Settings

from scheduling.clock import database_now
from tests.validators.rows import NOON, validator
from tests.validators.subscriptions.receiving import Kind, Receiver, happens, subscribed, token
from validators.models import EventTally, Subscription, SubscriptionDelivery, ValidatorEvent
from validators.models.subscriptions import HELD_FOR, JITTER, LONGEST_WAIT
from validators.monitoring.alerts import paused_subscriptions
from validators.monitoring.retention import prune_deliveries
from validators.services.deliveries import FAILING_FOR, FEWEST_FAILURES, wait_after
from validators.services.subscriptions import pause, resume
from validators.subscriptions import lane as lanes
from validators.subscriptions.lane import SubscriptionLane

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

Pause = Subscription.Pause


@pytest.fixture(autouse=True)
def long_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look ends at the first answer; on a busy machine that may take a while."""
    monkeypatch.setattr(lanes, "PATIENCE", 20.0)


def look(lane: SubscriptionLane | None = None) -> None:
    (lane or SubscriptionLane()).look(now=database_now())


def look_later() -> None:
    """When whatever waits for its next attempt has waited long enough."""
    Subscription.objects.update(due_at=NOON)
    look()


def log() -> list[tuple[int | None, int | None, int, int | None, str]]:
    rows = SubscriptionDelivery.objects.order_by("pk")
    return list(rows.values_list("first", "last", "attempt", "status", "error"))


def test_what_happens_after_subscribing_is_delivered_once_and_in_batches(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MOST_EVENTS", 2)
    one = validator(1, name="Ada")
    happens(one, Kind.JOINED)
    made = subscribed(receiver)
    happens(one, Kind.DELINQUENCY_BEGAN, Kind.LEFT, Kind.JOINED)

    for _ in range(3):
        look()

    assert receiver.numbers == [[2, 3], [4]]
    name, message = receiver.messages[0]
    assert (name, message["type"], message["data"]["subscription"]) == (
        f"msg_{made.pk}_2_3",
        "validators.events",
        made.pk,
    )
    told = message["data"]["events"][1]
    assert (told["kind"], told["vote_account"], told["sentence"]) == ("left", "vote1", "It left the cluster.")
    assert log() == [(2, 3, 1, 200, ""), (4, 4, 1, 200, "")]


def test_only_what_is_wanted_is_sent_and_the_rest_is_passed_over(receiver: Receiver) -> None:
    one, two = validator(1), validator(2)
    made = subscribed(receiver, validators=["vote1"], kinds=["left"])
    happens(two, Kind.LEFT)
    happens(one, Kind.JOINED)
    look()
    made.refresh_from_db()
    assert (made.cursor, receiver.messages) == (2, [])

    happens(one, Kind.JOINED, Kind.LEFT)
    look()

    assert receiver.numbers == [[4]]


def test_a_batch_that_is_not_taken_is_tried_again_as_it_was_and_nothing_goes_before_it(
    receiver: Receiver,
) -> None:
    receiver.answers = [500, 302, 204]
    one = validator(1)
    made = subscribed(receiver)
    happens(one, Kind.JOINED)

    look()
    happens(one, Kind.LEFT)
    look()
    made.refresh_from_db()
    assert (made.cursor, made.failures, receiver.numbers) == (0, 1, [[1]])
    look_later()
    look_later()
    look()

    assert receiver.numbers == [[1], [1], [1], [2]]
    assert len({name for name, _ in receiver.messages[:3]}) == 1
    made.refresh_from_db()
    assert (made.cursor, made.failures, made.failing_since) == (2, 0, None)
    assert [row[2:4] for row in log()] == [(1, 500), (2, 302), (3, 204), (1, 204)]
    assert log()[0][4] == "It answered 500."


def test_who_died_between_the_answer_and_the_cursor_delivers_twice_under_one_id(receiver: Receiver) -> None:
    made = subscribed(receiver)
    happens(validator(1), Kind.JOINED)
    dead = SubscriptionLane()
    dead._send_due(now=database_now())
    [under_way] = dead._under_way
    under_way.result()

    look()
    assert len(receiver.messages) == 1
    Subscription.objects.update(held_until=F("held_until") - HELD_FOR)
    look()

    assert receiver.numbers == [[1], [1]]
    assert receiver.messages[0] == receiver.messages[1]
    # One that was only slow: the claim is somebody else's by now.
    dead._record_ended()
    assert len(log()) == 1
    made.refresh_from_db()
    assert made.cursor == 1


def test_a_receiver_that_hangs_holds_back_nobody_else_nor_all_places(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No more than are sent: those that wait behind their own count for nothing.
    monkeypatch.setattr(lanes, "MOST_LOOKED_AT", lanes.MOST_OF_A_TOKEN + 1)
    monkeypatch.setattr(lanes, "_LOADED", 3)
    bot, other = token("bot")[0], token("other")[0]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for _ in range(lanes.MOST_OF_A_TOKEN + 5):
            subscribed(receiver, by=bot)
        Subscription.objects.update(url=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        subscribed(receiver, by=other)
        happens(validator(1), Kind.JOINED)
        lane = SubscriptionLane()

        look(lane)

        assert receiver.numbers == [[1]]
        assert len(lane._under_way) == lanes.MOST_OF_A_TOKEN


def test_after_a_day_of_failing_it_is_paused_somebody_is_told_and_nothing_is_lost(receiver: Receiver) -> None:
    receiver.answers = [503]
    one = validator(1)
    made = subscribed(receiver)
    happens(one, Kind.JOINED)
    look()
    long_ago = timezone.now() - FAILING_FOR
    Subscription.objects.update(failing_since=long_ago, failures=FEWEST_FAILURES - 2)
    # A day in which we were down ourselves is none.
    look_later()
    assert paused_subscriptions(now=timezone.now()) == []
    look_later()

    made.refresh_from_db()
    assert made.paused == Pause.FAILED
    [trouble] = paused_subscriptions(now=timezone.now())
    assert trouble.message == (
        f"Subscription {made.pk} is paused: every delivery failed for a day. Events wait for it "
        "until it is resumed."
    )
    assert not SubscriptionLane().is_wanted()
    happens(one, Kind.LEFT)
    receiver.answers, receiver.messages = [200], []
    look_later()
    assert receiver.messages == []

    assert resume(made, now=database_now()) is None
    look()
    look()
    assert receiver.numbers == [[1], [2]]
    assert paused_subscriptions(now=timezone.now()) == []


def test_who_answers_that_he_is_gone_is_not_asked_again(receiver: Receiver) -> None:
    receiver.answers = [410]
    made = subscribed(receiver)
    happens(validator(1), Kind.JOINED)

    look()
    look_later()

    made.refresh_from_db()
    assert (made.paused, len(receiver.messages)) == (Pause.GONE, 1)


@pytest.mark.parametrize("ending", ["revoked", "expired", "scope", "maker"])
def test_nothing_is_delivered_for_a_token_that_ended(receiver: Receiver, ending: str) -> None:
    maker = User.objects.create_superuser("ada")
    bot, _ = token()
    bot.maker = maker
    bot.save()
    made = subscribed(receiver, by=bot)
    happens(validator(1), Kind.JOINED)
    if ending == "maker":
        User.objects.update(is_superuser=False)
    else:
        now = database_now()
        changes: dict[str, dict[str, Any]] = {
            "revoked": {"revoked_at": now},
            "expired": {"expires_at": now},
            "scope": {"may_subscribe": False},
        }
        type(bot).objects.update(**changes[ending])

    look()

    made.refresh_from_db()
    assert (made.paused, receiver.messages) == (Pause.TOKEN, [])


def test_another_secret_key_pauses_instead_of_signing_with_what_nobody_knows(
    receiver: Receiver, settings: Settings
) -> None:
    made = subscribed(receiver)
    happens(validator(1), Kind.JOINED)
    settings.SECRET_KEY = configured.SECRET_KEY[::-1]

    look()

    made.refresh_from_db()
    assert (made.paused, receiver.messages) == (Pause.SECRET, [])


def test_events_that_retention_deleted_are_told_as_lost(receiver: Receiver) -> None:
    one = validator(1)
    made = subscribed(receiver)
    happens(one, Kind.JOINED, Kind.LEFT, Kind.JOINED)
    pause(made, because=Pause.ASKED, now=database_now())
    ValidatorEvent.objects.filter(number__lte=2).delete()
    EventTally.objects.update(forgotten=2)

    assert resume(made, now=database_now()) == (1, 2)
    look()

    made.refresh_from_db()
    assert (receiver.numbers, made.lost_from, made.lost_to) == ([[3]], 1, 2)
    assert log()[0][4] == "Events 1 to 2 were deleted by age before they could be delivered."


def test_a_pause_during_an_attempt_keeps_what_came_of_it(receiver: Receiver) -> None:
    made = subscribed(receiver)
    happens(validator(1), Kind.JOINED)
    lane = SubscriptionLane()
    lane._send_due(now=database_now())
    [under_way] = lane._under_way
    under_way.result()
    pause(made, because=Pause.ASKED, now=database_now())

    look(lane)

    made.refresh_from_db()
    assert (made.paused, made.cursor) == (Pause.ASKED, 1)


def test_the_log_goes_by_age(receiver: Receiver) -> None:
    made = subscribed(receiver)
    for age in (HELD_FOR, 3 * HELD_FOR):
        SubscriptionDelivery.objects.create(subscription=made, at=NOON - age)
    found = {
        dry_run: prune_deliveries(keep=2 * HELD_FOR, now=NOON, dry_run=dry_run) for dry_run in (True, False)
    }

    assert found == {dry_run: {"deliveries of events": 1} for dry_run in (True, False)}
    assert SubscriptionDelivery.objects.get().at == NOON - HELD_FOR


def test_waits_grow_to_an_hour_and_are_not_the_same_for_all() -> None:
    waits = [wait_after(failures).total_seconds() for failures in range(1, 40)]

    assert 5 <= waits[0] <= 5 * (1 + JITTER)
    assert 10 <= waits[1] <= 10 * (1 + JITTER)
    assert all(3_600 <= wait <= LONGEST_WAIT.total_seconds() * (1 + JITTER) for wait in waits[10:])
    assert len(set(waits[10:])) > 1
