"""A snapshot: what is asked, which of several endpoints it comes from, and how long each is given."""

import time

import pytest
from pytest_httpserver import HTTPServer

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint, bare_endpoint, never_answers, reply, rpc_error
from tests.validators.replies import EPOCH, epoch_credits
from tests.validators.solana.snapshots import NOON, snapshot
from validators.exceptions import NoEndpointAnsweredError, NotConfiguredError, RateLimitedError


@pytest.fixture
def second(httpserver: HTTPServer) -> CannedEndpoint:
    return CannedEndpoint(httpserver, "/v2")


def test_a_snapshot_holds_every_account_and_the_epoch(endpoint: CannedEndpoint) -> None:
    endpoint.delinquent = [replies.account("late", rootSlot=0)]

    taken = snapshot(endpoint.url)

    assert (taken.endpoint, taken.began_at, taken.epoch.epoch) == (endpoint.url, NOON, EPOCH)
    assert [state.delinquent for state in taken.accounts] == [False] * 20 + [True]
    assert taken.rejected == ()
    assert endpoint.params == {"getEpochInfo": [], "getVoteAccounts": [{"keepUnstakedDelinquents": True}]}


def test_without_an_endpoint_the_error_says_what_to_set() -> None:
    with pytest.raises(NotConfiguredError, match=r"set SOLANA_RPC_URL.*manage.py simulate_cluster"):
        snapshot()


@pytest.mark.parametrize(
    "fault",
    [
        reply("", 500),
        reply("<html>"),
        reply("{"),
        rpc_error(-32005, "behind"),
        reply("", 429),
        reply({"id": 1, "result": 5}),
    ],
    ids=["5xx", "html", "truncated", "behind", "429", "shape"],
)
def test_the_next_endpoint_is_asked_when_one_fails(
    endpoint: CannedEndpoint, second: CannedEndpoint, fault: object
) -> None:
    endpoint.faults = [fault]  # type: ignore[list-item]

    assert snapshot(endpoint.url, second.url).endpoint == second.url
    assert endpoint.methods == ["getEpochInfo"]


def test_a_picture_comes_from_one_endpoint_only(endpoint: CannedEndpoint, second: CannedEndpoint) -> None:
    endpoint.faults = [None, reply("", 500)]

    snapshot(endpoint.url, second.url)

    assert second.methods == ["getEpochInfo", "getVoteAccounts"]


def test_an_endpoint_of_bad_records_gives_way_to_the_next(
    endpoint: CannedEndpoint, second: CannedEndpoint
) -> None:
    endpoint.current = []

    assert snapshot(endpoint.url, second.url).endpoint == second.url


def test_when_all_fail_each_ones_reason_is_told(endpoint: CannedEndpoint, second: CannedEndpoint) -> None:
    endpoint.faults, second.faults = [reply("", 500)], [reply("<html>")]

    with pytest.raises(NoEndpointAnsweredError) as raised:
        snapshot(endpoint.url, second.url)

    text = str(raised.value)
    assert text.startswith("None of 2 endpoints answered: ")
    assert f"{endpoint.url} getEpochInfo: HTTP 500" in text
    assert f"{second.url} getEpochInfo: HTML instead of JSON" in text


def test_an_endpoint_that_never_answers_leaves_time_for_the_next(endpoint: CannedEndpoint) -> None:
    began = time.monotonic()

    with bare_endpoint(never_answers) as silent:
        assert snapshot(silent, endpoint.url, seconds=2).endpoint == endpoint.url

    assert time.monotonic() - began < 2


def test_a_429_is_asked_again_after_its_retry_after(endpoint: CannedEndpoint) -> None:
    endpoint.faults = [None, reply("", 429, **{"Retry-After": "1"})]

    assert len(snapshot(endpoint.url).accounts) == 20

    moments = [at for at, _ in endpoint.asked]
    assert endpoint.methods == ["getEpochInfo", "getVoteAccounts"] * 2
    assert 1.0 <= moments[2] - moments[1] < 1.9


def test_a_429_twice_moves_on_to_the_next_endpoint(endpoint: CannedEndpoint, second: CannedEndpoint) -> None:
    endpoint.faults = [reply("", 429, **{"Retry-After": "0"})] * 2

    assert snapshot(endpoint.url, second.url).endpoint == second.url
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize(
    "header", [{"Retry-After": "3600"}, {"Retry-After": "3"}, {}], ids=["hour", "3 s", "none"]
)
def test_a_retry_after_beyond_the_endpoints_time_moves_on_at_once(
    endpoint: CannedEndpoint, second: CannedEndpoint, header: dict[str, str]
) -> None:
    endpoint.faults = [reply("", 429, **header)]
    began = time.monotonic()

    assert snapshot(endpoint.url, second.url, seconds=4).endpoint == second.url
    assert time.monotonic() - began < 1


def test_a_lone_endpoint_that_asks_for_more_time_than_there_is_fails_at_once(
    endpoint: CannedEndpoint,
) -> None:
    endpoint.faults = [reply("", 429, **{"Retry-After": "3600"})]

    with pytest.raises(RateLimitedError) as raised:
        snapshot(endpoint.url)

    assert raised.value.retry_after == 3600


def test_an_epoch_that_ends_between_the_questions_is_asked_again(endpoint: CannedEndpoint) -> None:
    endpoint.epoch_infos = [replies.epoch_info(EPOCH - 1, 431_999), replies.epoch_info(EPOCH, 1)]
    endpoint.current = replies.accounts(20, epochCredits=epoch_credits(100, 5))

    taken = snapshot(endpoint.url)

    assert (taken.epoch.epoch, taken.epoch.slot_index, taken.rejected) == (EPOCH, 1, ())
    assert endpoint.methods == ["getEpochInfo", "getVoteAccounts", "getEpochInfo"]
