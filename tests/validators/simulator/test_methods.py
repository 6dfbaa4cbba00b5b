import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.validators.simulator.client import ask, refusal, timestamp
from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.draws import base58_decoded
from validators.simulator.running import running_cluster

EPOCH = 1_003
SLOT = EPOCH * SLOTS_PER_EPOCH + SLOTS_PER_EPOCH // 2
CONFIG = "Config1111111111111111111111111111111111111"
ACCOUNT_KEYS = {
    "activatedStake",
    "commission",
    "epochCredits",
    "epochVoteAccount",
    "inflationRewardsCommissionBps",
    "lastVote",
    "nodePubkey",
    "rootSlot",
    "votePubkey",
}
CONTACT_KEYS = {
    "pubkey",
    "gossip",
    "tvu",
    "tpu",
    "tpuQuic",
    "tpuForwards",
    "tpuForwardsQuic",
    "tpuVote",
    "serveRepair",
    "rpc",
    "pubsub",
    "version",
    "clientId",
    "featureSet",
    "shredVersion",
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_cluster(validators=200, seed=7, clock=lambda: timestamp(EPOCH)) as url:
        yield url


def all_accounts(url: str, **options: Any) -> list[dict[str, Any]]:
    answer = ask(url, "getVoteAccounts", options)
    return [*answer["current"], *answer["delinquent"]]


def test_health_version_slot_and_genesis_hash(url: str) -> None:
    assert ask(url, "getHealth") == "ok"
    assert set(ask(url, "getVersion")) == {"solana-core", "feature-set"}
    assert ask(url, "getSlot") == SLOT
    assert len(base58_decoded(ask(url, "getGenesisHash")) or b"") == 32


def test_epoch_info_tells_where_the_clock_is(url: str) -> None:
    answer = ask(url, "getEpochInfo", {"commitment": "finalized"})

    assert {key: answer[key] for key in ("absoluteSlot", "epoch", "slotIndex", "slotsInEpoch")} == {
        "absoluteSlot": SLOT,
        "epoch": EPOCH,
        "slotIndex": SLOTS_PER_EPOCH // 2,
        "slotsInEpoch": SLOTS_PER_EPOCH,
    }
    assert 0 < answer["blockHeight"] < SLOT
    assert answer["transactionCount"] > answer["blockHeight"]


def test_vote_accounts_have_every_key_with_its_type(url: str) -> None:
    for account in all_accounts(url, keepUnstakedDelinquents=True):
        assert set(account) == ACCOUNT_KEYS
        assert type(account["activatedStake"]) is int
        assert account["epochVoteAccount"] is (account["activatedStake"] > 0)
        assert account["commission"] == -(-account["inflationRewardsCommissionBps"] // 100)
        assert all(len(row) == 3 for row in account["epochCredits"])
        assert account["rootSlot"] == max(0, account["lastVote"] - 31)


def test_both_commission_fields_agree_where_percent_cannot_say_it(url: str) -> None:
    pairs = {(row["inflationRewardsCommissionBps"], row["commission"]) for row in all_accounts(url)}

    assert (550, 6) in pairs
    assert (10_000, 100) in pairs


def test_delinquent_means_the_last_vote_is_128_slots_behind(url: str) -> None:
    answer = ask(url, "getVoteAccounts")

    assert answer["delinquent"]
    assert all(SLOT - account["lastVote"] >= 128 for account in answer["delinquent"])
    assert all(SLOT - account["lastVote"] < 128 for account in answer["current"])


def test_the_slot_distance_of_delinquency_can_be_chosen(url: str) -> None:
    assert ask(url, "getVoteAccounts", {"delinquentSlotDistance": 2**64 - 1})["delinquent"] == []
    assert ask(url, "getVoteAccounts", {"delinquentSlotDistance": 0})["current"] == []


def test_unstaked_delinquents_show_only_when_asked_for(url: str) -> None:
    hidden, shown = all_accounts(url), all_accounts(url, keepUnstakedDelinquents=True)

    assert len(shown) == 200
    extra = [account for account in shown if account not in hidden]
    assert extra
    assert all(account["activatedStake"] == 0 for account in extra)


def test_one_vote_account_can_be_asked_for(url: str) -> None:
    wanted = all_accounts(url)[17]

    assert all_accounts(url, votePubkey=wanted["votePubkey"]) == [wanted]
    assert all_accounts(url, votePubkey=wanted["nodePubkey"]) == []


def test_block_production_covers_the_epoch_so_far_by_identity(url: str) -> None:
    answer = ask(url, "getBlockProduction")
    identities = {account["nodePubkey"] for account in all_accounts(url, keepUnstakedDelinquents=True)}

    assert answer["context"]["slot"] == SLOT
    assert answer["value"]["range"] == {"firstSlot": EPOCH * SLOTS_PER_EPOCH, "lastSlot": SLOT}
    assert set(answer["value"]["byIdentity"]) <= identities
    assert all(0 <= made <= led for led, made in answer["value"]["byIdentity"].values())


def test_block_production_of_one_identity_and_a_range(url: str) -> None:
    whole = ask(url, "getBlockProduction")["value"]["byIdentity"]
    identity = max(whole, key=lambda key: int(whole[key][0]))
    schedule = ask(url, "getLeaderSchedule", None, {"identity": identity})[identity]
    slots = {"firstSlot": SLOT - 100_001, "lastSlot": SLOT - 1}
    half = SLOTS_PER_EPOCH // 2

    answer = ask(url, "getBlockProduction", {"identity": identity, "range": slots})["value"]

    assert answer["range"] == slots
    assert list(answer["byIdentity"]) == [identity]
    assert answer["byIdentity"][identity][0] == sum(half - 100_001 <= index < half for index in schedule)


def test_cluster_nodes_have_every_contact_key(url: str) -> None:
    nodes = ask(url, "getClusterNodes")
    names = [node["pubkey"] for node in nodes]
    identities = {account["nodePubkey"] for account in all_accounts(url)}

    assert all(set(node) == CONTACT_KEYS for node in nodes)
    assert set(names) - identities, "nodes that do not vote"
    assert identities - set(names), "validators unknown to gossip"
    assert len(names) > len(set(names)), "a node that appears twice"
    assert {"4.2.1", "0.1105.40200"} <= {node["version"] for node in nodes}


def test_inflation_and_supply_are_plausible(url: str) -> None:
    inflation, supply = ask(url, "getInflationRate"), ask(url, "getSupply")["value"]

    assert 0.015 <= inflation["total"] < 0.05
    assert inflation["total"] == inflation["validator"] + inflation["foundation"]
    assert inflation["epoch"] == EPOCH
    assert supply["total"] == supply["circulating"] + supply["nonCirculating"]
    assert len(supply["nonCirculatingAccounts"]) == 40


def test_the_list_of_locked_accounts_can_be_left_out(url: str) -> None:
    answer = ask(url, "getSupply", {"excludeNonCirculatingAccountsList": True})

    assert answer["value"]["nonCirculatingAccounts"] == []


def test_config_accounts_come_parsed_raw_unsigned_and_hostile(url: str) -> None:
    accounts = ask(url, "getProgramAccounts", CONFIG, {"encoding": "jsonParsed"})
    parsed = [
        row["account"]["data"]["parsed"] for row in accounts if isinstance(row["account"]["data"], dict)
    ]
    raw = [row["account"]["data"] for row in accounts if isinstance(row["account"]["data"], list)]
    infos = [row["info"] for row in parsed if row["type"] == "validatorInfo"]
    identities = {account["nodePubkey"] for account in all_accounts(url, keepUnstakedDelinquents=True)}

    assert {row["type"] for row in parsed} == {"validatorInfo", "stakeConfig"}
    assert [encoding for _, encoding in raw] == ["base64"]
    assert {info["keys"][1]["pubkey"] for info in infos} <= identities
    assert {info["keys"][1]["signer"] for info in infos} == {True, False}
    assert any("<script>" in str(info["configData"].get("name")) for info in infos)


def test_config_accounts_as_base64_hold_the_same_text(url: str) -> None:
    rows = ask(url, "getProgramAccounts", CONFIG, {"encoding": "base64", "withContext": True})
    bodies = [base64.b64decode(row["account"]["data"][0]) for row in rows["value"]]

    assert rows["context"]["slot"] == SLOT
    assert any(b'"keybaseUsername"' in body for body in bodies)


def test_another_program_owns_nothing(url: str) -> None:
    assert ask(url, "getProgramAccounts", "Vote111111111111111111111111111111111111111") == []


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("getHealth", [1]),
        ("getEpochInfo", ["finalized"]),
        ("getEpochInfo", [{"commitment": "certain"}]),
        ("getEpochInfo", [{"minContextSlot": -1}]),
        ("getEpochInfo", [{}, {}]),
        ("getVoteAccounts", [{"votePubkey": "not a key"}]),
        ("getVoteAccounts", [{"votePubkey": "z" * 44}]),
        ("getVoteAccounts", [{"votePubkey": 5}]),
        ("getVoteAccounts", [{"keepUnstakedDelinquents": "yes"}]),
        ("getVoteAccounts", [{"delinquentSlotDistance": -1}]),
        ("getVoteAccounts", [{"delinquentSlotDistance": 1.5}]),
        ("getBlockProduction", [{"identity": "0"}]),
        ("getBlockProduction", [{"range": [1, 2]}]),
        ("getBlockProduction", [{"range": {}}]),
        ("getBlockProduction", [{"range": {"firstSlot": "1"}}]),
        ("getLeaderSchedule", ["1"]),
        ("getLeaderSchedule", [-1]),
        ("getLeaderSchedule", [{"identity": "0"}]),
        ("getLeaderSchedule", [{}, {}]),
        ("getMultipleAccounts", []),
        ("getMultipleAccounts", ["key"]),
        ("getMultipleAccounts", [["key"]]),
        ("getMultipleAccounts", [[CONFIG] * 101]),
        ("getMultipleAccounts", [[CONFIG], {"encoding": "rot13"}]),
        ("getMultipleAccounts", [[CONFIG], {"dataSlice": {"offset": 1}}]),
        ("getMultipleAccounts", [[CONFIG], {"dataSlice": 5}]),
        ("getMinimumBalanceForRentExemption", []),
        ("getMinimumBalanceForRentExemption", ["3762"]),
        ("getMinimumBalanceForRentExemption", [2**40]),
        ("getSupply", [{"excludeNonCirculatingAccountsList": 1}]),
        ("getProgramAccounts", []),
        ("getProgramAccounts", ["Config"]),
        ("getProgramAccounts", [CONFIG, {"encoding": "rot13"}]),
        ("getProgramAccounts", [CONFIG, {"encoding": "base64", "filters": [{"dataSize": 1}]}]),
    ],
)
def test_wrong_params_are_refused(url: str, method: str, params: list[Any]) -> None:
    error = refusal(url, method, *params)

    assert error["code"] == -32602
    assert error["message"].startswith("Invalid params: ")


