"""Requests to endpoints are counted by host, method and outcome, whatever becomes of the fetch."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.validators.endpoints import (
    CannedEndpoint,
    bare_endpoint,
    hangs_up_after,
    never_answers,
    reply,
    rpc_error,
)
from validators import tasks
from validators.exceptions import EndpointError, ImplausibleError, NoEndpointAnsweredError
from validators.models import Fetch, RequestTally
from validators.services import requests
from validators.solana.request_counts import Outcome, Request

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EPOCH_INFO, VOTES = "getEpochInfo", "getVoteAccounts"
# Asked once an hour.
GENESIS = {("getGenesisHash", "ok"): 1}
Counts = dict[tuple[str, str], int]


def counted(**only: Any) -> Counts:
    """By method and outcome."""
    tallies = RequestTally.objects.filter(**only)
    return {(tally.method, tally.outcome): tally.requests for tally in tallies}


def host_of(url: str) -> str:
    return url.split("/")[2]


def test_two_fetches_add_up_under_the_host_alone(
    httpserver: HTTPServer, settings: Settings, client: Client
) -> None:
    endpoint = CannedEndpoint(httpserver, "/v2/SECRETKEY")
    host = host_of(endpoint.url)
    settings.SOLANA_RPC_URLS = [
        endpoint.url.replace("http://", "http://user:SECRETKEY@") + "?api-key=SECRETKEY"
    ]

    tasks.fetch_validators()
    tasks.fetch_validators()
    tasks.fetch_nodes()

    methods = {(EPOCH_INFO, "ok"): 2, (VOTES, "ok"): 2, ("getClusterNodes", "ok"): 1}
    assert counted(endpoint=host) == GENESIS | methods
    text = client.get("/metrics").content.decode()
    assert f'staking_rpc_requests_total{{endpoint="endpoint 1",method="{VOTES}",outcome="ok"}} 2.0' in text
    assert "SECRETKEY" not in text
    assert host not in text


FAULTS: list[tuple[Response, Outcome]] = [
    (reply("", 429), Outcome.THROTTLED),
    (reply("", 403), Outcome.FORBIDDEN),
    (reply("", 503), Outcome.HTTP_ERROR),
    (rpc_error(-32005, "Node is behind", {"numSlotsBehind": 153}), Outcome.BEHIND),
    (rpc_error(-32601, "Method not found"), Outcome.NOT_OFFERED),
    (rpc_error(-32603, "Internal error"), Outcome.RPC_ERROR),
    (reply("<!DOCTYPE html>"), Outcome.MALFORMED),
]


@pytest.mark.parametrize(("fault", "outcome"), FAULTS)
def test_a_failed_request_is_counted_though_nothing_else_is_stored(
    endpoint: CannedEndpoint, fault: Response, outcome: Outcome
) -> None:
    endpoint.faults = [None, fault]

    with pytest.raises(EndpointError):
        tasks.fetch_validators()

    assert counted() == {(EPOCH_INFO, "ok"): 1, (VOTES, outcome.value): 1}
    assert not Fetch.objects.exists()


def test_silence_is_counted_as_such(settings: Settings) -> None:
    settings.FETCH_DEADLINE_SECONDS = 1.0
    with bare_endpoint(never_answers) as silent:
        settings.SOLANA_RPC_URLS = [silent]
        with pytest.raises(EndpointError):
            tasks.fetch_validators()

        assert counted(endpoint=host_of(silent)) == {(EPOCH_INFO, "timeout"): 1}


def test_a_cut_connection_and_none_at_all_are_counted_as_such(settings: Settings) -> None:
    with bare_endpoint(hangs_up_after(b"HTTP/1.1 2")) as cut:
        settings.SOLANA_RPC_URLS = [cut, "http://127.0.0.1:1/"]
        with pytest.raises(NoEndpointAnsweredError, match="None of 2 endpoints answered"):
            tasks.fetch_validators()

        assert counted(endpoint=host_of(cut)) == {(EPOCH_INFO, "no_connection"): 1}
        assert counted(endpoint="127.0.0.1:1") == {(EPOCH_INFO, "no_connection"): 1}


def test_a_throttled_request_and_its_repetition_are_two(endpoint: CannedEndpoint) -> None:
    endpoint.faults = [None, reply("", 429, **{"Retry-After": "0"})]

    tasks.fetch_validators()

    assert counted() == GENESIS | {(EPOCH_INFO, "ok"): 2, (VOTES, "throttled"): 1, (VOTES, "ok"): 1}


def test_a_reply_that_is_doubted_as_a_whole_counts_as_malformed_alone(endpoint: CannedEndpoint) -> None:
    for account in endpoint.current[:10]:
        account["activatedStake"] = -1

    with pytest.raises(EndpointError, match="10 of 20 records are invalid"):
        tasks.fetch_validators()

    assert counted() == {(EPOCH_INFO, "ok"): 1, (VOTES, "malformed"): 1}


def test_a_fetch_whose_transaction_is_rolled_back_keeps_its_counts(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()
    endpoint.current = endpoint.current[:9]

    with pytest.raises(ImplausibleError):
        tasks.fetch_validators()

    assert Fetch.objects.count() == 1
    assert counted() == GENESIS | {
        (EPOCH_INFO, "ok"): 4,
        (VOTES, "ok"): 1,
        (VOTES, "implausible"): 3,
    }


def test_what_is_not_asked_costs_nothing_and_what_is_asked_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        requests.record_requests({Request("rpc.example.org", VOTES, Outcome.OK): 0})
    counts = {Request("rpc.example.org", method, Outcome.OK): 3 for method in (EPOCH_INFO, VOTES)}
    # The statement, in a savepoint inside the test's transaction.
    with django_assert_num_queries(3):
        requests.record_requests(counts)
    assert counted() == {(EPOCH_INFO, "ok"): 3, (VOTES, "ok"): 3}


def test_counts_that_cannot_be_stored_fail_no_fetch(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*args: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(requests, "record_requests", away)

    assert tasks.fetch_validators()["validators"] == 20
    assert "Requests were not counted" in caplog.text
