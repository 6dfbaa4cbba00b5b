"""One question for many accounts: each is there, null or bytes, or the reply is no answer."""

import re
import time
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.validators import raw_accounts, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import rpc_error
from validators.exceptions import LayoutError, MalformedReplyError, RpcError
from validators.solana import accounts
from validators.solana.accounts import (
    Account,
    AccountsAnswer,
    Part,
    Unreadable,
    ask_account,
    ask_accounts,
    readable,
)
from validators.solana.rpc import Endpoint
from validators.solana.vote_states import VOTE_PROGRAM

KEYS = [replies.key("a"), replies.key("b")]
BEHIND = rpc_error(-32016, "Minimum context slot has not been reached")


@pytest.fixture
def chain(httpserver: HTTPServer) -> AccountsEndpoint:
    made = AccountsEndpoint(httpserver)
    made.accounts = {KEYS[0]: raw_accounts.sent(b"abc", lamports=7)}
    return made


def ask(
    chain: AccountsEndpoint, keys: list[str] = KEYS, seconds: float = 5.0, **options: Any
) -> AccountsAnswer:
    with Endpoint(chain.url, deadline=time.monotonic() + seconds) as endpoint:
        return ask_accounts(endpoint, keys, **options)


def test_accounts_come_in_the_order_of_the_keys(chain: AccountsEndpoint) -> None:
    answer = ask(chain, [KEYS[1], KEYS[0]])

    assert answer == AccountsAnswer(raw_accounts.SLOT, [None, Account(7, VOTE_PROGRAM, b"abc", None)])
    assert chain.questions == [(2, {"encoding": "base64"})]


def test_parsed_accounts_have_words_and_unparsable_ones_bytes(chain: AccountsEndpoint) -> None:
    chain.parsed = {KEYS[0]: raw_accounts.sent_parsed({"x": 1}), KEYS[1]: raw_accounts.sent(b"abc")}

    answer = ask(chain, parsed=True, least_slot=5)

    assert [one and (one.data, one.parsed) for one in map(readable, answer.accounts)] == [
        (b"", {"type": "vote", "info": {"x": 1}}),
        (b"abc", None),
    ]
    assert chain.questions == [(2, {"encoding": "jsonParsed", "minContextSlot": 5})]


def test_more_than_a_hundred_accounts_are_not_asked_for(chain: AccountsEndpoint) -> None:
    with pytest.raises(ValueError, match="101 accounts in one question"):
        ask(chain, KEYS[:1] * 101)

    assert chain.questions == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_node_that_is_not_there_yet_is_asked_again(
    chain: AccountsEndpoint, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(accounts, "_WAITS", (0.01, 0.02))
    chain.faults = [BEHIND] * times

    assert ask(chain, least_slot=raw_accounts.SLOT).slot == raw_accounts.SLOT

    assert len(chain.asked) == times + 1


@pytest.mark.parametrize(
    ("fault", "waits", "asked"), [(-32016, 0.01, 3), (-32016, 60.0, 1), (-32005, 0.01, 1)]
)
def test_a_node_that_does_not_get_there_in_time_is_left(
    chain: AccountsEndpoint, monkeypatch: pytest.MonkeyPatch, fault: int, waits: float, asked: int
) -> None:
    monkeypatch.setattr(accounts, "_WAITS", (waits, waits))
    chain.faults = [rpc_error(fault, "behind")] * 3

    with pytest.raises(RpcError) as raised:
        ask(chain, least_slot=5)

    assert (raised.value.code, len(chain.asked)) == (fault, asked)


MALFORMED: list[tuple[Any, str]] = [
    ({"context": {"slot": 5}, "value": [None]}, "1 accounts, asked for 2"),
    ({"context": {"slot": 5}, "value": [None] * 3}, "3 accounts, asked for 2"),
    ({"context": {"slot": 5}, "value": [None] * 101}, "result.value: "),
    ({"context": {"slot": 4}, "value": [None] * 2}, "as of slot 4, asked for 5 or later"),
    ({"context": {"slot": 2**63}, "value": [None] * 2}, "result.context.slot"),
    ({"value": [None] * 2}, "result.context: Field required"),
]


@pytest.mark.parametrize(("result", "cause"), MALFORMED)
def test_a_reply_that_is_no_answer_is_malformed(
    chain: AccountsEndpoint, monkeypatch: pytest.MonkeyPatch, result: Any, cause: str
) -> None:
    monkeypatch.setattr(accounts, "LARGEST_DATA", 60)
    monkeypatch.setattr(chain, "_result", lambda method: result)

    with pytest.raises(MalformedReplyError, match=cause):
        ask(chain, least_slot=5)


GARBLED: list[tuple[Any, str]] = [
    ({"lamports": -1}, "lamports: "),
    ({"lamports": 1.0}, "lamports: "),
    ({"owner": "nobody"}, "not the base58 form"),
    ({"data": ["A", "base64"]}, "data: "),
    ({"data": ["\u00e9" * 4, "base64"]}, "data: "),
    ({"data": ["AAAA", "base58"]}, "neither"),
    ({"data": ["AAAA"]}, "neither"),
    ({"data": "AAAA"}, "neither"),
    ({"data": {"parsed": "x"}}, "neither"),
    ({"data": ["AAAA" * 30, "base64"]}, "120 letters of base64"),
    ({"data": {"parsed": {}, "program": "vote"}}, "parsed, asked for base64"),
    ({"data": ["AAAA" * 2, "base64"]}, "6 bytes, asked for 5"),
]


@pytest.mark.parametrize(("changes", "reason"), GARBLED)
def test_one_that_is_garbled_takes_no_other_down(
    chain: AccountsEndpoint, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], reason: str
) -> None:
    monkeypatch.setattr(accounts, "LARGEST_DATA", 60)
    good = raw_accounts.sent(b"abc", lamports=7)
    value = [good | changes, good]
    monkeypatch.setattr(chain, "_result", lambda method: {"context": {"slot": 5}, "value": value})

    garbled, other = ask(chain, part=Part(0, 5)).accounts

    assert isinstance(garbled, Unreadable)
    assert reason in garbled.reason
    assert other == Account(7, VOTE_PROGRAM, b"abc", None)
    with pytest.raises(LayoutError, match=re.escape(garbled.reason)):
        readable(garbled)


@pytest.mark.parametrize("sent", ["no account", 5, raw_accounts.sent(b"abc") | {"owner": None}])
def test_an_only_account_that_is_garbled_says_so(
    chain: AccountsEndpoint, monkeypatch: pytest.MonkeyPatch, sent: Any
) -> None:
    monkeypatch.setattr(chain, "_result", lambda method: {"context": {"slot": 5}, "value": sent})

    with Endpoint(chain.url, deadline=time.monotonic() + 5) as endpoint:
        [account] = ask_account(endpoint, KEYS[0], least_slot=5, part=Part(0, 5)).accounts

    assert isinstance(account, Unreadable)
