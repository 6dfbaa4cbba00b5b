"""Raw accounts, decoded here by the published offsets and not by the code that wrote them."""

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from tests.validators.simulator.client import accounts, ask, raw
from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.draws import base58
from validators.simulator.running import running_cluster
from validators.simulator.world import MAINNET_TODAY

EPOCH = 1_101
SLOT = EPOCH * SLOTS_PER_EPOCH + SLOTS_PER_EPOCH // 2
COUNT = 80
MARK = (2**64 - 1,) * 3


@dataclass
class Reader:
    """Little-endian numbers and keys, one after another."""

    raw: bytes
    at: int = 0

    def take(self, layout: str) -> Any:
        found = struct.unpack_from(f"<{layout}", self.raw, self.at)
        self.at += struct.calcsize(f"<{layout}")
        return found if len(found) > 1 else found[0]

    def key(self) -> str:
        self.at += 32
        return base58(self.raw[self.at - 32 : self.at])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_cluster(validators=COUNT, world=MAINNET_TODAY, clock=lambda: noon(EPOCH)) as url:
        yield url


@pytest.fixture(scope="module")
def listed(url: str) -> list[dict[str, Any]]:
    answer = ask(url, "getVoteAccounts", {"keepUnstakedDelinquents": True})
    return [*answer["current"], *answer["delinquent"]]


def noon(epoch: int) -> float:
    return MAINNET_TODAY.origin.timestamp() + (epoch - MAINNET_TODAY.first_epoch + 0.5) * 86_400


def decoded(data: bytes) -> dict[str, Any]:
    """Vote state v4 or v3, in the names of jsonParsed."""
    reader = Reader(data)
    version = reader.take("I")
    found: dict[str, Any] = {
        "version": version,
        "nodePubkey": reader.key(),
        "authorizedWithdrawer": reader.key(),
    }
    if version == 3:
        assert reader.at == 68
        found["inflationRewardsCollector"] = reader.key()
        found["blockRevenueCollector"] = reader.key()
        found["inflationRewardsCommissionBps"], found["blockRevenueCommissionBps"] = reader.take("HH")
        found["pendingDelegatorRewards"] = str(reader.take("Q"))
        assert reader.at == 144
        has_bls = reader.take("B")
        found["blsPubkeyCompressed"] = base58(bytes(reader.take("48B"))) if has_bls else None
        assert reader.at == (193 if has_bls else 145)
    else:
        assert (version, reader.at) == (2, 68)
        found["commission"] = reader.take("B")
    votes = [reader.take("BQI") for _ in range(reader.take("Q"))]
    found["votes"] = [
        {"latency": latency, "slot": slot, "confirmationCount": depth} for latency, slot, depth in votes
    ]
    found["rootSlot"] = reader.take("Q") if reader.take("B") else None
    found["authorizedVoters"] = [
        {"epoch": reader.take("Q"), "authorizedVoter": reader.key()} for _ in range(reader.take("Q"))
    ]
    if version == 2:
        reader.at += 1_545
    found["epochCredits"] = [reader.take("QQQ") for _ in range(reader.take("Q"))]
    found["lastTimestamp"] = dict(zip(("slot", "timestamp"), reader.take("Qq"), strict=True))
    assert not any(data[reader.at :])
    return found


def test_every_listed_account_decodes_and_says_what_the_list_says(
    url: str, listed: list[dict[str, Any]]
) -> None:
    keys = [row["votePubkey"] for row in listed]
    found = accounts(url, keys, encoding="base64", minContextSlot=SLOT)

    for row, account in zip(listed, found, strict=True):
        state = decoded(raw(account))
        assert (account["owner"], account["space"]) == ("Vote111111111111111111111111111111111111111", 3_762)
        assert len(raw(account)) == 3_762
        assert state["nodePubkey"] == row["nodePubkey"]
        tuples = [list(each) for each in state["epochCredits"]]
        assert tuples[-5:] == row["epochCredits"]
        assert len(tuples) <= 64
        assert (state["rootSlot"] or 0) == row["rootSlot"]
        assert [vote["slot"] for vote in state["votes"]][-1:] == (
            [row["lastVote"]] if row["lastVote"] else []
        )
        if state["version"] == 3:
            assert state["inflationRewardsCommissionBps"] == row["inflationRewardsCommissionBps"]