@pytest.mark.parametrize(
    ("first", "last", "complaint"),
    [
        (1, SLOT, f"firstSlot, 1, is too small; min {SLOT + 1 - 1_048_576}"),
        (SLOT, SLOT + 1, f"lastSlot, {SLOT + 1}, is too large; max {SLOT}"),
        (SLOT, SLOT - 1, f"lastSlot, {SLOT - 1}, cannot be less than firstSlot, {SLOT}"),
    ],
)
def test_a_range_of_slots_that_nobody_remembers_is_refused_in_agaves_words(
    url: str, first: int, last: int, complaint: str
) -> None:
    error = refusal(url, "getBlockProduction", {"range": {"firstSlot": first, "lastSlot": last}})

    assert (error["code"], error["message"]) == (-32602, complaint)


def test_a_slot_that_is_not_reached_is_refused_with_the_slot_that_is(url: str) -> None:
    error = refusal(url, "getSlot", {"minContextSlot": SLOT + 1})

    assert (error["code"], error["data"]) == (-32016, {"contextSlot": SLOT})
    error = refusal(url, "getMultipleAccounts", [CONFIG], {"minContextSlot": SLOT + 1})
    assert (error["code"], error["data"]) == (-32016, {"contextSlot": SLOT})


def test_config_accounts_are_too_long_for_base58(url: str) -> None:
    assert refusal(url, "getProgramAccounts", CONFIG)["code"] == -32600


def test_two_servers_of_one_seed_and_time_answer_byte_for_byte_alike(url: str) -> None:
    with running_cluster(validators=200, seed=7, clock=lambda: timestamp(EPOCH)) as other:
        for method in ("getVoteAccounts", "getBlockProduction", "getClusterNodes"):
            assert ask(other, method) == ask(url, method)


def test_the_picture_moves_with_the_clock() -> None:
    now = [timestamp(EPOCH, epoch_seconds=60)]
    with running_cluster(validators=30, epoch_seconds=60, clock=lambda: now[0]) as url:
        before = ask(url, "getEpochInfo"), ask(url, "getVoteAccounts")["current"][0]["epochCredits"][-1]
        now[0] += 6
        after = ask(url, "getEpochInfo"), ask(url, "getVoteAccounts")["current"][0]["epochCredits"][-1]

    assert after[0]["absoluteSlot"] - before[0]["absoluteSlot"] == SLOTS_PER_EPOCH // 10
    assert after[1][1] > before[1][1]
