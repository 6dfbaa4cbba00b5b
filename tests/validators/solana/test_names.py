"""The quick reader of names and pydantic's: whatever is sent, both say the same of validators."""

import json
import os
import random
from typing import Any

import pytest

from tests.validators import replies
from tests.validators.solana.quick_readers import outcome
from tests.validators.solana.test_fuzz import body, hostile
from validators.solana.names import NamesReply, _signed_profile

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "2000"))
GOOD = replies.config_accounts([replies.key(f"identity {number}") for number in range(3)])


def told(result: Any) -> Any:
    """Numbers are told apart by nobody: none is asked for."""
    return [one if isinstance(one, str) else (one.pubkey, _signed_profile(one)) for one in result]


def assert_same(sent: bytes) -> None:
    assert outcome(NamesReply.read, sent, told) == outcome(super(NamesReply, NamesReply).read, sent, told), (
        sent
    )


def damaged(rng: random.Random, whole: Any) -> Any:
    """One part of it, however deep, is something else or gone."""
    if not isinstance(whole, dict | list) or not whole or rng.random() < 0.1:
        return hostile(rng)
    place = rng.choice(sorted(whole)) if isinstance(whole, dict) else rng.randrange(len(whole))
    if rng.random() < 0.1:
        del whole[place]
    else:
        whole[place] = damaged(rng, whole[place])
    return whole


def sent(**changes: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": GOOD} | changes).encode()


def test_a_good_reply_is_read_by_the_quick_one(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = outcome(NamesReply.model_validate_json, sent(), told)
    monkeypatch.setattr("validators.solana.names._SENT", None)
    monkeypatch.setattr("validators.solana.schemas.Reply.read", None)

    assert outcome(NamesReply.read, sent(), told) == expected
    assert [told and told.profile.name[:4] for _, told in expected[2]] == [None, *["Name"] * 3]


def test_damaged_replies_are_read_alike() -> None:
    rng = random.Random(23)
    for _ in range(MUTATIONS):
        assert_same(body(rng, damaged(rng, json.loads(sent()))))


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\xff"', b"1e999", b"NaN", b"9" * 400, b"01", b'"\\x"'])
def test_odd_json_within_a_record_is_read_alike(text: bytes) -> None:
    assert_same(sent().replace(b'"name"', b'"odd": ' + text + b', "name"', 1))
    assert_same(sent().replace(b'"pubkey"', b'"pubkey": ' + text + b', "pubkey"', 1))
