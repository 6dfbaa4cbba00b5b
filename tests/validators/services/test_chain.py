"""What the chain says of itself, stored: slot times also of past epochs, its clock and its rewards."""

import logging
from datetime import UTC, datetime

import pytest

from scheduling.exceptions import SkipRun
from tests.validators import canned_accounts, raw_accounts, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import reply
from tests.validators.replies import EPOCH, SLOTS
from tests.validators.services.chain_features import activate, clock, cluster, state
from validators import tasks
from validators.models import ChainState, ClusterEpoch, SourceState
from validators.solana.features import CLOCK, EPOCH_REWARDS, STAKE_HISTORY

pytestmark = [pytest.mark.django_db, pytest.mark.database]

BEGAN = datetime.fromtimestamp(canned_accounts.EPOCH_BEGAN, UTC)


def test_a_chain_without_features_has_the_slots_it_began_with(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()

    result = tasks.fetch_cluster()

    assert result == {
        "endpoint": chain.url,
        "slot_ms": 400,
        "slot_ms_basis": "chain",
        "measured_slot_ms": 400.0,
        "alpenglow": "off",
        "alpenglow_epoch": None,
    }
    row = state()
    assert (row.slot_times, row.admission_from, row.rent) == ([[0, 400]], [], raw_accounts.RENT)
    assert (row.genesis_hash, row.slot) == (replies.key("genesis"), canned_accounts.HALF_WAY)
    assert {row.slot_ms for row in ClusterEpoch.objects.all()} == {400}


def test_every_epoch_gets_the_slot_time_of_its_own_also_a_past_one(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    # The last slot of 986 and the first of 988: from 987 on 350, from 989 on 300.
    activate(chain, ms_350=987 * SLOTS - 1, ms_300=988 * SLOTS, ms_250=None)

    assert tasks.fetch_cluster()["slot_ms"] == 300

    found = dict(ClusterEpoch.objects.order_by("epoch").values_list("epoch", "slot_ms"))
    assert found == {986: 400, 987: 350, 988: 350, 989: 300, 990: 300}
    assert set(ClusterEpoch.objects.values_list("slot_ms_basis", flat=True)) == {"chain"}


def test_an_epoch_that_begins_later_has_its_slot_time_at_its_first_fetch(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    activate(chain, ms_200=EPOCH * SLOTS + 5)
    tasks.fetch_cluster()
    chain.epoch_infos = [replies.epoch_info(EPOCH + 1, 10)]

    tasks.fetch_validators()

    assert (cluster().slot_ms, cluster(EPOCH + 1).slot_ms) == (400, 200)


def test_where_features_are_refused_the_slot_time_is_the_nearest_to_the_pace(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    chain.faults = [reply("", 403)]
    first = cluster()
    first.first_fetch_at, first.first_slot_index = BEGAN, 0
    first.last_fetch_at, first.last_slot_index = (
        datetime.fromtimestamp(BEGAN.timestamp() + 2_150, UTC),
        10_000,
    )
    first.save()

    result = tasks.fetch_cluster()

    assert (result["slot_ms"], result["slot_ms_basis"]) == (200, "measured")
    assert (state().slot_times, state().admission_from, state().alpenglow) == (None, None, "off")
    assert state().rent == raw_accounts.RENT


def test_what_was_measured_gives_way_to_what_the_chain_says(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    ClusterEpoch.objects.filter(epoch=EPOCH).update(slot_ms=250, slot_ms_basis="measured")

    tasks.fetch_cluster()

    assert (cluster().slot_ms, cluster().slot_ms_basis) == (400, "chain")


def test_the_clock_tells_the_instant_between_two_epochs(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()

    tasks.fetch_cluster()

    assert (cluster().clock_started_at, cluster(EPOCH - 1).clock_ended_at) == (BEGAN, BEGAN)
    assert (cluster().clock_ended_at, cluster(EPOCH - 1).clock_started_at) == (None, None)


def test_an_epoch_between_two_boundaries_of_the_clock_is_as_long_as_that(chain: AccountsEndpoint) -> None:
    """Whatever our fetches made of its beginning and its end."""
    tasks.fetch_validators()
    tasks.fetch_cluster()
    chain.epoch_infos = [replies.epoch_info(EPOCH + 1, 10)]
    tasks.fetch_validators()
    packed = raw_accounts.clock(
        slot=(EPOCH + 1) * SLOTS + 10,
        start=canned_accounts.EPOCH_BEGAN + 170_000,
        epoch=EPOCH + 1,
        now=canned_accounts.EPOCH_BEGAN + 170_004,
    )
    chain.accounts[CLOCK] = raw_accounts.sent_sysvar(packed)

    tasks.fetch_cluster()

    assert cluster().seconds == 170_000


def test_the_beginning_of_time_is_no_instant_of_a_clock(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    chain.accounts[CLOCK] = raw_accounts.sent_sysvar(raw_accounts.clock(start=0))

    tasks.fetch_cluster()

    assert cluster().clock_started_at is None


def test_rewards_are_of_the_epoch_before_while_votes_are_on_the_chain(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    chain.accounts[EPOCH_REWARDS] = raw_accounts.sent_sysvar(raw_accounts.epoch_rewards())

    tasks.fetch_cluster()

    row = cluster(EPOCH - 1)
    assert (row.reward_points, row.rewards_total) == (str(2**100), 150_000)
    assert (cluster().reward_points, cluster().rewards_total) == ("", None)


def test_after_alpenglow_what_the_sysvar_says_is_not_what_was_paid(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    ClusterEpoch.objects.filter(epoch=EPOCH - 1).update(credits_unit="lamports")
    chain.accounts[EPOCH_REWARDS] = raw_accounts.sent_sysvar(raw_accounts.epoch_rewards())

    tasks.fetch_cluster()

    assert not ClusterEpoch.objects.exclude(rewards_total=None).exists()


def test_stake_that_moved_is_kept_of_the_epochs_there_are(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    history = [(EPOCH - 1, 430, 2, 1), (EPOCH - 2, 428, 3, 1), (12, 5, 5, 5)]
    chain.accounts[STAKE_HISTORY] = raw_accounts.sent_sysvar(raw_accounts.stake_history(history))

    tasks.fetch_cluster()

    rows = ClusterEpoch.objects.exclude(activating_stake=None).order_by("epoch")
    assert list(rows.values_list("epoch", "activating_stake", "deactivating_stake")) == [
        (EPOCH - 2, 3, 1),
        (EPOCH - 1, 2, 1),
    ]


@pytest.mark.parametrize(
    ("slots", "pace", "measured", "warned"),
    [
        (100_000, 0.40, 400, False),
        (100_000, 0.38, 380, False),
        (100_000, 0.36, 360, True),
        (100_000, 0.20, 200, True),
        (500, 0.2, None, False),
    ],
)
def test_a_pace_nearer_to_another_slot_time_is_a_warning(
    chain: AccountsEndpoint,
    caplog: pytest.LogCaptureFixture,
    slots: int,
    pace: float,
    measured: float | None,
    warned: bool,
) -> None:
    tasks.fetch_validators()
    clock(chain, slot=slots, pace=pace)

    with caplog.at_level(logging.WARNING):
        tasks.fetch_cluster()

    assert state().measured_slot_ms == (None if measured is None else pytest.approx(measured, rel=1e-3))
    said = [record for record in caplog.records if getattr(record, "action", "") == "slot_time_doubted"]
    assert len(said) == warned
    assert cluster().slot_ms == 400


def test_the_clock_of_another_epoch_measures_nothing(chain: AccountsEndpoint) -> None:
    """The fetch of votes is older than the boundary."""
    tasks.fetch_validators()
    clock(chain, epoch=EPOCH + 1, slot=5_000)

    tasks.fetch_cluster()

    assert state().measured_slot_ms is None
    assert cluster().clock_ended_at == BEGAN


def test_the_same_again_changes_nothing(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    activate(chain, ms_350=5, alpenglow=None, admission=7)
    tasks.fetch_cluster()
    before = list(ClusterEpoch.objects.order_by("epoch").values())
    chain.asked.clear()

    tasks.fetch_cluster()

    assert list(ClusterEpoch.objects.order_by("epoch").values()) == before
    assert ChainState.objects.count() == 1
    assert "getGenesisHash" not in chain.methods


def test_an_endpoint_that_refuses_all_of_it_is_not_asked_again_today(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    # To the fourth question, which every node answers, it does: so it does not offer these.
    chain.faults = [reply("", 403)] * 3

    with pytest.raises(SkipRun, match="not offered"):
        tasks.fetch_cluster()

    row = SourceState.objects.get(source="cluster")
    assert row.unavailable_until is not None
    assert not ChainState.objects.exists()