def test_json_parsed_says_what_the_bytes_say(url: str, listed: list[dict[str, Any]]) -> None:
    keys = [row["votePubkey"] for row in listed]
    pairs = zip(accounts(url, keys), accounts(url, keys, encoding="jsonParsed"), strict=True)

    for bare, spoken in pairs:
        state = decoded(raw(bare))
        info = spoken["data"]["parsed"]["info"]
        assert spoken["data"]["parsed"]["type"] == spoken["data"]["program"] == "vote"
        credits = [
            tuple(int(row[name]) for name in ("epoch", "credits", "previousCredits"))
            for row in info["epochCredits"]
        ]
        assert all(isinstance(row["credits"], str) for row in info["epochCredits"])
        assert credits == state.pop("epochCredits")
        if state.pop("version") == 2:
            # An older state reads as it would be converted.
            assert info["inflationRewardsCommissionBps"] == 100 * state["commission"]
            assert (info["blsPubkeyCompressed"], info["blockRevenueCommissionBps"]) == (None, 10_000)
        else:
            assert info["commission"] == state["inflationRewardsCommissionBps"] // 100
        assert {name: info[name] for name in state} == state


def test_a_seasoned_account_shows_both_worlds_with_the_mark_between(
    url: str, listed: list[dict[str, Any]]
) -> None:
    states = [decoded(raw(account)) for account in accounts(url, [row["votePubkey"] for row in listed])]
    seasoned = [state["epochCredits"] for state in states if len(state["epochCredits"]) == 64]

    assert len(seasoned) > COUNT / 2
    for tuples in seasoned:
        place = tuples.index(MARK) if MARK in tuples else len(tuples)
        votes, lamports = tuples[:place], tuples[place + 1 :]
        assert all(0 < credits - before <= 6_912_000 and epoch <= 1_064 for epoch, credits, before in votes)
        assert all(credits - before > 6_912_000 and epoch >= 1_064 for epoch, credits, before in lamports)
        rows = votes + lamports
        assert all(older[1] == newer[2] for older, newer in pairwise(rows))


def test_alpenglow_leaves_one_vote_without_latency_and_tower_thirty_one(url: str) -> None:
    with running_cluster(validators=30) as tower:
        key = ask(tower, "getVoteAccounts")["current"][0]["votePubkey"]
        votes = decoded(raw(accounts(tower, [key])[0]))["votes"]
    assert ([vote["confirmationCount"] for vote in votes], {vote["latency"] for vote in votes}) == (
        list(range(31, 0, -1)),
        {1},
    )

    key = ask(url, "getVoteAccounts")["current"][0]["votePubkey"]
    (vote,) = decoded(raw(accounts(url, [key])[0]))["votes"]
    assert (vote["latency"], SLOT - vote["slot"] < 3) == (0, True)


def test_failing_accounts_show_why(url: str, listed: list[dict[str, Any]]) -> None:
    rent = ask(url, "getMinimumBalanceForRentExemption", 3_762)
    out = [row for row in listed if row["activatedStake"] and not row["epochVoteAccount"]]
    pairs = zip(out, accounts(url, [row["votePubkey"] for row in out]), strict=True)
    reasons = set()
    for _, account in pairs:
        state = decoded(raw(account))
        if state["version"] == 2:
            reasons.add("v3")
        elif state["blsPubkeyCompressed"] is None:
            reasons.add("no BLS key")
        elif account["lamports"] < rent + 800_000_000:
            reasons.add("too poor")

    assert reasons == {"v3", "no BLS key", "too poor"}
    assert all(row["lastVote"] < SLOT - 128 for row in out)


def test_some_accounts_share_an_operator_and_one_is_careless(url: str, listed: list[dict[str, Any]]) -> None:
    states = [decoded(raw(account)) for account in accounts(url, [row["votePubkey"] for row in listed])]
    withdrawers = Counter(state["authorizedWithdrawer"] for state in states)
    collectors = Counter(state.get("inflationRewardsCollector", state["nodePubkey"]) for state in states)
    careless = [state for state in states if state["authorizedWithdrawer"] == state["nodePubkey"]]

    assert (max(withdrawers.values()), max(collectors.values()), len(careless)) == (3, 2, 1)


def test_a_slice_unknown_keys_and_context(url: str, listed: list[dict[str, Any]]) -> None:
    key = listed[0]["votePubkey"]
    answer = ask(
        url, "getMultipleAccounts", [key, base58(bytes([9] * 32))], {"dataSlice": {"offset": 4, "length": 32}}
    )

    assert answer["context"]["slot"] == SLOT
    assert base58(raw(answer["value"][0])) == listed[0]["nodePubkey"]
    assert (answer["value"][0]["space"], answer["value"][1]) == (3_762, None)
