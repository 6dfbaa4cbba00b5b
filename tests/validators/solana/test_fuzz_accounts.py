"""Two thousand damaged replies of each method about accounts: a whole value, or a typed error."""

import base64
import copy
import os
import random
import time
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.validators import distributions, packed_stakes, pool_accounts, raw_accounts, replies
from tests.validators.account_endpoints import AccountsEndpoint, runtime_accounts
from tests.validators.endpoints import reply
from tests.validators.solana.test_fuzz import body, hostile
from tests.validators.solana.test_fuzz_sources import damage
from validators.exceptions import LayoutError, ValidatorsError
from validators.solana.chain_state import ChainLook, ask_chain_state
from validators.solana.programs.stakes import summed
from validators.solana.pubkey import is_pubkey
from validators.solana.rpc import Endpoint
from validators.solana.stake_accounts import ask_stake_accounts
from validators.solana.stake_pools import Pools, ask_pools, ask_which_pools
from validators.solana.tips import Tips, Wanted, ask_tips
from validators.solana.vote_states import VoteStates, ask_vote_states

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "2000"))
PARTS = 2
LARGEST = 2**63 - 1
SLOT = raw_accounts.SLOT
KEYS = [replies.key(f"vote {name}") for name in range(21)]
POOLS = {
    replies.key("pool"): pool_accounts.SPL,
    replies.key("small pool"): pool_accounts.SANCTUM,
    replies.key("large pool"): pool_accounts.SANCTUM_MULTI,
}
CHAIN_METHODS = (
    "getMultipleAccounts",
    "getAgGenesisCert",
    "getMinimumBalanceForRentExemption",
    "getGenesisHash",
)
BYTES = [raw_accounts.vote_v4, raw_accounts.vote_v3, raw_accounts.vote_v1_14_11]


class DamagedEndpoint(AccountsEndpoint):
    """Answers well, but for the one method that it damages as its random numbers have it."""

    def __init__(self, server: HTTPServer, method: str, seed: int) -> None:
        super().__init__(server)
        self.method = method
        self.rng = random.Random(seed)
        self.accounts = distributions.of(KEYS, replies.EPOCH) | runtime_accounts()
        self.accounts |= {key: raw_accounts.sent(BYTES[place % 3](place)) for place, key in enumerate(KEYS)}
        self.parsed = {
            key: raw_accounts.sent_parsed(raw_accounts.parsed_info(place)) for place, key in enumerate(KEYS)
        }
        for place, (address, program) in enumerate(POOLS.items()):
            entries = [pool_accounts.Entry(key) for key in KEYS[: 7 * place + 1]]
            self.accounts |= pool_accounts.sent(address, entries, program=program)
        self.results["getProgramAccounts of pools"] = {
            program: [pool_accounts.searched(key, place, owner=program) for place, key in enumerate(KEYS)]
            for program in POOLS.values()
        }
        for key in KEYS[:3]:
            until = (packed_stakes.NEVER, replies.EPOCH)
            stakes = [packed_stakes.stake(key, 1_000 + place, until=until[place % 2]) for place in range(9)]
            self.stakes[key] = [packed_stakes.item((key, place), raw) for place, raw in enumerate(stakes)]
        # So that the parsed ones come into play.
        self.refuses_base64 = False

    def _answer(self, request: Request) -> Response:
        question = request.get_json()
        self.params[question["method"]] = question["params"]
        document: dict[str, Any] = {"jsonrpc": "2.0", "id": question["id"]}
        if self.refuses_base64 and question["params"][1]["encoding"] == "base64":
            return reply(document | {"error": {"code": -32602, "message": "no"}})
        document["result"] = copy.deepcopy(self._result(question["method"]))
        if question["method"] != self.method:
            return reply(document)
        for _ in range(self.rng.choice((1, 1, 1, 2, 5))):
            self._damage(document)
        return reply(body(self.rng, document))

    def _damage(self, document: dict[str, Any]) -> None:
        result = document["result"]
        if self.rng.random() < 0.03 or not isinstance(result, dict | list):
            document["result"] = hostile(self.rng) if self.rng.random() < 0.7 else result
        elif self.rng.random() < 0.5 and isinstance(result, dict) and result.get("value"):
            value = result["value"]
            one = self.rng.choice(value) if isinstance(value, list) else value
            self._damage_bytes(one["account"] if isinstance(one, dict) and "account" in one else one)
        else:
            damage(self.rng, result)

    def _damage_bytes(self, account: Any) -> None:
        """Some bytes of an account's data change, or it is cut."""
        try:
            data = bytearray(base64.b64decode(account["data"][0]))
        except (TypeError, KeyError, ValueError, IndexError):
            return
        if not isinstance(account["data"], list):
            return
        for _ in range(self.rng.choice((1, 2, 8))):
            if data:
                data[self.rng.randrange(min(len(data), 700))] = self.rng.choice((0, 1, 255, 32, 65))
        kept = data if self.rng.random() < 0.8 else data[: self.rng.randint(0, len(data))]
        account["data"][0] = base64.b64encode(kept).decode()


