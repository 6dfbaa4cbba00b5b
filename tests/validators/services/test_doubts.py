"""Looks against all likelihood: refused, until others say the same or a person does."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, epoch_credits
from validators.exceptions import NoEndpointAnsweredError
from validators.models import DoubtedLook, EndpointState, Fetch, Validator
from validators.solana.looking import DoubtedLookError
from validators.tasks import fetch_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HALF = timedelta(minutes=31)


def shrink(endpoint: CannedEndpoint, to: int = 9) -> None:
    endpoint.current = endpoint.current[:to]


def present() -> int:
    return Validator.objects.present().count()


def test_a_shrunken_set_is_refused_and_the_message_says_how_to_store_it(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    shrink(endpoint)

    with pytest.raises(DoubtedLookError, match=r"from 20 validators to 9.*fetch votes --accept-shrunken"):
        fetch_validators()

    assert (present(), Fetch.objects.count()) == (20, 1)


def test_a_person_may_say_that_it_is_so(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    shrink(endpoint)

    call_command("fetch", "votes", "--accept-shrunken")

    assert present() == 9
    assert fetch_validators()["left"] == 0


def test_accepting_without_votes_is_wrong_usage(endpoint: CannedEndpoint) -> None:
    with pytest.raises(CommandError, match="--accept-shrunken is about the votes") as raised:
        call_command("fetch", "nodes", "--accept-shrunken")

    assert raised.value.returncode == 2


def test_two_endpoints_that_agree_are_believed(endpoint: CannedEndpoint, second: CannedEndpoint) -> None:
    fetch_validators()
    for one in (endpoint, second):
        shrink(one)

    result = fetch_validators()

    assert (present(), result["left"]) == (9, 11)
    assert EndpointState.objects.get(name=result["endpoint"]).doubt == ""
    assert "shrank by more than half" in result["passed_over"][0]


def test_two_endpoints_that_do_not_agree_are_not(endpoint: CannedEndpoint, second: CannedEndpoint) -> None:
    fetch_validators()
    shrink(endpoint, to=9)
    shrink(second, to=5)

    with pytest.raises(NoEndpointAnsweredError):
        fetch_validators()

    assert present() == 20


def test_an_endpoint_that_knows_better_is_used_in_the_same_run(
    endpoint: CannedEndpoint, second: CannedEndpoint
) -> None:
    fetch_validators()
    shrink(endpoint)

    result = fetch_validators()

    assert (present(), result["left"], result["endpoint"]) == (20, 0, "second")
    assert len(result["passed_over"]) == 1


def test_the_same_three_times_over_an_hour_is_the_truth(endpoint: CannedEndpoint) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        fetch_validators()
        shrink(endpoint)
        for _ in range(2):
            clock.shift(HALF)
            with pytest.raises(DoubtedLookError):
                fetch_validators()
        clock.shift(HALF)

        assert fetch_validators()["left"] == 11

    assert not DoubtedLook.objects.exists()


def test_three_times_within_a_minute_is_not(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    shrink(endpoint)

    for _ in range(4):
        with pytest.raises(DoubtedLookError):
            fetch_validators()

    assert present() == 20


def test_a_good_look_between_begins_the_count_anew(endpoint: CannedEndpoint) -> None:
    whole = endpoint.current
    with time_machine.travel(NOON, tick=False) as clock:
        fetch_validators()
        for part in (whole[:9], whole[:9], whole, whole[:9]):
            clock.shift(HALF)
            endpoint.current = part
            if part is whole:
                fetch_validators()
            else:
                with pytest.raises(DoubtedLookError):
                    fetch_validators()

    assert present() == 20


def test_many_commissions_at_once_are_doubted_and_few_are_not(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    dear = {"commission": 100, "inflationRewardsCommissionBps": 10_000}
    whole = endpoint.current
    endpoint.current = [one | (dear if place < 8 else {}) for place, one in enumerate(whole)]

    with pytest.raises(DoubtedLookError, match="8 of 20 validators changed their commission at once"):
        fetch_validators()

    endpoint.current = [one | (dear if place < 1 else {}) for place, one in enumerate(whole)]
    assert fetch_validators()["commission_changes"] == 1


def test_stakes_of_another_epoch_are_doubted(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    endpoint.current = replies.accounts(20, activatedStake=2_000 * replies.SOL)

    with pytest.raises(DoubtedLookError, match=r"the stakes of 20 validators moved by 100\.00 % of all"):
        fetch_validators()


def test_credits_that_fell_are_doubted(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    endpoint.current = replies.accounts(20, epochCredits=epoch_credits(*[6_902_000] * 4, 7))

    with pytest.raises(DoubtedLookError, match=f"the credits of 20 of 20 validators in epoch {EPOCH} fell"):
        fetch_validators()
