import socket
import threading
import time
from collections import Counter
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tests.validators.simulator.client import exchange, refusal
from validators.simulator.faults import Fault, FaultPlan, FaultSpecError, parse_fault_plan
from validators.simulator.running import running_cluster

SECONDS = 10.0
BODY = '{"jsonrpc":"2.0","id":1,"method":"getHealth"}'
ISSUE_SPEC = "429:0.1,500:0.05,slow:0.05,truncate:0.02,html:0.02,empty:0.01"


def post(url: str) -> requests.Response:
    return requests.post(url, data=BODY, timeout=SECONDS)


def test_a_plan_reads_every_fault() -> None:
    spec = ", ".join(f"{fault}:0.1" for fault in Fault)

    assert parse_fault_plan(spec) == FaultPlan(tuple((fault, 0.1) for fault in Fault))
    assert parse_fault_plan("") == FaultPlan()


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("503:0.1", "Unknown fault '503'"),
        ("429", "needs a probability"),
        ("429:often", "needs a probability"),
        ("429:-0.1", "between 0 and 1"),
        ("429:1.1", "between 0 and 1"),
        ("429:nan", "between 0 and 1"),
        ("429:0.1,429:0.1", "given twice"),
        ("429:0.6,500:0.6", "add up to 1.2"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(spec: str, complaint: str) -> None:
    with pytest.raises(FaultSpecError, match=complaint):
        parse_fault_plan(spec)


def test_probabilities_that_add_up_to_one_in_decimals_are_accepted() -> None:
    plan = parse_fault_plan("429:0.7,500:0.2,slow:0.1")

    assert [probability for _, probability in plan.probabilities] == [0.7, 0.2, 0.1]


@given(st.integers(), st.integers(min_value=0))
def test_the_same_request_of_the_same_seed_meets_the_same_fault(seed: int, request: int) -> None:
    plan = parse_fault_plan(ISSUE_SPEC)

    assert plan.fault(seed=seed, request=request) == plan.fault(seed=seed, request=request)


def test_faults_are_as_frequent_as_asked_for() -> None:
    plan = parse_fault_plan(ISSUE_SPEC)
    counted = Counter(plan.fault(seed=7, request=request) for request in range(20_000))

    assert counted[None] / 20_000 == pytest.approx(0.75, abs=0.01)
    assert counted[Fault.RATE_LIMITED] / 20_000 == pytest.approx(0.1, abs=0.01)
    assert counted[Fault.EMPTY] / 20_000 == pytest.approx(0.01, abs=0.004)


def test_a_restarted_server_repeats_its_faults_over_http() -> None:
    def statuses() -> list[int]:
        with running_cluster(validators=3, seed=11, fault="429:0.3,500:0.2") as url:
            return [post(url).status_code for _ in range(40)]

    first = statuses()

    assert first == statuses()
    assert set(first) == {200, 429, 500}


def test_too_many_requests_says_when_to_come_back() -> None:
    with running_cluster(validators=3, fault="429:1") as url:
        reply = post(url)

    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "1")


def test_a_server_error_is_plain_text() -> None:
    with running_cluster(validators=3, fault="500:1") as url:
        reply = post(url)

    assert (reply.status_code, reply.headers["Content-Type"]) == (500, "text/plain")


def test_a_slow_answer_is_right_and_late() -> None:
    with running_cluster(validators=3, fault="slow:1", slow_seconds=0.3) as url:
        started = time.monotonic()
        reply = post(url)

    assert reply.json()["result"] == "ok"
    assert time.monotonic() - started >= 0.3


def test_a_truncated_answer_promises_all_and_sends_half() -> None:
    with running_cluster(validators=3, fault="truncate:1") as url:
        connection = HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
        connection.request("POST", "/", BODY)
        with connection.getresponse() as response, pytest.raises(IncompleteRead) as caught:
            response.read()
        connection.close()

    whole = len('{"jsonrpc":"2.0","result":"ok","id":1}')
    assert (response.status, len(caught.value.partial)) == (200, whole // 2)
    assert caught.value.expected == whole - whole // 2


def test_a_web_page_comes_as_success() -> None:
    with running_cluster(validators=3, fault="html:1") as url:
        reply = post(url)

    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.text.startswith("<!doctype html>")


def test_an_empty_answer_comes_as_success() -> None:
    with running_cluster(validators=3, fault="empty:1") as url:
        reply = post(url)

    assert (reply.status_code, reply.content) == (200, b"")


def test_a_node_that_is_behind_says_by_how_much() -> None:
    with running_cluster(validators=3, fault="behind:1") as url:
        error = refusal(url, "getVoteAccounts")

    assert (error["code"], error["data"]) == (-32005, {"numSlotsBehind": 142})


def test_a_cut_connection_ends_without_a_byte() -> None:
    with running_cluster(validators=3, fault="cut:1") as url:
        connection = HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
        connection.request("POST", "/", BODY)
        with pytest.raises(RemoteDisconnected):
            connection.getresponse()
        connection.close()


def test_a_hanging_answer_never_comes_and_others_are_served_meanwhile() -> None:
    with running_cluster(validators=3, seed=2, fault="hang:0.5") as url:
        outcomes = []
        for _ in range(8):
            try:
                outcomes.append(requests.post(url, data=BODY, timeout=0.2).status_code)
            except requests.ReadTimeout:
                outcomes.append(0)

    assert set(outcomes) == {0, 200}


def test_stopping_ends_an_answer_that_hangs() -> None:
    with running_cluster(validators=3, fault="hang:1") as url:
        host, port = urlsplit(url).netloc.split(":")
        client = socket.create_connection((host, int(port)), timeout=SECONDS)
        client.sendall(f"POST / HTTP/1.1\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}".encode())
        time.sleep(0.1)
    with client:
        assert client.recv(1) == b""


def test_requests_at_the_same_time_are_each_counted_once() -> None:
    with running_cluster(validators=3, seed=11, fault="behind:0.4") as url:
        outcomes: list[bool] = []
        threads = [
            threading.Thread(target=lambda: outcomes.append("error" in exchange(url, "getHealth")))
            for _ in range(40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    plan = parse_fault_plan("behind:0.4")
    assert sum(outcomes) == sum(plan.fault(seed=11, request=number) is not None for number in range(40))
