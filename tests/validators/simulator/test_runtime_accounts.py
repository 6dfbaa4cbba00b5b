"""Features and sysvars, decoded here by the published offsets."""

import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.validators.simulator.client import accounts, ask, raw
from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.running import running_cluster
from validators.simulator.world import MAINNET_TODAY

EPOCH = 1_101
SLOT = EPOCH * SLOTS_PER_EPOCH + SLOTS_PER_EPOCH // 2
COUNT = 80
SLOT_TIMES = {
    1_019: "iBRL5RuWhw4yqaAZu96RUULHckHTZAoe2b77qaV38JZ",
    1_023: "iBRLL3k18HST852F1Mf3Lv83waTNQmmqvKDxvYGwQFL",
    1_036: "iBRLMc81UjRa8fn8A6eE8bJTnRbgQoPTynM51akENCV",
    1_071: "iBRLjhJnkmDZgNoZRDMW11d8ZV7HvsL3vAyRjZB5npW",
}
ALPENGLOW = "A1pengvuM6JEcyNuTnMqepBKhwHE3N6PmUrdATGawhJS"
VAT = "VAT9huvhPjRN9cyrPytq9rwvEJ3J4ADtjdncgZRyANJ"
CLOCK = "SysvarC1ock11111111111111111111111111111111"
EPOCH_REWARDS = "SysvarEpochRewards1111111111111111111111111"
STAKE_HISTORY = "SysvarStakeHistory1111111111111111111111111"


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


def test_the_features_say_when_the_rules_changed(url: str) -> None:
    keys = [*SLOT_TIMES.values(), ALPENGLOW, VAT, "Feature111111111111111111111111111111111111"]
    *found, unknown = accounts(url, keys)

    assert unknown is None
    assert {account["owner"] for account in found} == {"Feature111111111111111111111111111111111111"}
    activated = [struct.unpack("<BQ", raw(account)) for account in found]
    assert activated == [(1, epoch * SLOTS_PER_EPOCH) for epoch in (*SLOT_TIMES, 1_064, 1_005)]


def test_a_feature_waits_for_the_next_boundary_and_was_unheard_of_before() -> None:
    with running_cluster(validators=3, alpenglow_epoch=902, clock=lambda: now[0]) as url:
        seen = []
        for epoch in (900, 901, 902):
            now = [1_767_225_600 + (epoch - 900) * 172_800 + 9]
            seen.append(accounts(url, [ALPENGLOW, VAT]))

    assert seen[0] == [None, None]
    assert [raw(pair[0]) for pair in seen[1:]] == [bytes(9), struct.pack("<BQ", 1, 902 * SLOTS_PER_EPOCH)]


def test_the_clock_tells_when_the_epoch_began(url: str) -> None:
    bare = raw(accounts(url, [CLOCK])[0])
    info = accounts(url, [CLOCK], encoding="jsonParsed")[0]["data"]["parsed"]["info"]
    start = int(MAINNET_TODAY.origin.timestamp()) + 86_400

    assert struct.unpack("<QqQQq", bare) == (SLOT, start, EPOCH, EPOCH + 1, start + 43_200)
    assert list(info.values()) == list(struct.unpack("<QqQQq", bare))


def test_epoch_rewards_have_no_points_in_alpenglow_and_all_lamports_paid(
    url: str, listed: list[dict[str, Any]]
) -> None:
    data = raw(accounts(url, [EPOCH_REWARDS])[0])
    paid = sum(row[1] - row[2] for each in listed for row in each["epochCredits"] if row[0] == EPOCH - 1)

    assert len(data) == 81
    assert int.from_bytes(data[48:64], "little") == 0
    # Who left with the epoch is not listed any more.
    assert 0.99 < paid / struct.unpack_from("<Q", data, 64)[0] <= 1


def test_epoch_rewards_of_tower_are_credits_times_stake() -> None:
    now = [1_767_225_600 + 4.9 * 172_800]
    with running_cluster(validators=20, clock=lambda: now[0]) as url:
        before = ask(url, "getVoteAccounts", {"keepUnstakedDelinquents": True})
        now[0] += 0.2 * 172_800
        after = ask(url, "getVoteAccounts", {"keepUnstakedDelinquents": True})
        data = raw(accounts(url, [EPOCH_REWARDS])[0])
        info = accounts(url, [EPOCH_REWARDS], encoding="jsonParsed")[0]["data"]["parsed"]["info"]
    stakes = {row["votePubkey"]: row["activatedStake"] for group in before.values() for row in group}
    points = sum(
        (credits - earlier) * stakes[row["votePubkey"]]
        for group in after.values()
        for row in group
        for epoch, credits, earlier in row["epochCredits"]
        if epoch == 904
    )

    assert int.from_bytes(data[48:64], "little") == points > 0
    assert struct.unpack_from("<QQB", data, 64)[:2] == (int(info["totalRewards"]),) * 2
    assert (info["totalPoints"], data[80]) == (str(points), 0)


def test_stake_history_is_newest_first_and_agrees_with_the_list(url: str) -> None:
    data = raw(accounts(url, [STAKE_HISTORY])[0])
    rows = list(struct.iter_unpack("<QQQQ", data[8:]))

    assert struct.unpack_from("<Q", data)[0] == len(rows) <= 512
    assert [row[0] for row in rows[:3]] == [EPOCH - 1, EPOCH - 2, EPOCH - 3]
    for newer, older in pairwise(rows):
        assert newer[1] == older[1] + older[2] - older[3]


def test_the_certificate_of_the_migration_is_there_once_it_happened(url: str) -> None:
    assert ask(url, "getAgGenesisCert")["slot"] == 1_064 * SLOTS_PER_EPOCH + SLOTS_PER_EPOCH // 2
    with running_cluster(validators=3) as tower:
        assert ask(tower, "getAgGenesisCert") is None


def test_epochs_are_of_one_length_from_the_first(url: str) -> None:
    schedule = ask(url, "getEpochSchedule")

    assert (schedule["slotsPerEpoch"], schedule["firstNormalEpoch"], schedule["warmup"]) == (
        432_000,
        0,
        False,
    )
