"""The quick reader of getMultipleAccounts and pydantic's: whatever is sent, both say the same."""

import base64
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
from validators.solana.accounts import (
    LARGEST_DATA,
    MOST_KEYS,
    Account,
    AccountsReply,
    _account,
    _PlainAccount,
)

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "2000"))
LETTERS = "ABcd01+/=-_ \n"


def account(data: Any, **changes: Any) -> dict[str, Any]:
    known = {"lamports": 27_074_400, "owner": replies.key("owner"), "data": data, "space": 200}
    return known | {"executable": False, "rentEpoch": 2**64 - 1} | changes


def in_base64(content: bytes) -> list[str]:
    return [base64.b64encode(content).decode(), "base64"]


FULL = account(in_base64(bytes(range(200))))
GOOD = [FULL, None, account(in_base64(b""))]
NO_BYTES: list[Any] = [
    *(["YQ==", "base58"], ["YQ=="], ["YQ==", "base64", 1], [], "YQ==", None),
    *({"parsed": {"type": "vote"}}, {"parsed": 1}, [1, "base64"], [[], {}]),
]


def sent(value: Any = GOOD, **changes: Any) -> bytes:
    result = {"context": {"apiVersion": "3.0.0", "slot": 5}, "value": value}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result} | changes).encode()


def told(result: Any) -> Any:
    return result.context.slot, [_account(one, parsed=True, part=None) for one in result.value]


def assert_same(sent: bytes) -> None:
    assert outcome(AccountsReply.read, sent, told) == outcome(
        super(AccountsReply, AccountsReply).read, sent, told
    ), sent


def test_a_good_reply_is_read_by_the_quick_one(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = outcome(AccountsReply.model_validate_json, sent(), told)
    monkeypatch.setattr("validators.solana.schemas.Reply.read", None)

    assert outcome(AccountsReply.read, sent(), told) == expected
    owner = replies.key("owner")
    there = Account(27_074_400, owner, bytes(range(200)), None)
    assert expected == (1, None, (5, [there, None, Account(27_074_400, owner, b"", None)]))


def test_damaged_replies_are_read_alike() -> None:
    rng = random.Random(41)
    for _ in range(MUTATIONS):
        assert_same(body(rng, damaged(rng, json.loads(sent()))))


def test_base64_is_what_the_careful_reader_takes_for_it() -> None:
    rng = random.Random(43)
    taken = 0
    for _ in range(20 * MUTATIONS):
        text = "".join(rng.choices(LETTERS, weights=(*[8] * 8, 6, *[1] * 4), k=rng.choice((2, 3, 4, 4, 8))))
        reply = sent([account([text, "base64"])])
        assert_same(reply)
        found = AccountsReply.read(reply).result
        taken += found is not None and isinstance(found.value[0], _PlainAccount)
    assert taken > MUTATIONS


@pytest.mark.parametrize(
    "value",
    [
        *(account(in_base64(b"ab"), lamports=number) for number in (0, -1, 2**63 - 1, 2**63, 1.0, True, "1")),
        *(account(in_base64(b"ab"), owner=owner) for owner in ("", "1" * 31, "1" * 33, "0" * 32, None, 5)),
        *map(account, NO_BYTES),
        *({key: one for key, one in FULL.items() if key != left_out} for left_out in FULL),
        *(5, "", [], {}, True),
    ],
    ids=lambda value: f"{crc32(json.dumps(value).encode()):x}",
)  # fmt: skip
def test_odd_accounts_are_read_alike(value: Any) -> None:
    assert_same(sent([*GOOD, value]))


@pytest.mark.parametrize("count", [0, MOST_KEYS, MOST_KEYS + 1])
def test_no_more_accounts_are_taken_than_may_be_asked_for(count: int) -> None:
    assert_same(sent([FULL] * count))


@pytest.mark.parametrize("beyond", [0, 3])
def test_an_account_is_no_longer_than_the_chain_allows(beyond: int) -> None:
    longest = in_base64(bytes(LARGEST_DATA + beyond))

    assert_same(sent([account(longest)]))


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\xff"', b"1e999", b"NaN", b"9" * 400, b"01", b'"\\x"'])
def test_odd_json_within_an_account_is_read_alike(text: bytes) -> None:
    assert_same(sent().replace(b'"owner"', b'"odd": ' + text + b', "owner"', 1))
    assert_same(sent().replace(b'"owner"', b'"owner": ' + text + b', "owner"', 1))
    assert_same(sent().replace(b'"slot"', b'"slot": ' + text + b', "slot"', 1))