def assert_whole_votes(found: VoteStates) -> None:
    assert 0 <= found.slot <= LARGEST
    assert len(found.records.good) + len(found.records.rejected) == len(KEYS)
    assert len(found.records.rejected) <= 0.05 * len(KEYS)
    for one in found.records.good:
        state = one.state
        assert one.vote_account in KEYS
        assert 0 <= one.lamports <= LARGEST
        assert 0 <= state.pending_rewards <= LARGEST
        assert 0 <= state.commission_bps <= 65_535
        assert 0 <= state.block_commission_bps <= 65_535
        assert all(map(is_pubkey, (state.identity, state.withdrawer)))
        assert all(
            collector is None or is_pubkey(collector)
            for collector in (state.inflation_collector, state.block_collector)
        )
        assert len(state.credit_tuples) <= 64
        assert all(0 <= number < 2**64 for credits in state.credit_tuples for number in credits)


def assert_whole_chain(state: ChainLook) -> None:
    assert state.features is not None
    assert len(state.features) == 6
    for feature in filter(None, state.features.values()):
        assert feature.active == (feature.slot is not None)
        assert 0 <= (feature.slot or 0) <= LARGEST
    if state.clock:
        assert 0 <= state.clock.slot <= LARGEST
        assert 0 <= state.clock.epoch_start_timestamp < 2**38
    if state.rewards:
        assert 0 < state.rewards.total_points < 2**128
        assert 0 <= state.rewards.total_rewards <= LARGEST
    assert state.migrated in (True, False)
    assert state.rent is not None
    assert 0 < state.rent <= LARGEST
    assert state.genesis_hash is not None
    assert is_pubkey(state.genesis_hash)


def ask_chain(endpoint: Endpoint) -> None:
    assert_whole_chain(ask_chain_state(endpoint, genesis_known=False))


def ask_votes(endpoint: Endpoint) -> None:
    assert_whole_votes(ask_vote_states(endpoint, KEYS, least_slot=SLOT, next_epoch_slot=SLOT + 5_000))


def assert_whole_tips(found: Tips) -> None:
    assert 0 <= found.slot <= LARGEST
    assert len(found.records.good) + len(found.records.rejected) == len(KEYS)
    for one in found.records.good:
        assert (one.vote_account in KEYS, one.epoch) == (True, replies.EPOCH)
        for account, total in ((one.tip_account, one.tips), (one.priority_account, one.priority_fees)):
            assert total is None or (account is not None and 0 <= total <= LARGEST)
            if account is not None:
                assert (account.vote_account, account.epoch) == (one.vote_account, one.epoch)
                assert 0 <= account.commission_bps <= 10_000


