"""What health, alerts, monitor and the metrics say of endpoints, of the chain, and of silent sources."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from prometheus_client.core import Metric
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from scheduling.operations import changing
from tests.commands import printed
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint, rpc_error
from tests.validators.replies import EPOCH
from validators import tasks
from validators.exceptions import EndpointError, NoEndpointAnsweredError
from validators.models import EndpointState, SourceState
from validators.monitoring import alerts, readiness
from validators.monitoring.endpoints import endpoints_panel
from validators.monitoring.metrics import validator_metrics

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_an_endpoint_behind_another_is_named_with_its_slots(
    endpoint: CannedEndpoint, second: CannedEndpoint
) -> None:
    tasks.fetch_validators()
    endpoint.epoch_infos = [replies.epoch_info(EPOCH, 196_000)]
    tasks.fetch_validators()

    sentence = "first is 20,000 slots behind second."
    assert readiness.doubted_endpoints(now=NOON) == sentence
    assert [one.message for one in alerts.doubted_endpoints(now=NOON)] == [sentence]
    panel = endpoints_panel()
    assert panel is not None
    assert [(row[0], row[3], row[4]) for row in panel.rows] == [("second", "0", "0"), ("first", "20000", "1")]
    assert samples("staking_endpoint_slots_behind") == {"first": 20_000, "second": 0}


def test_one_slot_behind_is_one_and_several_that_stand_are_several(
    endpoint: CannedEndpoint, second: CannedEndpoint
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        tasks.fetch_validators()
        EndpointState.objects.filter(name="first").update(failures=1, doubt="behind", slots_behind=1)
        [one] = alerts.doubted_endpoints(now=NOON)
        clock.shift(timedelta(hours=2))
        for each in (endpoint, second):
            each.epoch_infos = [replies.epoch_info()]
        with pytest.raises(NoEndpointAnsweredError, match="has not moved"):
            tasks.fetch_validators()
        [chain] = alerts.standing_chain(now=NOON)

    assert one.message.startswith("first is 1 slot behind ")
    assert chain.message == (
        f"The slot has not moved since 2026-11-20 12:00Z: first, second stand at {replies.HALF_WAY}."
    )


def test_a_chain_that_stands_is_said_to_since_when(endpoint: CannedEndpoint) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        tasks.fetch_validators()
        clock.shift(timedelta(hours=2))
        endpoint.epoch_infos = [replies.epoch_info()]
        with pytest.raises(EndpointError, match="has not moved for 120 minutes"):
            tasks.fetch_validators()

        problem = readiness.standing_chain(now=NOON)

        assert problem.startswith("The slot has not moved since 2026-11-20 12:00Z: ")
        assert [one.subject for one in alerts.standing_chain(now=NOON)] == ["chain"]
        # One fault, told once.
        assert readiness.doubted_endpoints(now=NOON) == ""
        endpoint.epoch_infos = [replies.epoch_info(EPOCH, replies.SLOTS // 2 + 18_000)]
        tasks.fetch_validators()

    assert readiness.standing_chain(now=NOON) == ""


@pytest.mark.parametrize(("failures", "is_told"), [(4, False), (55, True)])
def test_an_endpoint_that_does_not_answer_is_told_by_its_public_name(
    settings: Settings, failures: int, is_told: bool
) -> None:
    settings.SOLANA_RPC_URLS = ["http://127.0.0.1:1/secret-key"]
    with pytest.raises(EndpointError):
        tasks.fetch_validators()
    assert readiness.standing_chain(now=NOON) == "Unknown: no endpoint has given a usable answer yet."
    EndpointState.objects.update(failures=failures)

    told = f"endpoint 1 gave no usable answer, {failures} times in a row: no connection"
    assert (readiness.doubted_endpoints(now=NOON).startswith(told)) is is_told
    assert "127.0.0.1" not in readiness.doubted_endpoints(now=NOON)
    EndpointState.objects.update(plausible_at=NOON)
    assert readiness.standing_chain(now=NOON) == (
        "Unknown: no endpoint gives a usable answer." if is_told else ""
    )
    # What fails because of it is an alert already.
    assert alerts.standing_chain(now=NOON) + alerts.doubted_endpoints(now=NOON) == []


def test_of_an_endpoint_that_answers_what_is_of_no_use_it_is_not_said_that_it_does_not_answer(
    endpoint: CannedEndpoint,
) -> None:
    endpoint.current = []
    with pytest.raises(EndpointError):
        tasks.fetch_validators()
    EndpointState.objects.update(failures=5)

    assert readiness.standing_chain(now=NOON) == "Unknown: no endpoint has given a usable answer yet."
    assert readiness.doubted_endpoints(now=NOON) == (
        "endpoint 1 gave no usable answer, 5 times in a row: no vote account at all."
    )


def test_a_source_that_is_silent_for_two_intervals_is_named_with_what_it_tells(
    endpoint: CannedEndpoint, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    call_command("scheduler", "setup", "production")
    tasks.fetch_validators()
    for source in SourceState.Source:
        SourceState.objects.update_or_create(source=source.value, defaults={"last_success_at": NOON})
    soon, later = NOON + timedelta(minutes=50), NOON + timedelta(hours=3)

    assert readiness.silent_sources(now=soon) == ""
    assert "The nodes source was last heard 3h ago, and tells versions and clients on" in (
        readiness.silent_sources(now=later)
    )
    # Their jobs, their states, and the running epoch, however many are silent.
    with django_assert_num_queries(3):
        silent = alerts.silent_sources(now=later)
    assert {one.subject for one in silent} >= {"nodes", "production", "cluster"}


def test_what_somebody_paused_is_told_to_readers_and_alerts_nobody(endpoint: CannedEndpoint) -> None:
    call_command("scheduler", "setup", "production")
    with time_machine.travel(NOON, tick=False):
        tasks.fetch_validators()
    for source in SourceState.Source:
        SourceState.objects.update_or_create(source=source.value, defaults={"last_success_at": NOON})
    later, until = NOON + timedelta(hours=30), NOON + timedelta(hours=40)
    for name in ("fetch-names-repeatable", "fetch-repeatable"):
        changing.pause(name, by="root", note="provider maintenance", now=NOON, until=until)

    silent = {one.subject for one in alerts.silent_sources(now=later)}

    assert "nodes" in silent
    assert "names" not in silent
    assert (alerts.stale_data(now=later), readiness.neglected_data(now=later)) == ([], "")
    # Its age is told to readers, and goes into conditions.
    assert readiness.stale_data(now=later).endswith("is stale. Fetching is paused until 2026-11-22 04:00Z.")
    paused = "fetch-names-repeatable since 2026-11-20 12:00:00 until 2026-11-22 04:00:00: provider"
    assert paused in printed("health")

    for name in ("fetch-names-repeatable", "fetch-repeatable"):
        changing.resume(name, by="root", now=until)

    assert "names" not in readiness.silent_sources(now=until + timedelta(minutes=5))
    assert "The names source was last heard" in readiness.silent_sources(now=until + timedelta(days=30))
    assert "is stale." in readiness.neglected_data(now=until)


def test_whether_there_is_a_fetch_is_asked_once(
    endpoint: CannedEndpoint, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    call_command("scheduler", "setup", "production")
    with time_machine.travel(NOON, tick=False):
        tasks.fetch_validators()

    # The newest fetch and its job; of one that is stale, twice whether somebody paused it.
    with django_assert_num_queries(2):
        assert alerts.stale_data(now=NOON) == []
    with django_assert_num_queries(4):
        [trouble] = alerts.stale_data(now=NOON + timedelta(hours=30))
    assert trouble.message.endswith("is stale.")


def test_a_source_that_nobody_offers_is_not_silent(endpoint: CannedEndpoint) -> None:
    call_command("scheduler", "setup", "production")
    tasks.fetch_validators()
    endpoint.faults = [rpc_error(-32601, "Method not found")]
    call_command("fetch", "nodes")

    now = SourceState.objects.get(source="nodes").unavailable_until
    assert now is not None
    assert "nodes" not in readiness.silent_sources(now=now)


def samples(name: str) -> dict[str, float]:
    metrics: list[Metric] = [metric for metric in validator_metrics() if metric.name == name]
    return {one.labels["endpoint"]: one.value for metric in metrics for one in metric.samples}


def test_a_source_that_never_answered_is_told_in_a_whole_sentence() -> None:
    call_command("scheduler", "setup", "production")

    told = readiness.silent_sources(now=timezone.now() + timedelta(days=30))

    assert "The nodes source was never heard, and tells versions and clients on" in told
