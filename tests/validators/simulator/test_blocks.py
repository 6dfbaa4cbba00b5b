"""getLeaderSchedule, getBlockProduction and the credits of one moment tell one story."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.validators.simulator.client import ask
from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.running import running_cluster
from validators.simulator.world import MAINNET_TODAY

EPOCH = 1_102
SLOT = EPOCH * SLOTS_PER_EPOCH + SLOTS_PER_EPOCH // 2
START = EPOCH * SLOTS_PER_EPOCH


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_cluster(
        validators=40,
        world=MAINNET_TODAY,
        clock=lambda: MAINNET_TODAY.origin.timestamp() + (EPOCH - 1_100 + 0.5) * 86_400,
    ) as url:
        yield url


def produced(url: str, first: int, last: int) -> dict[str, list[int]]:
    answer = ask(url, "getBlockProduction", {"range": {"firstSlot": first, "lastSlot": last}})["value"]
    assert answer["range"] == {"firstSlot": first, "lastSlot": last}
    found: dict[str, list[int]] = answer["byIdentity"]
    return found


def test_the_schedule_gives_every_slot_of_an_epoch_to_one_identity_in_fours(url: str) -> None:
    schedule = ask(url, "getLeaderSchedule")
    indexes = sorted(index for slots in schedule.values() for index in slots)

    assert indexes == list(range(SLOTS_PER_EPOCH))
    assert all(
        slots[place : place + 4] == list(range(slots[place], slots[place] + 4)) and slots[place] % 4 == 0
        for slots in schedule.values()
        for place in range(0, len(slots), 4)
    )


@pytest.mark.parametrize(("first", "last"), [(START, SLOT), (START + 4_321, START + 98_765), (SLOT, SLOT)])
def test_schedule_and_production_agree(url: str, first: int, last: int) -> None:
    schedule = ask(url, "getLeaderSchedule", SLOT)
    led = {
        identity: sum(first - START <= index <= last - START for index in slots)
        for identity, slots in schedule.items()
    }

    assert {identity: counts[0] for identity, counts in produced(url, first, last).items()} == {
        identity: count for identity, count in led.items() if count
    }


def test_schedules_of_four_epochs_are_kept(url: str) -> None:
    kept = {
        epoch: ask(url, "getLeaderSchedule", epoch * SLOTS_PER_EPOCH + 5) is not None
        for epoch in range(EPOCH - 4, EPOCH + 4)
    }

    assert [epoch for epoch, is_kept in kept.items() if is_kept] == [EPOCH - 2, EPOCH - 1, EPOCH, EPOCH + 1]


def test_one_identity_of_a_schedule_can_be_asked_for(url: str) -> None:
    identity, slots = next(iter(ask(url, "getLeaderSchedule").items()))

    assert ask(url, "getLeaderSchedule", {"identity": identity}) == {identity: slots}
    assert ask(url, "getLeaderSchedule", None, {"identity": "1" * 32}) == {}


def test_the_whole_epoch_before_can_be_asked_for_after_the_boundary(url: str) -> None:
    counts = produced(url, START - SLOTS_PER_EPOCH, START - 1).values()

    assert sum(led for led, _ in counts) == SLOTS_PER_EPOCH
    assert 0.9 * SLOTS_PER_EPOCH < sum(made for _, made in counts) < SLOTS_PER_EPOCH


def test_blocks_told_apart_from_votes_leave_equal_performances(url: str) -> None:
    """The leader's part is blocks times their mean worth, which is half of all that was paid."""
    stakes, earned, identities = ended_epoch(url)
    blocks = {key: counts[1] for key, counts in produced(url, START - SLOTS_PER_EPOCH, START - 1).items()}
    worth = sum(earned.values()) / (2 * sum(blocks.values()))
    once = [key for key in earned if list(identities.values()).count(identities[key]) == 1]
    voting = {key: (earned[key] - blocks.get(identities[key], 0) * worth) / stakes[key] for key in once}
    best = sorted(voting.values())[-len(once) // 2 :]

    assert best[-1] == pytest.approx(best[0], rel=0.01)


def ended_epoch(url: str) -> tuple[dict[str, int], dict[str, int], dict[str, str]]:
    """By vote account, of the epoch before: stake one epoch earlier still, lamports, identity."""
    answer = ask(url, "getVoteAccounts")
    rows: list[dict[str, Any]] = [*answer["current"], *answer["delinquent"]]
    earned = {
        row["votePubkey"]: credits - before
        for row in rows
        for epoch, credits, before in row["epochCredits"]
        if epoch == EPOCH - 1
    }
    with running_cluster(
        validators=40,
        world=MAINNET_TODAY,
        clock=lambda: MAINNET_TODAY.origin.timestamp() + (EPOCH - 2 - 1_100 + 0.5) * 86_400,
    ) as earlier:
        answer = ask(earlier, "getVoteAccounts")
    stakes = {row["votePubkey"]: row["activatedStake"] for group in answer.values() for row in group}
    earned = {key: lamports for key, lamports in earned.items() if stakes.get(key)}
    return stakes, earned, {row["votePubkey"]: row["nodePubkey"] for row in rows}


def test_credits_so_far_are_of_the_blocks_so_far(url: str) -> None:
    """In the running epoch a perfect voter's credits and blocks are of the same stretch."""
    answer = ask(url, "getVoteAccounts")
    so_far = sum(
        row[1] - row[2] for each in answer["current"] for row in each["epochCredits"] if row[0] == EPOCH
    )
    before = sum(
        row[1] - row[2] for each in answer["current"] for row in each["epochCredits"] if row[0] == EPOCH - 1
    )
    blocks = [
        sum(made for _, made in produced(url, *span).values())
        for span in ((START, SLOT), (START - SLOTS_PER_EPOCH, START - 1))
    ]

    assert so_far / before == pytest.approx(blocks[0] / blocks[1], rel=0.03)
