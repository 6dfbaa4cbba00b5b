"""The quick reader of getClusterNodes and pydantic's: whatever is sent, both say the same of the nodes."""

import json
import os
import random
from typing import Any
from zlib import crc32

import pytest

from tests.validators import replies
from tests.validators.solana.quick_readers import outcome
from tests.validators.solana.test_fuzz import body
from tests.validators.solana.test_names import damaged
from validators.solana.nodes import NodesReply, _judged

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "2000"))
FULL = replies.node(
    replies.key("identity"), gossip="192.0.2.7:8001", tpuQuic="[2001:db8::1]:8009", clientId=3
)
GOOD = [FULL, replies.node(replies.key("silent"), None), {"pubkey": replies.key("bare")}]

NO_RECORDS: list[Any] = [None, 5, "", [], {}, "pubkey"]
NO_RESULTS: list[Any] = [None, {}, [], "", [[]]]


def sent(value: Any = GOOD, **changes: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": value} | changes).encode()


def told(result: Any) -> Any:
    return list(_judged(result))


def assert_same(sent: bytes) -> None:
    assert outcome(NodesReply.read, sent, told) == outcome(super(NodesReply, NodesReply).read, sent, told), (
        sent
    )


def test_a_good_reply_is_read_by_the_quick_one(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = outcome(NodesReply.model_validate_json, sent(), told)
    monkeypatch.setattr("validators.solana.schemas.Reply.read", None)

    assert outcome(NodesReply.read, sent(), told) == expected
    assert [node.address for node in expected[2]] == ["192.0.2.7", "", ""]
    assert [bool(node.version) for node in expected[2]] == [True, False, False]


def test_damaged_replies_are_read_alike() -> None:
    rng = random.Random(47)
    for _ in range(MUTATIONS):
        assert_same(body(rng, damaged(rng, json.loads(sent()))))


@pytest.mark.parametrize("name", ["pubkey", "version", "clientId", "client_id", "gossip", "tvu", "tpuQuic"])
@pytest.mark.parametrize("value", [None, True, 0, 1.0, -1, 2**64, "", "1", "4.0.0", [], {}, ["192.0.2.1:1"]])
def test_odd_values_are_read_alike(name: str, value: Any) -> None:
    assert_same(sent([*GOOD, FULL | {name: value}]))


@pytest.mark.parametrize(
    "reply",
    [
        *(sent([*GOOD, value]) for value in NO_RECORDS),
        *map(sent, NO_RESULTS),
        *(sent(id=value) for value in (None, True, 1.0, "1", 2**70)),
        *(sent(error=value) for value in (None, {"code": 1}, {}, 5)),
    ],
    ids=lambda reply: f"{crc32(reply):x}",
)
def test_odd_replies_are_read_alike(reply: bytes) -> None:
    assert_same(reply)


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\xff"', b"1e999", b"NaN", b"9" * 400, b"01", b'"\\x"'])
def test_odd_json_within_a_record_is_read_alike(text: bytes) -> None:
    for name in (b'"version"', b'"gossip"', b'"clientId"'):
        assert_same(sent().replace(name, name + b": " + text + b", " + name, 1))
    assert_same(sent().replace(b'"version"', b'"odd": ' + text + b', "version"', 1))
