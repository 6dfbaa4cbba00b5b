"""The vote accounts of a cluster, page by page, all of one epoch."""

import time
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.validators import raw_accounts, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import rpc_error
from validators.exceptions import MalformedReplyError, RateLimitedError, RpcError
from validators.solana import accounts
from validators.solana.features import SYSVAR_PROGRAM
from validators.solana.records import Rejected
from validators.solana.request_counts import Outcome, counted_requests
from validators.solana.rpc import Endpoint
from validators.solana.vote_states import VoteStates, ask_vote_states

SLOT = raw_accounts.SLOT
NEXT = SLOT + 1_000
NAMES = range(250)
KEYS = [replies.key(f"vote {name}") for name in NAMES]


@pytest.fixture
def chain(httpserver: HTTPServer) -> AccountsEndpoint:
    made = AccountsEndpoint(httpserver)
    made.accounts = {
        key: raw_accounts.sent(raw_accounts.vote_v4(name), lamports=name)
        for key, name in zip(KEYS, NAMES, strict=True)
    }
    made.parsed = {
        key: raw_accounts.sent_parsed(raw_accounts.parsed_info(name))
        for key, name in zip(KEYS, NAMES, strict=True)
    }
    return made


def ask(chain: AccountsEndpoint, keys: list[str] = KEYS, **options: Any) -> VoteStates:
    with Endpoint(chain.url, deadline=time.monotonic() + 30) as endpoint:
        return ask_vote_states(endpoint, keys, **{"least_slot": SLOT, "next_epoch_slot": NEXT} | options)


def encodings(chain: AccountsEndpoint) -> list[str]:
    return [options["encoding"] for _, options in chain.questions]


def reported(found: VoteStates) -> list[str]:
    return [one.state.bls for one in found.records.good]


def test_all_accounts_are_read_in_pages_of_a_hundred(chain: AccountsEndpoint) -> None:
    chain.slots = [SLOT + 2, SLOT + 1, SLOT + 3]

    found = ask(chain)

    assert chain.questions == [
        (count, {"encoding": "base64", "minContextSlot": SLOT}) for count in (100, 100, 50)
    ]
    assert (found.slot, found.in_next_epoch, found.endpoint) == (SLOT + 1, False, chain.url)
    assert found.records.rejected == ()
    seen = [(one.vote_account, one.lamports, one.state.identity) for one in found.records.good]
    assert seen == [(key, name, replies.key(f"node {name}")) for key, name in zip(KEYS, NAMES, strict=True)]


def test_closed_foreign_and_unreadable_accounts_are_rejected_by_name(chain: AccountsEndpoint) -> None:
    chain.accounts[KEYS[3]] = None
    chain.accounts[KEYS[4]]["owner"] = SYSVAR_PROGRAM
    chain.accounts[KEYS[5]] = raw_accounts.sent(bytes(3_762))

    found = ask(chain)

    assert len(found.records.good) == 247
    assert found.records.rejected == (
        Rejected(KEYS[3], "closed"),
        Rejected(KEYS[4], f"owned by {SYSVAR_PROGRAM}"),
        Rejected(KEYS[5], "vote account: version 0 is not known"),
    )
    assert set(encodings(chain)) == {"base64"}


def test_a_node_that_knows_no_account_is_not_believed(chain: AccountsEndpoint) -> None:
    chain.accounts = {}

    with pytest.raises(MalformedReplyError, match=r"250 of 250 records are invalid, first \w+: closed"):
        ask(chain)


def test_pages_from_before_the_boundary_are_asked_again(chain: AccountsEndpoint) -> None:
    chain.slots = [NEXT - 2, NEXT + 5, NEXT - 1, NEXT + 7, NEXT + 6]

    found = ask(chain)

    assert (found.slot, found.in_next_epoch) == (NEXT + 5, True)
    again = {"encoding": "base64", "minContextSlot": NEXT}
    assert chain.questions[3:] == [(100, again), (50, again)]


def test_pages_that_are_all_of_the_next_epoch_are_asked_once(chain: AccountsEndpoint) -> None:
    chain.slots = [NEXT]

    assert ask(chain).in_next_epoch
    assert len(chain.questions) == 3


