"""Fetching: what is stored of each epoch, as it runs, when it has ended and when it was missed."""

import pytest

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, FULL_EPOCH, SENTINEL, SOL, epoch_credits
from tests.validators.services.stored import STEADY, epochs_of
from validators.models import Fetch, ValidatorEpoch
from validators.tasks import fetch_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_epoch_rows_hold_what_was_earned_and_the_running_one_what_is_seen(endpoint: CannedEndpoint) -> None:
    endpoint.current = [replies.account(1)]

    fetch_validators()

    rows = ValidatorEpoch.objects.order_by("epoch").values_list(
        "epoch", "credits", "credits_unit", "commission_last_bps", "activated_stake"
    )
    assert list(rows) == [
        *((epoch, STEADY, "vote_credits", None, None) for epoch in range(EPOCH - 4, EPOCH)),
        (EPOCH, FULL_EPOCH // 2, "vote_credits", 500, 1_000 * SOL),
    ]


def test_missed_epochs_are_zero_unknown_ones_null_and_earlier_ones_absent(endpoint: CannedEndpoint) -> None:
    dead = replies.account("dead", epochCredits=[[984, 500, 400], [985, 0, 500]])
    young = replies.account("young", epochCredits=epoch_credits(7, last=EPOCH - 1))
    unborn = replies.account("unborn", epochCredits=[])
    endpoint.current = [dead, young, unborn]

    fetch_validators()

    assert epochs_of(dead["votePubkey"]) == {984: 100, 985: None} | dict.fromkeys(range(986, 991), 0)
    assert epochs_of(young["votePubkey"]) == {EPOCH - 1: 7, EPOCH: 0}
    assert epochs_of(unborn["votePubkey"]) == {EPOCH: 0}


def test_a_later_fetch_of_the_epoch_updates_the_running_row_only(endpoint: CannedEndpoint) -> None:
    endpoint.current = [replies.account(1)]
    fetch_validators()
    more = epoch_credits(*[STEADY] * 4, FULL_EPOCH // 2 + 160)
    endpoint.current = [
        replies.account(1, epochCredits=more, activatedStake=7, inflationRewardsCommissionBps=600)
    ]

    assert fetch_validators()["epoch_rows_written"] == 1

    running = ValidatorEpoch.objects.get(epoch=EPOCH)
    assert (running.credits, running.commission_last_bps, running.activated_stake) == (
        FULL_EPOCH // 2 + 160,
        600,
        7,
    )


def test_an_epoch_that_ended_keeps_the_stake_and_commission_it_was_seen_with(
    endpoint: CannedEndpoint,
) -> None:
    endpoint.current = [replies.account(1)]
    fetch_validators()
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 1)]
    endpoint.current = [
        replies.account(
            1,
            activatedStake=7,
            inflationRewardsCommissionBps=600,
            epochCredits=epoch_credits(STEADY, STEADY, 5, last=EPOCH + 1),
        )
    ]

    fetch_validators()

    rows = ValidatorEpoch.objects.filter(epoch__gte=EPOCH).order_by("epoch")
    assert list(rows.values_list("epoch", "credits", "commission_last_bps", "activated_stake")) == [
        (EPOCH, STEADY, 500, 1_000 * SOL),
        (EPOCH + 1, 5, 600, 7),
    ]


def test_an_epoch_that_was_not_final_at_the_boundary_is_corrected(endpoint: CannedEndpoint) -> None:
    """getEpochInfo came from a node in the new epoch, the accounts from one still in the old."""
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 1, 0)]
    endpoint.current = [replies.account(1, epochCredits=epoch_credits(STEADY, STEADY - 16))]
    fetch_validators()
    endpoint.current = [replies.account(1, epochCredits=epoch_credits(STEADY, STEADY, 8, last=EPOCH + 1))]

    fetch_validators()

    assert epochs_of(replies.key("vote 1")) == {EPOCH - 1: STEADY, EPOCH: STEADY, EPOCH + 1: 8}


def test_epochs_missed_while_nobody_fetched_are_filled_in_later(endpoint: CannedEndpoint) -> None:
    endpoint.current = [steady, stopped] = [replies.account(1), replies.account(2)]
    fetch_validators()
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 3)]
    endpoint.current = [
        steady | {"epochCredits": epoch_credits(10, 11, 12, 13, last=EPOCH + 3)},
        stopped | {"epochCredits": epoch_credits(STEADY, FULL_EPOCH // 2)},
    ]

    fetch_validators()

    latest = range(EPOCH, EPOCH + 4)
    assert [epochs_of(steady["votePubkey"])[epoch] for epoch in latest] == [10, 11, 12, 13]
    assert [epochs_of(stopped["votePubkey"])[epoch] for epoch in latest] == [FULL_EPOCH // 2, 0, 0, 0]


def test_a_known_number_is_not_replaced_by_an_unknown_one(endpoint: CannedEndpoint) -> None:
    endpoint.current = [replies.account(1, epochCredits=[[EPOCH, 500, 400]])]
    fetch_validators()
    endpoint.current = [replies.account(1, epochCredits=[[EPOCH, 0, 400]])]

    fetch_validators()

    assert epochs_of(replies.key("vote 1")) == {EPOCH: 100}


def test_what_a_rejected_record_earned_is_caught_up_when_it_is_good_again(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    endpoint.current[0] = endpoint.current[0] | {"activatedStake": -1}
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 1)]
    fetch_validators()
    endpoint.current[0] = replies.account(0, epochCredits=epoch_credits(8, 9, last=EPOCH + 1))

    fetch_validators()

    latest = epochs_of(endpoint.current[0]["votePubkey"])
    assert (latest[EPOCH], latest[EPOCH + 1]) == (8, 9)


def test_the_migration_epoch_keeps_both_numbers_and_is_remembered(endpoint: CannedEndpoint) -> None:
    before = epoch_credits(7, 5)
    total = before[-1][1]
    endpoint.current = replies.accounts(3, epochCredits=[*before, SENTINEL, [EPOCH, total + 10**12, total]])
    fetch_validators()

    row = ValidatorEpoch.objects.filter(epoch=EPOCH).first()
    assert row is not None
    assert (row.credits, row.credits_unit, row.credits_before_split) == (10**12, "lamports", 5)

    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 7)]
    endpoint.current = replies.accounts(3, epochCredits=epoch_credits(*[10**12] * 5, last=EPOCH + 7))
    fetch_validators()

    assert set(ValidatorEpoch.objects.filter(epoch__gt=EPOCH).values_list("credits_unit", flat=True)) == {
        "lamports"
    }
    assert [fetch.split_epoch for fetch in Fetch.objects.all()] == [EPOCH, EPOCH]
