"""The quick reader of getVoteAccounts and pydantic's: whatever is sent, both say the same.

But two things: what nobody asked for may be nested deeper than the 200 levels at which pydantic stops, and
be a number of more digits than the 4,300 that it takes.
"""

import json
import os
from typing import Any
from zlib import crc32

import pytest

from tests.validators import replies
from tests.validators.solana.quick_readers import outcome
from tests.validators.solana.test_fuzz import DamagedEndpoint, body
from validators.solana import votes
from validators.solana.schemas import Reply, VoteAccount, VoteAccounts
from validators.solana.votes import VotesReply

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "2000"))
GOOD = {"current": [replies.account(0)], "delinquent": [replies.account(1)]}


def told(result: Any) -> Any:
    return result.current, result.delinquent


def assert_same(sent: bytes) -> None:
    assert outcome(VotesReply.read, sent, told) == outcome(Reply[VoteAccounts].read, sent, told), sent


def test_damaged_replies_are_read_alike() -> None:
    endpoint = DamagedEndpoint(seed=17)
    question = {"id": 1, "method": "getVoteAccounts"}
    for _ in range(MUTATIONS):
        assert_same(body(endpoint.rng, endpoint.damaged(question, {})))


def sent(**changes: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": GOOD} | changes).encode()


def with_extra(text: bytes) -> bytes:
    """Something that nobody asked for, inside a record."""
    return sent().replace(b'"votePubkey"', b'"extra": ' + text + b', "votePubkey"', 1)


IDS: list[Any] = [None, True, 1.0, "1", 2**70, [], -1]
ERRORS: list[Any] = [None, {"code": 1}, {}, 5, []]
RESULTS: list[Any] = [None, {}, [], {"current": []}, {"current": {}, "delinquent": []}]
LISTS: list[Any] = [None, 5, "", {}, [[]], [None]]


@pytest.mark.parametrize(
    "reply",
    [
        *(sent(id=value) for value in IDS),
        *(sent(error=value) for value in ERRORS),
        *(sent(result=value) for value in RESULTS),
        *(sent(result=GOOD | {"current": value}) for value in LISTS),
        *(sent() + tail for tail in (b" ", b"\n\t", b"x", b"]", b"\0")),
        *(head + sent() for head in (b"\xef\xbb\xbf", b" ", b"[")),
        *map(with_extra, (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"01", b"-", b"1.", b".5")),
        *map(with_extra, (b'"\xff"', b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\x01"')),
        *map(with_extra, (b'"\\x"', b'"\\u12"', b"nul", b"[1,]", b'{"a":1,}', b"{1:2}", b"'a'")),
        *(with_extra(b"[" * depth + b"]" * depth) for depth in (100, 190, 100_000)),
        sent().replace(b'"votePubkey"', b'"commission": 300, "votePubkey"', 1),
        sent().replace(b'"votePubkey"', b'"votePubkey": 5, "votePubkey"', 1),
        sent().replace(b'"id"', b'"id": 7, "id"', 1),
    ],
    ids=lambda reply: f"{crc32(reply):x}",
)  # fmt: skip
def test_odd_replies_are_read_alike(reply: bytes) -> None:
    assert_same(reply)


def test_a_plain_reply_needs_no_second_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = outcome(VotesReply.model_validate_json, sent(), told)
    monkeypatch.setattr(votes, "_SENT", None)
    monkeypatch.setattr(VotesReply, "model_validate_json", None)

    assert outcome(VotesReply.read, sent(), told) == expected
    assert isinstance(expected[2][0][0], VoteAccount)