def ask_for_tips(endpoint: Endpoint) -> None:
    wanted = [Wanted(key, replies.EPOCH) for key in KEYS]
    slots = {"least_slot": SLOT, "next_epoch_slot": SLOT + 5_000}
    assert_whole_tips(ask_tips(endpoint, wanted, genesis_hash="", **slots))


def assert_whole_pools(found: Pools) -> None:
    assert SLOT <= found.slot <= LARGEST
    looks, rejected = found.records.good, found.records.rejected
    assert len(looks) + len(rejected) + len(found.missing) == len(POOLS)
    for look in looks:
        pool, entries = look.pool, look.entries
        assert POOLS[pool.address] == pool.program
        assert SLOT <= look.slot <= LARGEST
        assert 0 <= pool.updated_epoch <= replies.EPOCH
        assert 0 <= pool.total_lamports <= LARGEST
        assert 0 <= pool.supply <= LARGEST
        assert 0 <= sum(entry.active + entry.transient for entry in entries) <= LARGEST
        assert len({entry.vote_account for entry in entries}) == len(entries)
        assert all(is_pubkey(entry.vote_account) for entry in entries)
        assert all(0 <= entry.updated_epoch <= replies.EPOCH for entry in entries)


def ask_for_pools(endpoint: Endpoint) -> None:
    assert_whole_pools(ask_pools(endpoint, list(POOLS), least_slot=SLOT, latest_epoch=replies.EPOCH))


def ask_for_stakes(endpoint: Endpoint) -> None:
    found = ask_stake_accounts(endpoint, KEYS[:3], least_slot=SLOT, latest_epoch=replies.EPOCH)
    assert not found.stopped
    assert len(found.records.good) + len(found.records.rejected) == 3
    for look in found.records.good:
        assert SLOT <= look.slot <= LARGEST
        assert all(one.voter == look.vote_account and is_pubkey(one.withdrawer) for one in look.stakes)
        try:
            told = summed(look.stakes, epoch=replies.EPOCH, withdrawer=replies.key("wallet"))
        except LayoutError:
            continue
        assert 0 <= told.deactivating <= told.active <= told.active + told.activating <= LARGEST
        assert told.own is not None
        assert 0 <= told.own <= told.active


def ask_for_search(endpoint: Endpoint) -> None:
    found = ask_which_pools(endpoint, least_slot=SLOT).records
    assert len(found.rejected) <= 0.05 * (len(found.good) + len(found.rejected))
    for one in found.good:
        assert is_pubkey(one.address)
        assert one.program in POOLS.values()
        assert 0 <= one.total_lamports <= LARGEST


CASES = [(method, ask_chain, False) for method in CHAIN_METHODS] + [
    ("getMultipleAccounts", ask_votes, False),
    ("getMultipleAccounts", ask_votes, True),
    ("getMultipleAccounts", ask_for_tips, False),
    ("getMultipleAccounts", ask_for_pools, False),
    ("getAccountInfo", ask_for_pools, False),
    ("getProgramAccounts", ask_for_search, False),
    ("getProgramAccounts", ask_for_stakes, False),
]
NAMES = [*CHAIN_METHODS, "vote accounts", "parsed vote accounts", "distribution accounts"]
NAMES += ["stake pools", "validator lists", "which pools", "stake accounts"]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("method", "ask", "parsed"), CASES, ids=NAMES)
def test_damaged_replies_end_in_a_whole_value_or_a_typed_error(
    httpserver: HTTPServer, method: str, ask: Any, parsed: bool, part: int
) -> None:
    damaged = DamagedEndpoint(httpserver, method, seed=990 + part)
    damaged.refuses_base64 = parsed
    outcomes = {True: 0, False: 0}
    times = MUTATIONS // PARTS

    for _ in range(times):
        try:
            with Endpoint(damaged.url, deadline=time.monotonic() + 30) as endpoint:
                ask(endpoint)
        except ValidatorsError:
            outcomes[False] += 1
        else:
            outcomes[True] += 1

    # Both ends of the promise were put to the test.
    assert min(outcomes.values()) > times // 20, outcomes
