"""Fetching: what is stored of each validator as it comes, changes and goes, and what the command prints."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint, reply
from tests.validators.replies import EPOCH, SOL, epoch_credits
from tests.validators.services.stored import STEADY, epochs_of, picture
from validators.models import CommissionChange, Fetch, Validator, ValidatorEpoch
from validators.tasks import fetch_validators

pytestmark = [pytest.mark.django_db, pytest.mark.database]


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
        **dict.fromkeys(
            ("leader_slots", "blocks_produced", "production_epoch", "version_epoch", "version_current", "apy")
        ),
        **dict.fromkeys(("runs_jito", "mev_commission_bps", "mev_epoch")),
        **dict.fromkeys(("mev_apy", "shared_apy", "mev_apy_epochs", "block_apy")),
        # The nodes tell where it is, and the vote accounts who runs it.
        **dict.fromkeys(("address", "network", "network_name", "country", "operator"), ""),
        "address_epoch": None,
        "operator_evidence": [],
        **dict.fromkeys(("apy_basis", "mev_apy_basis", "name_mark"), ""),
        "apy_epochs": None,
        "superminority": False,
        "commission_flags": [],
        "activated_stake": 0,
        "commission_bps": 700,
        "commission_confirmed_bps": None,
        "delinquent": True,
        "epoch_vote_account": True,
        "last_vote": late["lastVote"],
        "root_slot": None,
        "first_seen_at": moment,
        "last_seen_at": moment,
        "left_at": None,
    }


def test_the_same_picture_again_counts_as_another_look_and_changes_nothing_else(
    endpoint: CannedEndpoint,
) -> None:
    fetch_validators()
    # The second look confirms the commission that the first one showed.
    before = picture("fetches", "commission_confirmed_bps")

    result = fetch_validators()

    assert picture("fetches", "commission_confirmed_bps") == before
    assert set(Validator.objects.values_list("commission_confirmed_bps", flat=True)) == {500}
    assert (result["joined"], result["left"], result["epoch_rows_written"]) == (0, 0, 20)
    looks = ValidatorEpoch.objects.values_list("epoch", "fetches").distinct().order_by("epoch")
    assert list(looks) == [*((epoch, 0) for epoch in range(EPOCH - 4, EPOCH)), (EPOCH, 2)]
    assert set(Validator.objects.values_list("last_seen_at", flat=True)) == {Fetch.objects.newest().stored_at}  # type: ignore[union-attr]


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


def test_a_steady_fetch_asks_the_database_a_fixed_number_of_questions(
    endpoint: CannedEndpoint, django_assert_max_num_queries: Any
) -> None:
    endpoint.current = replies.accounts(200)
    fetch_validators()
    endpoint.current = replies.accounts(200, rootSlot=8)

    # Thirteen on PostgreSQL for the last look, the chain, doubts, and how endpoints were; four for the
    # performances of the running epoch, which follow from what everybody earned; one for who wrote meanwhile.
    with django_assert_max_num_queries(47):
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
