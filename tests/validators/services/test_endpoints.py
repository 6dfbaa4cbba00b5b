"""The endpoints: their order, their names, how each of them has been, and which chain they are of."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction

from scheduling.exceptions import SkipRun
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint, reply
from tests.validators.replies import EPOCH
from validators import tasks
from validators.exceptions import ForbiddenError, ImplausibleError, NoEndpointAnsweredError, TimedOutError
from validators.models import EndpointState, Fetch, RequestTally, SourceState
from validators.services.endpoints import record_failures, record_plausible

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def state(name: str) -> EndpointState:
    return EndpointState.objects.get(name=name)


def test_a_named_endpoint_is_known_by_its_name_alone(second: CannedEndpoint) -> None:
    tasks.fetch_validators()

    assert Fetch.objects.get().endpoint == "first"
    assert set(RequestTally.objects.values_list("endpoint", flat=True)) == {"first"}
    assert (state("first").failures, state("first").slots_behind) == (0, 0)
    assert state("first").plausible_slot == replies.HALF_WAY


def test_who_is_behind_is_passed_over_and_asked_last_for_a_minute(
    endpoint: CannedEndpoint, second: CannedEndpoint
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        tasks.fetch_validators()
        endpoint.epoch_infos = [replies.epoch_info(EPOCH, 196_000)]

        result = tasks.fetch_validators()

        assert result["endpoint"] == "second"
        assert result["passed_over"] == [
            f"first getEpochInfo: it is at slot {EPOCH * replies.SLOTS + 196_000}, 20000 slots behind the "
            f"last good look at {replies.HALF_WAY}"
        ]
        assert (state("first").failures, state("first").slots_behind) == (1, 20_000)
        endpoint.asked.clear()
        tasks.fetch_nodes()
        assert endpoint.asked == []
        clock.shift(timedelta(seconds=61))
        tasks.fetch_nodes()

        # Its nodes are as good as another's; that it follows the chain, they do not show.
        assert endpoint.methods == ["getClusterNodes"]
        assert (state("first").failures, state("first").doubt) == (1, "behind")
        endpoint.epoch_infos = [replies.epoch_info(EPOCH, replies.SLOTS // 2 + 200)]
        assert tasks.fetch_validators()["endpoint"] == "first"

    assert (state("first").failures, state("first").doubt) == (0, "")


def test_a_failing_endpoint_is_asked_last_for_longer_and_longer(
    endpoint: CannedEndpoint, second: CannedEndpoint
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        tasks.fetch_validators()
        for _ in range(2):
            clock.shift(timedelta(minutes=1))
            endpoint.faults = [reply("", 500)]
            tasks.fetch_nodes()
        endpoint.asked.clear()
        clock.shift(timedelta(minutes=1))
        tasks.fetch_nodes()
        assert endpoint.asked == []
        clock.shift(timedelta(minutes=1))
        tasks.fetch_nodes()

    assert endpoint.methods == ["getClusterNodes"]


def test_the_second_endpoint_is_asked_again_for_votes_although_the_first_is_well(
    endpoint: CannedEndpoint, second: CannedEndpoint
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        tasks.fetch_validators()
        endpoint.faults, second.faults = [reply("", 500)], [reply("", 500)]
        with pytest.raises(NoEndpointAnsweredError):
            tasks.fetch_nodes()
        clock.shift(timedelta(seconds=30))
        endpoint.epoch_infos = [replies.epoch_info(EPOCH, replies.SLOTS // 2 + 200)]
        second.epoch_infos = [replies.epoch_info(EPOCH, replies.SLOTS // 2 + 400)]
        assert tasks.fetch_validators()["endpoint"] == "first"
        assert state("second").failures == 1
        clock.shift(timedelta(seconds=31))

        assert tasks.fetch_validators()["endpoint"] == "second"

        assert state("second").failures == 0
        clock.shift(timedelta(seconds=10))
        endpoint.epoch_infos = [replies.epoch_info(EPOCH, replies.SLOTS // 2 + 600)]
        assert tasks.fetch_validators()["endpoint"] == "first"


def test_who_failed_once_and_does_not_offer_votes_has_its_turn_once(
    endpoint: CannedEndpoint, second: CannedEndpoint
) -> None:
    record_failures([TimedOutError("second", "getVoteAccounts", "no answer")], at=NOON)
    second.faults = [None, reply("", 410)]

    assert "second" in tasks.fetch_validators()["passed_over"][0]
    assert "passed_over" not in tasks.fetch_validators()

    assert state("second").failures == 0


def test_an_endpoint_that_stands_still_is_not_believed(
    endpoint: CannedEndpoint, second: CannedEndpoint
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        tasks.fetch_validators()
        clock.shift(timedelta(minutes=30))
        endpoint.epoch_infos = [replies.epoch_info()]
        second.epoch_infos = [replies.epoch_info(EPOCH, replies.SLOTS // 2 + 4_500)]

        result = tasks.fetch_validators()

    assert result["endpoint"] == "second"
    assert "the slot has not moved for 30 minutes" in result["passed_over"][0]


def test_another_genesis_is_another_cluster(endpoint: CannedEndpoint, second: CannedEndpoint) -> None:
    tasks.fetch_validators()
    assert Fetch.objects.get().genesis_hash == replies.key("genesis")
    EndpointState.objects.update(genesis_checked_at=None)
    endpoint.results["getGenesisHash"] = replies.key("another genesis")

    for task in (tasks.fetch_validators, tasks.fetch_nodes, tasks.fetch_names, tasks.fetch_production):
        EndpointState.objects.update(failures=0)
        result = task()
        assert result["endpoint"] == "second"
        assert f"first getGenesisHash: its genesis is {replies.key('another genesis')}" in str(result)


def test_a_cluster_that_shares_one_account_is_another_one(endpoint: CannedEndpoint) -> None:
    endpoint.results["getGenesisHash"] = None
    tasks.fetch_validators()
    ours = endpoint.current
    endpoint.current = [ours[0], *(replies.account(f"elsewhere {number}") for number in range(20))]

    with pytest.raises(ImplausibleError, match="1 of its 21 vote accounts is among the 20 stored"):
        tasks.fetch_validators()

    endpoint.current = ours
    assert tasks.fetch_validators()["validators"] == 20


def test_a_403_on_everything_is_an_outage_and_not_a_plan(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()
    endpoint.faults = [reply("", 403)] * 2

    with pytest.raises(ForbiddenError):
        tasks.fetch_nodes()

    assert SourceState.objects.get(source="nodes").unavailable_until is None
    assert tasks.fetch_nodes()["validators"] == 20


def test_a_403_on_what_was_answered_before_is_an_outage_too(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()
    tasks.fetch_nodes()
    endpoint.faults = [reply("", 403)]

    with pytest.raises(ForbiddenError):
        tasks.fetch_nodes()

    assert SourceState.objects.get(source="nodes").unavailable_until is None


def test_who_asks_by_hand_asks_at_once(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()
    endpoint.faults = [reply("", 403)]
    with pytest.raises(SkipRun, match="not offered"):
        tasks.fetch_nodes()
    with pytest.raises(SkipRun, match="not offered"):
        tasks.fetch_nodes()

    call_command("fetch", "nodes")

    assert SourceState.objects.get(source="nodes").last_success_at is not None


@pytest.mark.parametrize("method", ["getBlockProduction", "getMultipleAccounts"])
def test_a_source_of_a_node_that_is_behind_comes_from_the_next(
    endpoint: CannedEndpoint, second: CannedEndpoint, method: str
) -> None:
    second.epoch_infos = [replies.epoch_info(EPOCH, replies.SLOTS // 2 + 20_000)]
    endpoint.faults = [reply("", 500)]
    tasks.fetch_validators()
    EndpointState.objects.update(failures=0)
    fetch = tasks.fetch_production if method == "getBlockProduction" else tasks.fetch_cluster

    result = fetch()

    assert result["endpoint"] == "second"
    assert f"first {method}" in result["passed_over"][0]


def test_when_nobody_plausible_is_left_each_ones_reason_is_told(
    endpoint: CannedEndpoint, second: CannedEndpoint
) -> None:
    tasks.fetch_validators()
    endpoint.epoch_infos = [replies.epoch_info(EPOCH, 5)]
    second.faults = [reply("", 500)]

    reasons = r"first getEpochInfo: it is at slot.*second getEpochInfo: HTTP 500"
    with pytest.raises(NoEndpointAnsweredError, match=reasons):
        tasks.fetch_validators()

    assert "HTTP 500" in state("second").last_error


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_new", [True, False])
def test_of_two_sources_that_hear_of_one_endpoint_at_once_both_are_kept(
    is_new: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if not is_new:
        EndpointState.objects.create(name="first")
    wrote, may_end = threading.Event(), threading.Event()

    def votes() -> None:
        with transaction.atomic():
            record_plausible("first", tells_slot=True, slot=7, was_checked=True, failures=[], at=NOON)
            wrote.set()
            may_end.wait(10)
        connection.close()

    def names() -> None:
        record_failures([TimedOutError("first", "getProgramAccounts", "no answer")], at=NOON)
        connection.close()

    threads = [threading.Thread(target=votes), threading.Thread(target=names)]
    threads[0].start()
    assert wrote.wait(10)
    threads[1].start()
    threads[1].join(0.2)
    may_end.set()
    for thread in threads:
        thread.join(20)

    kept = state("first")
    assert (kept.plausible_slot, kept.genesis_checked_at, kept.failures) == (7, NOON, 1)
    assert caplog.messages == []
