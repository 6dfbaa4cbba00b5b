import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.simulator.jsonrpc import RpcError, respond
from validators.simulator.running import running_cluster

SECONDS = 10.0


class EchoAnswers:
    """Answers with the params; refuses the method `bad`."""

    def result(self, method: str, params: list[Any]) -> bytes:
        if method == "bad":
            raise RpcError(-32601, "Method not found: bad")
        return json.dumps(params).encode()


def answer(body: object) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = respond(raw, EchoAnswers())
    return None if response is None else json.loads(response)


def request(**changes: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "echo", "params": [5]} | changes


@pytest.mark.parametrize("request_id", [1, "1", "", 0, -7, 1.5, 2**70, None, "é\ud800"])
def test_the_id_comes_back_as_it_was_sent(request_id: object) -> None:
    echoed = answer(request(id=request_id))

    assert echoed == {"jsonrpc": "2.0", "result": [5], "id": request_id}
    assert type(echoed["id"]) is type(request_id)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe\xfd", b"[1,", b"NaN", b"[" * 100_000, b"1" * 5_000, b'{"id": Infinity}']
)
def test_what_is_not_json_is_a_parse_error(body: bytes) -> None:
    assert answer(body) == {
        "jsonrpc": "2.0",
        "error": {"code": -32700, "message": "Parse error"},
        "id": None,
    }


@pytest.mark.parametrize(
    "body",
    [
        3,
        "text",
        None,
        {},
        {"id": 1, "method": "echo"},
        request(jsonrpc="1.0"),
        request(jsonrpc=2.0),
        request(method=5),
        request(method=None),
        request(params="text"),
        request(params=5),
        request(id=True),
        request(id=[1]),
        request(id={"a": 1}),
        [],
    ],
)
def test_what_is_no_request_is_an_invalid_request(body: object) -> None:
    refused = answer(body)

    assert (refused["error"]["code"], refused["id"]) == (-32600, None)


def test_params_by_name_are_refused() -> None:
    refused = answer(request(params={"commitment": "finalized"}))

    assert (refused["error"]["code"], refused["id"]) == (-32602, 1)


def test_params_can_be_left_out() -> None:
    sent = request()
    del sent["params"]

    assert [answer(sent)["result"], answer(request(params=None))["result"]] == [[], []]


def test_a_batch_is_answered_in_order_without_its_notifications() -> None:
    notification = {"jsonrpc": "2.0", "method": "echo"}
    answers = answer([request(id="a"), notification, request(id=2, method="bad"), 7])

    assert [(row["id"], row.get("error", {}).get("code")) for row in answers] == [
        ("a", None),
        (2, -32601),
        (None, -32600),
    ]


@pytest.mark.parametrize("method", ["echo", "bad"])
def test_notifications_get_no_answer(method: str) -> None:
    notification = {"jsonrpc": "2.0", "method": method}

    assert answer(notification) is None
    assert answer([notification, notification]) is None


@settings(deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["jsonrpc", "id", "method", "params"]), inner)
        ),
        max_leaves=8,
    )
)
def test_any_json_gets_a_well_formed_answer_or_none(body: object) -> None:
    answers = answer(body)

    for row in answers if isinstance(answers, list) else [answers]:
        assert row is None or (row["jsonrpc"] == "2.0" and ("result" in row) != ("error" in row))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_cluster(validators=5) as url:
        yield url


def test_a_notification_over_http_is_an_empty_204_and_the_connection_lives_on(url: str) -> None:
    with requests.Session() as session:
        silent = session.post(url, json={"jsonrpc": "2.0", "method": "getHealth"}, timeout=SECONDS)
        spoken = session.post(url, json=request(method="getHealth", params=[]), timeout=SECONDS)

    assert (silent.status_code, silent.content) == (204, b"")
    assert spoken.json() == {"jsonrpc": "2.0", "result": "ok", "id": 1}


def test_an_unknown_method_over_http_is_a_200_with_an_error(url: str) -> None:
    reply = requests.post(url, json=request(method="getMoney"), timeout=SECONDS)

    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json()["error"] == {"code": -32601, "message": "Method not found: getMoney"}


def test_a_body_that_is_too_large_is_refused_unread(url: str) -> None:
    assert requests.post(url, data=b" " * 60_000, timeout=SECONDS).status_code == 413


def test_a_body_without_its_length_is_refused(url: str) -> None:
    assert requests.post(url, data=iter([b"{}"]), timeout=SECONDS).status_code == 411


def test_the_health_page_is_there_for_a_browser(url: str) -> None:
    health, other = (requests.get(url + path, timeout=SECONDS) for path in ("/health", "/"))

    assert (health.status_code, health.text, other.status_code) == (200, "ok", 405)
