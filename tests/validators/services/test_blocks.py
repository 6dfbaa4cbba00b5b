"""Whose the blocks of an epoch were: the chain counts by identity, and identities move."""

from typing import Any

import pytest

from tests.validators.rows import NOON, SOL, validator
from validators.models import BlocksBasis, ClusterEpoch, IdentityChange, Validator, ValidatorEpoch
from validators.services.blocks import record_blocks
from validators.solana.production import Leader

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EPOCH = 989
PARTIAL, SCHEDULE, FINAL = BlocksBasis.PARTIAL, BlocksBasis.SCHEDULE, BlocksBasis.FINAL
SLOTS = 432_000


def row(of: Validator, epoch: int = EPOCH, **fields: Any) -> ValidatorEpoch:
    given = {"credits_unit": "lamports", "fetched_at": NOON, "identity": of.identity, "activated_stake": SOL}
    return ValidatorEpoch.objects.create(validator=of, epoch=epoch, **(given | fields))


def leaders(**counts: tuple[int, int]) -> dict[str, Leader]:
    return {identity: Leader(identity, *both) for identity, both in counts.items()}


def record(basis: BlocksBasis = FINAL, slots: int = SLOTS, **counts: tuple[int, int]) -> int | None:
    return record_blocks(EPOCH, leaders(**counts), basis=basis, slots=slots)


def blocks_of(one: ValidatorEpoch) -> tuple[Any, ...]:
    one.refresh_from_db()
    return one.leader_slots, one.blocks_produced, one.skip_rate, one.blocks_basis


def test_blocks_are_written_to_the_account_of_their_identity_and_summed_of_all() -> None:
    first, second = row(validator(1)), row(validator(2))

    assert record(node1=(8, 6), node2=(4, 4), stranger=(12, 11)) == 2

    assert (blocks_of(first), blocks_of(second)) == ((8, 6, 0.25, "final"), (4, 4, 0.0, "final"))
    cluster = ClusterEpoch.objects.get(epoch=EPOCH)
    assert (cluster.leader_slots, cluster.blocks_produced) == (24, 21)
    assert (cluster.blocks_basis, cluster.blocks_slots) == ("final", SLOTS)
    assert record(node1=(8, 6), node2=(4, 4), stranger=(12, 11)) == 0


@pytest.mark.parametrize("basis", [FINAL, SCHEDULE])
def test_who_is_missing_in_a_whole_epoch_led_no_slot_of_it(basis: BlocksBasis) -> None:
    led, missing = row(validator(1)), row(validator(2))

    record(basis, node1=(8, 6))

    assert blocks_of(led)[:2] == (8, 6)
    assert blocks_of(missing) == (0, 0, None, basis.value)


def test_who_is_missing_in_a_part_of_an_epoch_is_unknown() -> None:
    missing = row(validator(1))

    record(PARTIAL, 5_000, node2=(8, 6))

    assert blocks_of(missing) == (None, None, None, "")


@pytest.mark.parametrize(
    ("first", "second", "replaced"),
    [
        ((PARTIAL, 5_000), (PARTIAL, 6_000), True),
        ((PARTIAL, 5_000), (PARTIAL, 5_000), True),
        ((PARTIAL, 5_000), (PARTIAL, 4_999), False),
        ((PARTIAL, 431_999), (SCHEDULE, SLOTS), True),
        ((PARTIAL, 431_999), (FINAL, SLOTS), True),
        ((SCHEDULE, SLOTS), (PARTIAL, 431_999), False),
        ((SCHEDULE, SLOTS), (FINAL, SLOTS), True),
        ((FINAL, SLOTS), (SCHEDULE, SLOTS), False),
        ((FINAL, SLOTS), (PARTIAL, 431_999), False),
    ],
)
def test_more_is_never_replaced_by_less(
    first: tuple[BlocksBasis, int], second: tuple[BlocksBasis, int], replaced: bool
) -> None:
    one = row(validator(1))
    assert record(*first, node1=(8, 6)) == 1

    written = record(*second, node1=(12, 11))

    assert written == (1 if replaced else None)
    assert blocks_of(one)[:2] == ((12, 11) if replaced else (8, 6))
    cluster = ClusterEpoch.objects.get(epoch=EPOCH)
    assert cluster.blocks_produced == (11 if replaced else 6)
    assert (BlocksBasis(cluster.blocks_basis), cluster.blocks_slots) == (second if replaced else first)


