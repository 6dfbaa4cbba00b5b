"""Fetching: what is stored, what is refused, and what stays when a fetch fails."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint, reply
from tests.validators.replies import EPOCH, FULL_EPOCH, SENTINEL, SOL, epoch_credits
from validators.exceptions import EndpointError, SnapshotRefusedError, ValidatorsError
from validators.models import CommissionChange, Fetch, Validator, ValidatorEpoch
from validators.services import snapshots
from validators.services.snapshots import record_snapshot
from validators.solana.snapshot import take_snapshot
from validators.tasks import fetch_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]

STEADY = FULL_EPOCH - 10_000


def picture(*without: str) -> dict[str, Any]:
    """Everything stored but the fetches themselves, the moments of fetching, and these fields."""
    moments = {"last_seen_at", "fetched_at", "first_seen_at", *without}
    models = (Validator, ValidatorEpoch, CommissionChange)
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in moments}
            for row in model._default_manager.order_by("pk").values()
        ]
        for model in models
    }


def epochs_of(vote_account: str) -> dict[int, int | None]:
    rows = ValidatorEpoch.objects.filter(validator__vote_account=vote_account).order_by("epoch")
    return dict(rows.values_list("epoch", "credits"))


def test_a_fetch_stores_the_state_of_each_validator(endpoint: CannedEndpoint) -> None:
    late = replies.account(
        "late", rootSlot=0, activatedStake=0, commission=7, inflationRewardsCommissionBps=None
    )
    endpoint.delinquent = [late]

    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False):
        result = fetch_validators()

    fetch = Fetch.objects.get()
    assert result == {
        "fetch_id": fetch.pk,
        "endpoint": endpoint.url,
        "epoch": EPOCH,
        "validators": 21,
        "joined": 21,
        "left": 0,
        "rejected": 0,
        "commission_changes": 0,
        "epoch_rows_written": 105,
    }
    assert (fetch.staked_total, fetch.validators_total, fetch.rejected) == (20_000 * SOL, 21, [])
    row = Validator.objects.values().get(vote_account=late["votePubkey"])
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert row == {
        "id": row["id"],
        "vote_account": late["votePubkey"],
        "identity": late["nodePubkey"],
        **dict.fromkeys(("name", "website", "icon_url", "details", "keybase", "version", "client"), ""),
        **dict.fromkeys(("leader_slots", "blocks_produced", "production_epoch", "version_current", "apy")),
        "superminority": False,
        "commission_flags": [],
        "activated_stake": 0,
        "commission_bps": 700,
        "delinquent": True,
        "epoch_vote_account": True,
        "last_vote": late["lastVote"],
        "root_slot": None,
        "first_seen_at": moment,
        "last_seen_at": moment,
        "left_at": None,
    }


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


def test_the_same_picture_again_counts_as_another_look_and_changes_nothing_else(
    endpoint: CannedEndpoint,
) -> None:
    fetch_validators()
    before = picture("fetches")

    result = fetch_validators()

    assert picture("fetches") == before
    assert (result["joined"], result["left"], result["epoch_rows_written"]) == (0, 0, 20)
    looks = ValidatorEpoch.objects.values_list("epoch", "fetches").distinct().order_by("epoch")
    assert list(looks) == [*((epoch, 0) for epoch in range(EPOCH - 4, EPOCH)), (EPOCH, 2)]
    assert set(Validator.objects.values_list("last_seen_at", flat=True)) == {Fetch.objects.newest().stored_at}  # type: ignore[union-attr]


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


def test_a_validator_that_leaves_is_marked_and_one_that_returns_is_whole_again(
    endpoint: CannedEndpoint,
) -> None:
    everybody = endpoint.current
    first = datetime(2026, 11, 20, 12, tzinfo=UTC)
    with time_machine.travel(first, tick=False) as clock:
        fetch_validators()
        endpoint.current = everybody[1:]
        clock.shift(timedelta(hours=1))
        assert fetch_validators()["left"] == 1
        clock.shift(timedelta(hours=1))
        assert fetch_validators()["left"] == 0

        gone = Validator.objects.get(vote_account=everybody[0]["votePubkey"])
        assert (gone.last_seen_at, gone.left_at) == (first, first + timedelta(hours=1))

        endpoint.epoch_infos = [replies.epoch_info(EPOCH + 1)]
        returned = everybody[0] | {"epochCredits": epoch_credits(3, 4, last=EPOCH + 1)}
        endpoint.current = [returned, *everybody[1:]]
        clock.shift(timedelta(hours=1))
        result = fetch_validators()

    gone.refresh_from_db()
    assert (result["joined"], gone.left_at, gone.first_seen_at) == (0, None, first)
    assert gone.last_seen_at == first + timedelta(hours=3)
    assert [epochs_of(gone.vote_account)[epoch] for epoch in (EPOCH - 1, EPOCH, EPOCH + 1)] == [STEADY, 3, 4]


def test_a_rejected_record_keeps_its_last_good_state_and_has_not_left(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    before = Validator.objects.values().get(vote_account=endpoint.current[0]["votePubkey"])
    endpoint.current[0] = endpoint.current[0] | {"activatedStake": -1}

    result = fetch_validators()

    assert Validator.objects.values().get(pk=before["id"]) == before
    assert (result["left"], result["rejected"]) == (0, 1)
    fetch = Fetch.objects.get(pk=result["fetch_id"])
    assert fetch.rejected[0]["vote_account"] == before["vote_account"]
    assert fetch.rejected[0]["reason"].startswith("activatedStake")


def test_what_a_rejected_record_earned_is_caught_up_when_it_is_good_again(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    endpoint.current[0] = endpoint.current[0] | {"activatedStake": -1}
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 1)]
    fetch_validators()
    endpoint.current[0] = replies.account(0, epochCredits=epoch_credits(8, 9, last=EPOCH + 1))

    fetch_validators()

    latest = epochs_of(endpoint.current[0]["votePubkey"])
    assert (latest[EPOCH], latest[EPOCH + 1]) == (8, 9)


def test_commission_changes_are_kept(endpoint: CannedEndpoint) -> None:
    endpoint.current = replies.accounts(3)
    fetch_validators()
    endpoint.current[1] = endpoint.current[1] | {"inflationRewardsCommissionBps": 10_000}

    assert fetch_validators()["commission_changes"] == 1
    assert fetch_validators()["commission_changes"] == 0

    change = CommissionChange.objects.get()
    assert (change.validator.vote_account, change.from_bps, change.to_bps, change.epoch) == (
        endpoint.current[1]["votePubkey"],
        500,
        10_000,
        EPOCH,
    )


def test_two_vote_accounts_of_one_identity_are_two_validators(endpoint: CannedEndpoint) -> None:
    endpoint.current = replies.accounts(3, nodePubkey=replies.key("one node"))

    fetch_validators()

    assert Validator.objects.filter(identity=replies.key("one node")).count() == 3


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


Damage = Callable[[CannedEndpoint], None]


def _shrunk(endpoint: CannedEndpoint) -> None:
    endpoint.current = endpoint.current[:9]


def _other_cluster(endpoint: CannedEndpoint) -> None:
    endpoint.current = [replies.account(f"elsewhere {number}") for number in range(20)]


def _behind(endpoint: CannedEndpoint) -> None:
    endpoint.epoch_infos = [replies.epoch_info(EPOCH - 1)]
    endpoint.current = replies.accounts(20, epochCredits=epoch_credits(1, last=EPOCH - 1))


def _spoilt(endpoint: CannedEndpoint) -> None:
    endpoint.current = [*replies.accounts(18), *replies.accounts(2, activatedStake=-1)]


def _unreachable(endpoint: CannedEndpoint) -> None:
    endpoint.faults = [reply("", 500)]


@pytest.mark.parametrize(
    ("damage", "error", "complaint"),
    [
        (_shrunk, SnapshotRefusedError, "shrank by more than half, from 20 validators to 9"),
        (
            _other_cluster,
            SnapshotRefusedError,
            "looks like another cluster; point DATABASE_URL at another database",
        ),
        (_behind, SnapshotRefusedError, f"is in epoch {EPOCH - 1}, and epoch {EPOCH} is stored already"),
        (_spoilt, EndpointError, "20 records are invalid"),
        (_unreachable, EndpointError, "HTTP 500"),
    ],
)
def test_a_fetch_that_fails_leaves_the_last_good_picture(
    endpoint: CannedEndpoint, damage: Damage, error: type[ValidatorsError], complaint: str
) -> None:
    fetch_validators()
    before = picture()
    damage(endpoint)

    with pytest.raises(error, match=complaint):
        fetch_validators()

    assert (picture(), Fetch.objects.count()) == (before, 1)


def test_half_of_the_cluster_may_leave_at_once(endpoint: CannedEndpoint) -> None:
    fetch_validators()
    endpoint.current = endpoint.current[:10]

    assert fetch_validators()["left"] == 10


def test_a_fault_in_the_middle_of_storing_stores_nothing(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_validators()
    before = picture()
    endpoint.current = replies.accounts(25, activatedStake=1)

    def fail(*args: Any, **kwargs: Any) -> int:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(snapshots, "record_epochs", fail)
    with pytest.raises(DatabaseError):
        fetch_validators()

    assert (picture(), Fetch.objects.count()) == (before, 1)


def test_a_download_that_began_before_the_stored_one_is_left_out(endpoint: CannedEndpoint) -> None:
    early = datetime(2026, 11, 20, 12, tzinfo=UTC)
    older = take_snapshot([endpoint.url], seconds=5, began_at=early, split_epoch=None)
    endpoint.current = replies.accounts(20, activatedStake=7)
    newer = take_snapshot([endpoint.url], seconds=5, began_at=early + timedelta(seconds=1), split_epoch=None)
    record_snapshot(newer, stored_at=early + timedelta(seconds=2))
    before = picture()

    result = record_snapshot(older, stored_at=early + timedelta(seconds=3))

    assert (result.fetch_id, picture(), Fetch.objects.count()) == (None, before, 1)


def test_a_clock_that_was_ahead_does_not_hold_up_the_others(endpoint: CannedEndpoint) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    ahead = take_snapshot([endpoint.url], seconds=5, began_at=now + timedelta(hours=1), split_epoch=None)
    record_snapshot(ahead, stored_at=now + timedelta(hours=1))
    right = take_snapshot([endpoint.url], seconds=5, began_at=now, split_epoch=None)

    assert record_snapshot(right, stored_at=now + timedelta(seconds=1)).fetch_id is not None


def test_a_steady_fetch_asks_the_database_a_fixed_number_of_questions(
    endpoint: CannedEndpoint, django_assert_max_num_queries: Any
) -> None:
    endpoint.current = replies.accounts(200)
    fetch_validators()
    endpoint.current = replies.accounts(200, activatedStake=8)

    with django_assert_max_num_queries(28):
        fetch_validators()


def test_the_command_prints_what_it_did(endpoint: CannedEndpoint, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("fetch_validators", "--json")
    document = json.loads(capsys.readouterr().out)
    call_command("fetch_validators")

    assert (document["validators"], document["joined"], document["epoch"]) == (20, 20, EPOCH)
    assert "20 validators of epoch 990" in capsys.readouterr().out


def test_the_command_fails_with_one_line(endpoint: CannedEndpoint) -> None:
    endpoint.faults = [reply("<html>")]

    with pytest.raises(CommandError, match="getEpochInfo: HTML instead of JSON"):
        call_command("fetch_validators")


def test_the_command_says_what_to_set_when_there_is_no_endpoint(settings: Any) -> None:
    settings.SOLANA_RPC_URLS = []

    with pytest.raises(CommandError, match="set SOLANA_RPC_URL"):
        call_command("fetch_validators")
