"""The sources beside the votes: what each knows of its last success, and what stays when it fails."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from scheduling.engine import execution
from scheduling.exceptions import SkipRun
from tests.validators.endpoints import CannedEndpoint, reply, rpc_error
from tests.validators.services.sources import EACH, METHODS, state
from validators import tasks
from validators.exceptions import EndpointError, RateLimitedError, ValidatorsError
from validators.models import ClusterEpoch, Validator

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@EACH
def test_before_the_first_fetch_of_votes_there_is_nothing_to_add_to(
    endpoint: CannedEndpoint, source: str
) -> None:
    with pytest.raises(SkipRun, match="nothing fetched yet"):
        METHODS[source][0]()

    assert endpoint.methods == []


@EACH
def test_a_source_knows_when_it_last_succeeded_and_who_answered(
    endpoint: CannedEndpoint, source: str
) -> None:
    with time_machine.travel(NOON, tick=False):
        tasks.fetch_validators()
        METHODS[source][0]()

    row = state(source)
    assert (row.last_success_at, row.last_attempt_at, row.last_error) == (NOON, NOON, "")
    assert (row.endpoint, row.unavailable_until, row.rejected_count) == (endpoint.url, None, 0)


@EACH
def test_a_source_that_fails_leaves_its_last_good_values_with_their_age(
    endpoint: CannedEndpoint, source: str
) -> None:
    task, _ = METHODS[source]
    with time_machine.travel(NOON, tick=False) as clock:
        tasks.fetch_validators()
        task()
        ClusterEpoch.objects.update(total_supply=None)
        good = list(Validator.objects.order_by("pk").values())
        clock.shift(timedelta(minutes=5))
        endpoint.faults = [reply("", 500)]

        with pytest.raises(EndpointError, match="HTTP 500"):
            task()

    assert list(Validator.objects.order_by("pk").values()) == good
    row = state(source)
    assert (row.last_success_at, row.last_attempt_at) == (NOON, NOON + timedelta(minutes=5))
    assert "HTTP 500" in row.last_error
    task()
    assert state(source).last_error == ""


REFUSALS = {
    "no such method": lambda: rpc_error(-32601, "Method not found"),
    "not indexed": lambda: rpc_error(-32010, "excluded from account secondary indexes"),
    "forbidden": lambda: reply("", 403),
    "gone": lambda: reply("", 410),
}


@EACH
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_method_that_is_not_offered_is_asked_again_two_hours_later_only(
    endpoint: CannedEndpoint, source: str, refusal: str
) -> None:
    task, method = METHODS[source]
    with time_machine.travel(NOON, tick=False) as clock:
        tasks.fetch_validators()
        endpoint.faults = [REFUSALS[refusal]()]
        for _ in range(3):
            clock.shift(timedelta(minutes=1))
            with pytest.raises(SkipRun, match=f"not offered, asked again at 2026-11-20 14:01Z: .*{method}"):
                task()

        assert endpoint.methods.count(method) == 1
        row = state(source)
        assert row.unavailable_until == NOON + timedelta(hours=2, minutes=1)
        clock.shift(timedelta(hours=2))
        task()
    assert (state(source).unavailable_until, state(source).last_error) == (None, "")


@pytest.mark.database
def test_another_endpoint_is_asked_at_once(endpoint: CannedEndpoint, settings: Any) -> None:
    tasks.fetch_validators()
    endpoint.faults = [rpc_error(-32601, "Method not found")]
    with pytest.raises(SkipRun):
        tasks.fetch_names()

    settings.SOLANA_RPC_URLS = [endpoint.url, endpoint.url]
    assert tasks.fetch_names()["validators"] == 20


@pytest.mark.database
def test_an_outage_of_another_endpoint_is_told_as_one(endpoint: CannedEndpoint, settings: Any) -> None:
    """And not as a refusal, though the last one was less than two hours ago."""
    tasks.fetch_validators()
    endpoint.faults = [rpc_error(-32601, "Method not found")]
    with pytest.raises(SkipRun):
        tasks.fetch_names()
    assert state("names").is_not_offered

    settings.SOLANA_RPC_URLS = [endpoint.url, endpoint.url]
    endpoint.faults = [reply("", 500), reply("", 500)]
    with pytest.raises(ValidatorsError):
        tasks.fetch_names()

    assert not state("names").is_not_offered


@pytest.mark.database
def test_one_endpoint_that_offers_the_method_is_enough(endpoint: CannedEndpoint, settings: Any) -> None:
    settings.SOLANA_RPC_URLS = [endpoint.url, endpoint.url]
    tasks.fetch_validators()
    # The first refuses and answers another question, so it does not offer this.
    endpoint.faults = [reply("", 403), None, None]

    assert tasks.fetch_nodes()["validators"] == 20

    endpoint.faults = [reply("", 403), None, reply("", 500)]
    with pytest.raises(ValidatorsError, match="None of 2 endpoints answered"):
        tasks.fetch_nodes()
    assert state("nodes").unavailable_until is None


@pytest.mark.database
def test_too_many_requests_are_reported_as_pressure(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks.fetch_validators()
    endpoint.faults = [reply("", 429)]

    with pytest.raises(EndpointError, match="429"):
        tasks.fetch_nodes()

    assert "getClusterNodes: HTTP 429" in execution._pressure.get()


@pytest.mark.database
@pytest.mark.parametrize("code", [429, -32429])
def test_too_many_requests_said_inside_a_good_status_are_pressure_too(
    endpoint: CannedEndpoint, code: int
) -> None:
    tasks.fetch_validators()
    endpoint.faults = [rpc_error(code, "Too many requests")]

    with pytest.raises(RateLimitedError):
        tasks.fetch_nodes()

    assert f"getClusterNodes: error {code}" in execution._pressure.get()