def test_an_identity_that_moved_counts_under_both_keys() -> None:
    """The schedule is fixed in advance, so the one given up goes on leading for two epochs."""
    moved = validator(1)
    one = row(moved)
    IdentityChange.objects.create(
        validator=moved, epoch=EPOCH - 1, from_identity="given_up", to_identity="node1", seen_at=NOON
    )

    record(node1=(8, 6), given_up=(4, 4))

    assert blocks_of(one) == (12, 10, pytest.approx(1 / 6), "final")


def test_an_identity_seen_in_a_row_of_the_epochs_before_counts_too() -> None:
    moved = validator(1)
    row(moved, EPOCH - 2, identity="given_up")
    one = row(moved)

    record(node1=(8, 6), given_up=(4, 4))

    assert blocks_of(one)[:2] == (12, 10)


def test_one_given_up_three_epochs_ago_leads_no_more_for_it() -> None:
    moved = validator(1)
    row(moved, EPOCH - 3, identity="given_up")
    one = row(moved)
    IdentityChange.objects.create(
        validator=moved, epoch=EPOCH - 3, from_identity="given_up", to_identity="node1", seen_at=NOON
    )

    record(node1=(8, 6), given_up=(4, 4))

    assert blocks_of(one)[:2] == (8, 6)


def test_two_accounts_with_stake_of_one_identity_share_blocks_that_nobody_can_divide() -> None:
    shared = [row(validator(number, identity="one")) for number in (1, 2)]
    alone = row(validator(3))

    record(one=(8, 6), node3=(4, 4))

    assert [blocks_of(one) for one in shared] == [(8, 6, 0.25, "shared")] * 2
    assert blocks_of(alone)[3] == "final"
    # Of the cluster they are counted once.
    assert ClusterEpoch.objects.get(epoch=EPOCH).blocks_produced == 10


def test_an_account_that_had_no_stake_in_the_epoch_before_led_nothing_and_shares_nothing() -> None:
    staked, unstaked = (validator(number, identity="one") for number in (1, 2))
    for of, stake in ((staked, SOL), (unstaked, 0)):
        row(of, EPOCH - 1, activated_stake=stake)
    one, other = row(staked), row(unstaked, activated_stake=5 * SOL)

    record(one=(8, 6))

    assert blocks_of(one)[3] == "final"
    assert blocks_of(other)[3] == "final"


def test_where_the_stake_of_the_epoch_before_is_unknown_that_of_the_epoch_stands_in() -> None:
    one = row(validator(1, identity="one"))
    row(validator(2, identity="one"), activated_stake=0)
    two = row(validator(3, identity="two"), activated_stake=None)
    row(validator(4, identity="two"), activated_stake=None)

    record(one=(8, 6), two=(4, 4))

    assert (blocks_of(one)[3], blocks_of(two)[3]) == ("final", "shared")


def test_an_identity_that_went_from_one_account_to_another_is_of_neither_for_two_epochs() -> None:
    giver, taker = validator(1, identity="new"), validator(2, identity="old")
    row(giver, EPOCH - 1, identity="old")
    row(taker, EPOCH - 1, identity="before")
    first, second = row(giver), row(taker)

    record(old=(8, 6), new=(4, 4), before=(2, 1))

    assert (blocks_of(first)[3], blocks_of(second)[3]) == ("shared", "shared")


def test_an_account_whose_identity_nobody_saw_keeps_its_blocks_unknown() -> None:
    unseen = row(validator(1), identity="", source="account")

    record(node1=(8, 6))

    assert blocks_of(unseen) == (None, None, None, "")