def test_pages_on_both_sides_of_the_boundary_twice_are_malformed(chain: AccountsEndpoint) -> None:
    chain.slots = [NEXT - 2, NEXT, NEXT - 1]

    with pytest.raises(MalformedReplyError, match=f"as of slot {NEXT - 1}, asked for {NEXT} or later"):
        ask(chain)


@pytest.mark.parametrize("code", [-32602, -32000])
def test_where_base64_is_refused_the_node_parses(chain: AccountsEndpoint, code: int) -> None:
    chain.faults = [rpc_error(code, "Encoded data is not offered")]

    found = ask(chain)

    assert encodings(chain) == ["jsonParsed"] * 3
    assert [one.lamports for one in found.records.good] == [2_000_000_000] * 250
    assert set(reported(found)) == {"present"}


@pytest.mark.parametrize("code", [-32016, -32005, -32601, -32010])
def test_where_the_encoding_is_not_what_is_refused_the_error_stays(
    chain: AccountsEndpoint, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(accounts, "_WAITS", ())
    chain.faults = [rpc_error(code, "no")]

    with pytest.raises(RpcError) as raised:
        ask(chain)

    assert (raised.value.code, len(chain.asked)) == (code, 1)


@pytest.mark.parametrize("code", [429, -32429])
def test_where_too_much_was_asked_another_encoding_is_not(chain: AccountsEndpoint, code: int) -> None:
    chain.faults = [rpc_error(code, "no")]

    with pytest.raises(RateLimitedError):
        ask(chain)

    assert len(chain.asked) == 1


def test_when_most_accounts_have_a_new_layout_the_node_parses_it(chain: AccountsEndpoint) -> None:
    for key in KEYS[:200]:
        chain.accounts[key] = raw_accounts.sent(b"\4" + bytes(3_761))

    found = ask(chain)

    assert encodings(chain) == ["base64"] * 3 + ["jsonParsed"] * 3
    assert len(found.records.good) == 250


def test_a_new_layout_that_the_node_cannot_parse_either_is_malformed(chain: AccountsEndpoint) -> None:
    chain.accounts = chain.parsed = {key: raw_accounts.sent(b"\4" + bytes(3_761)) for key in KEYS}

    with counted_requests() as counts, pytest.raises(MalformedReplyError, match="version 4 is not known"):
        ask(chain)

    assert {request.outcome: count for request, count in counts.items()} == {
        Outcome.OK: 5,
        Outcome.MALFORMED: 1,
    }


def parses_only(chain: AccountsEndpoint, **of_others: Any) -> None:
    """Base64 is refused; the first account has the fields of the newest node, the others have these."""
    chain.faults = [rpc_error(-32602, "no base64")]
    for key, name in zip(KEYS[1:], NAMES[1:], strict=True):
        chain.parsed[key] = raw_accounts.sent_parsed(raw_accounts.parsed_info(name, **of_others))


def test_an_absent_bls_key_is_missing_where_others_have_theirs(chain: AccountsEndpoint) -> None:
    parses_only(chain, blsPubkeyCompressed=...)

    assert reported(ask(chain)) == ["present"] + ["missing"] * 249


def test_an_absent_bls_key_is_not_reported_where_nobody_has_one(chain: AccountsEndpoint) -> None:
    parses_only(chain, blsPubkeyCompressed=...)

    assert set(reported(ask(chain, KEYS[1:]))) == {"not_reported"}


def test_an_absent_bls_key_from_an_older_node_is_not_reported(chain: AccountsEndpoint) -> None:
    parses_only(chain, blsPubkeyCompressed=..., inflationRewardsCollector=...)

    assert reported(ask(chain)) == ["present"] + ["not_reported"] * 249


@pytest.mark.parametrize("parsed", [{}, {"type": "stake", "info": {}}, {"type": "vote", "info": []}])
def test_what_is_parsed_as_something_else_is_rejected(chain: AccountsEndpoint, parsed: Any) -> None:
    parses_only(chain)
    chain.parsed[KEYS[7]]["data"]["parsed"] = parsed

    assert [one.key for one in ask(chain).records.rejected] == [KEYS[7]]


def test_nobody_is_not_asked_for(chain: AccountsEndpoint) -> None:
    with pytest.raises(ValueError, match="no vote account"):
        ask(chain, [])
