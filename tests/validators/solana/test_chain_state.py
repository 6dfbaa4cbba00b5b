"""What the runtime says of itself, part by part; what is not offered is unknown."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.validators import raw_accounts, replies
from tests.validators.account_endpoints import AccountsEndpoint, runtime_accounts
from tests.validators.endpoints import reply, rpc_error
from validators.exceptions import (
    EndpointError,
    ForbiddenError,
    MalformedReplyError,
    RpcError,
    UnavailableError,
)
from validators.solana.chain_state import ChainLook, ask_chain_state
from validators.solana.features import (
    ADMISSION_FEATURE,
    ALPENGLOW_FEATURE,
    CLOCK,
    EPOCH_REWARDS,
    FEATURE_PROGRAM,
    FEATURES,
    SLOT_TIME_FEATURES,
    STAKE_HISTORY,
    SYSVAR_PROGRAM,
)
from validators.solana.layouts import Clock, EpochRewards, Feature, StakeHistoryEntry
from validators.solana.pubkey import is_pubkey
from validators.solana.request_counts import Outcome, counted_requests
from validators.solana.rpc import Endpoint

PARTS = ("getMultipleAccounts", "getAgGenesisCert", "getMinimumBalanceForRentExemption", "getGenesisHash")
REFUSALS: list[Callable[[], Response]] = [
    lambda: rpc_error(-32601, "Method not found"),
    lambda: rpc_error(-32010, "excluded from account secondary indexes"),
    lambda: reply("", 403),
]


@pytest.fixture
def chain(httpserver: HTTPServer) -> AccountsEndpoint:
    made = AccountsEndpoint(httpserver)
    made.accounts = runtime_accounts()
    return made


def ask(chain: AccountsEndpoint, *, genesis_known: bool = False) -> ChainLook:
    with Endpoint(chain.url, deadline=time.monotonic() + 5) as endpoint:
        return ask_chain_state(endpoint, genesis_known=genesis_known)


def test_the_addresses_are_keys_and_the_slot_times_fall() -> None:
    assert all(
        map(is_pubkey, (*FEATURES, FEATURE_PROGRAM, SYSVAR_PROGRAM, CLOCK, EPOCH_REWARDS, STAKE_HISTORY))
    )
    assert len(set(FEATURES)) == 6
    assert list(SLOT_TIME_FEATURES.values()) == [350, 300, 250, 200]


def test_everything_is_asked_in_four_questions(chain: AccountsEndpoint) -> None:
    state = ask(chain)

    *active, pending = SLOT_TIME_FEATURES
    slots = dict(zip((*active, ALPENGLOW_FEATURE, ADMISSION_FEATURE), range(100, 105), strict=True))
    assert state == ChainLook(
        endpoint=chain.url,
        slot=raw_accounts.SLOT,
        features={address: Feature(True, slot) for address, slot in slots.items()}
        | {pending: Feature(False, None)},
        clock=Clock(raw_accounts.SLOT, 1_795_000_000, 990, 1_795_000_200),
        rewards=EpochRewards(2**100, 150_000, 140_000, False),
        stake_history=[StakeHistoryEntry(989, 430, 2, 1), StakeHistoryEntry(988, 428, 3, 1)],
        migrated=True,
        rent=raw_accounts.RENT,
        genesis_hash=replies.key("genesis"),
    )
    assert tuple(chain.methods) == PARTS
    assert chain.params["getMinimumBalanceForRentExemption"] == [3_762]


def test_a_known_genesis_is_not_asked_for_again(chain: AccountsEndpoint) -> None:
    assert ask(chain, genesis_known=True).genesis_hash is None
    assert "getGenesisHash" not in chain.methods


def test_features_that_nobody_scheduled_are_known_to_be_absent(chain: AccountsEndpoint) -> None:
    chain.accounts = {}

    state = ask(chain)

    assert state.features == dict.fromkeys(FEATURES)
    assert (state.clock, state.rewards, state.stake_history) == (None, None, None)


def test_rewards_without_points_are_unknown(chain: AccountsEndpoint) -> None:
    chain.accounts[EPOCH_REWARDS] = raw_accounts.sent_sysvar(raw_accounts.epoch_rewards(0))

    assert ask(chain).rewards is None


def test_no_certificate_means_not_migrated(chain: AccountsEndpoint) -> None:
    chain.results["getAgGenesisCert"] = None

    assert ask(chain).migrated is False


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("place", range(4))
def test_a_refused_part_is_unknown_and_the_rest_counts(
    chain: AccountsEndpoint, place: int, refusal: Callable[[], Response]
) -> None:
    chain.faults = [None] * place + [refusal()]

    state = ask(chain)

    known = (state.features, state.migrated, state.rent, state.genesis_hash)
    assert [part is None for part in known] == [at == place for at in range(4)]
    assert tuple(chain.methods) == PARTS


@pytest.mark.parametrize("genesis_known", [True, False])
def test_an_endpoint_that_refuses_every_part_does_not_offer_it(
    chain: AccountsEndpoint, genesis_known: bool
) -> None:
    questions = 3 if genesis_known else 4
    chain.faults = [reply("", 403)] * questions

    with counted_requests() as counts, pytest.raises(ForbiddenError):
        ask(chain, genesis_known=genesis_known)

    assert [(request.outcome, count) for request, count in counts.items()] == [
        (Outcome.FORBIDDEN, 1)
    ] * questions


# How endpoints say that they do not know a method, or will not answer it now.
NOT_TOLD: list[Callable[[], Response]] = [
    lambda: reply("", 404),
    lambda: reply("", 429),
    lambda: reply("", 500),
    lambda: rpc_error(-32005, "behind"),
]


@pytest.mark.parametrize("answer", NOT_TOLD)
@pytest.mark.parametrize("place", range(1, 4))
def test_a_part_beside_the_accounts_that_is_not_told_is_no_loss(
    chain: AccountsEndpoint, place: int, answer: Callable[[], Response]
) -> None:
    chain.faults = [None] * place + [answer()]

    state = ask(chain)

    known = (state.features, state.migrated, state.rent, state.genesis_hash)
    assert [part is None for part in known] == [at == place for at in range(4)]


MALFORMED: list[tuple[Callable[[], Response], type[EndpointError]]] = [
    (lambda: reply("<html>"), MalformedReplyError),
    (lambda: reply({"id": 1}), MalformedReplyError),
]
# Of the accounts themselves nothing but a refusal is taken for one.
FAULTS: list[tuple[Callable[[], Response], type[EndpointError]]] = [
    *MALFORMED,
    (lambda: reply("", 500), UnavailableError),
    (lambda: reply("", 404), UnavailableError),
    (lambda: rpc_error(-32005, "behind"), RpcError),
]


@pytest.mark.parametrize(
    ("place", "fault", "error"),
    [
        *((0, *fault) for fault in FAULTS),
        *((place, *fault) for place in (1, 2, 3) for fault in MALFORMED),
    ],
)
def test_what_is_no_refusal_leaves_the_endpoint(
    chain: AccountsEndpoint, place: int, fault: Callable[[], Response], error: type[EndpointError]
) -> None:
    chain.faults = [None] * place + [fault()]

    with pytest.raises(error):
        ask(chain)

    assert len(chain.asked) == place + 1


@pytest.mark.parametrize("address", [ALPENGLOW_FEATURE, CLOCK, EPOCH_REWARDS, STAKE_HISTORY])
def test_an_account_of_another_owner_or_layout_is_malformed(chain: AccountsEndpoint, address: str) -> None:
    good = chain.accounts[address]
    chain.accounts[address] = good | {"owner": replies.key("stranger")}
    with pytest.raises(MalformedReplyError, match=f"account {address}: owned by "):
        ask(chain)

    chain.accounts[address] = good | {"data": ["AgA=", "base64"]}
    with pytest.raises(MalformedReplyError, match=f"account {address}: "):
        ask(chain)


@pytest.mark.parametrize(
    ("method", "results"),
    [
        ("getAgGenesisCert", [{}, [], 0, False, "null"]),
        ("getMinimumBalanceForRentExemption", [None, 0, -1, 1.0, "5", True, 2**63]),
        ("getGenesisHash", [None, "", 5, "0" * 44]),
    ],
)
def test_what_is_not_promised_is_malformed(chain: AccountsEndpoint, method: str, results: list[Any]) -> None:
    for result in results:
        chain.results[method] = result
        with pytest.raises(MalformedReplyError):
            ask(chain)
