"""What was written by a clock that was ahead keeps nothing from being asked, sent or believed."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from scheduling.exceptions import RefusedError, SkipRun
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint, rpc_error
from tests.validators.subscriptions.receiving import token
from validators import tasks
from validators.models import DoubtedLook, EndpointState, Fetch, Subscription
from validators.models.subscriptions import HELD_FOR, JITTER, LONGEST_WAIT
from validators.services.deliveries import Outcome, claim, record
from validators.services.endpoints import followed_chain
from validators.services.subscriptions import begin_test, subscribe
from validators.solana.looking import DoubtedLookError

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def subscription(**fields: object) -> Subscription:
    made = subscribe(token()[0], url="https://example.org/hook", validators=[], kinds=[], now=NOON)
    Subscription.objects.update(**fields)
    made.subscription.refresh_from_db()
    return made.subscription


@pytest.mark.parametrize(
    ("fields", "is_due"),
    [
        ({"due_at": NOON}, True),
        ({"due_at": NOON + SECOND}, False),
        ({"due_at": NOON + LONGEST_WAIT * (1 + JITTER)}, False),
        ({"due_at": NOON + 2 * HOUR}, True),
        ({"due_at": NOON + YEAR}, True),
        ({"held_until": NOON - SECOND}, True),
        ({"held_until": NOON + HELD_FOR}, False),
        ({"held_until": NOON + HOUR}, True),
        ({"held_until": NOON + YEAR, "due_at": NOON + YEAR}, True),
        ({"held_until": NOON + YEAR, "due_at": NOON + HOUR}, False),
    ],
    ids=str,
)
def test_what_is_further_off_than_any_wait_is_none(fields: dict[str, datetime], is_due: bool) -> None:
    one = subscription(**fields)

    assert Subscription.objects.due(now=NOON).exists() == is_due
    assert (claim(one, first=1, last=1, events=1, now=NOON) is not None) == is_due


def test_a_receiver_that_failed_then_fails_since_now_at_the_latest() -> None:
    one = subscription(failures=1, failing_since=NOON + YEAR)
    batch = claim(one, first=1, last=1, events=1, now=NOON)
    assert batch is not None

    record(batch, Outcome(status=500, error="It answered 500.", milliseconds=1), now=NOON)

    one.refresh_from_db()
    assert (one.failures, one.failing_since) == (2, NOON)


def test_a_test_of_then_keeps_none_from_being_made() -> None:
    one = subscription(tested_at=NOON + YEAR)

    begin_test(one, now=NOON)

    with pytest.raises(RefusedError):
        begin_test(one, now=NOON + SECOND)


def test_of_two_tests_at_once_the_second_is_refused() -> None:
    """He who waited for the other one's lock looked at the clock before that one did."""
    one = subscription(tested_at=NOON + SECOND / 200)

    with pytest.raises(RefusedError):
        begin_test(one, now=NOON)


def test_a_source_that_was_not_offered_then_is_asked(endpoint: CannedEndpoint) -> None:
    with time_machine.travel(NOON + YEAR, tick=False) as clock:
        tasks.fetch_validators()
        endpoint.faults = [rpc_error(-32601, "Method not found")]
        with pytest.raises(SkipRun):
            tasks.fetch_names()

        clock.move_to(NOON)
        assert tasks.fetch_names()["validators"] == 20


def test_a_doubt_of_then_counts_from_now(endpoint: CannedEndpoint) -> None:
    with time_machine.travel(NOON + YEAR, tick=False) as clock:
        tasks.fetch_validators()
        endpoint.current = endpoint.current[:9]
        with pytest.raises(DoubtedLookError):
            tasks.fetch_validators()
        assert DoubtedLook.objects.get().first_at == NOON + YEAR

        clock.move_to(NOON)
        for _ in range(2):
            with pytest.raises(DoubtedLookError):
                tasks.fetch_validators()
            clock.shift(timedelta(minutes=31))

        assert tasks.fetch_validators()["left"] == 11


def test_who_was_of_this_cluster_then_is_asked_again(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()
    EndpointState.objects.update(genesis_checked_at=NOON + YEAR)

    newest = Fetch.objects.get()
    assert followed_chain(newest, now=NOON).genesis_hash == replies.key("genesis")
    assert followed_chain(newest, now=NOON).checked == frozenset()
