"""Stake accounts of validators: what is stored of them by epoch, and what is not believed."""

from typing import Any

import pytest

from scheduling.exceptions import SkipRun
from tests.validators import packed_stakes, replies
from tests.validators.endpoints import CannedEndpoint, rpc_error
from tests.validators.nodes.trial import START_EPOCH, Trial
from tests.validators.packed_stakes import item, stake
from tests.validators.services.sources import state
from validators import tasks
from validators.exceptions import ValidatorsError
from validators.models import StakeEpoch, Validator
from validators.simulator.stake_accounts import stake_accounts

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EPOCH, ALICE = replies.EPOCH, replies.account(0)["votePubkey"]


def test_of_a_cluster_each_is_looked_at_in_turn_and_the_sums_are_those_of_its_accounts(
    trial: Trial, settings: Any
) -> None:
    settings.STAKES_PER_RUN = 7
    trial.fetch()
    trial.fetch("vote-states")
    staked = Validator.objects.present().filter(activated_stake__gt=0).count()

    for run in range(1, 3):
        assert (trial.fetch("stakes").result or {})["validators"] == 7
        assert StakeEpoch.objects.count() == min(7 * run, staked)

    outlooks = {one.tenant.vote_account: one for one in trial.chain.cluster.outlooks(START_EPOCH)}
    assert {row.epoch for row in StakeEpoch.objects.all()} == {START_EPOCH}
    for row in StakeEpoch.objects.select_related("validator"):
        outlook = outlooks[row.validator.vote_account]
        after = trial.chain.cluster.field.stake(outlook.seat, START_EPOCH + 1)
        moved = (after if outlook.tenant.holds(START_EPOCH + 1) else 0) - row.active
        assert row.active == outlook.activated_stake
        assert row.activating - row.deactivating == moved
        assert 0 < (row.own or 0) < row.active
        forgotten = outlook.seat.index % 6 == 0
        assert row.accounts == len(stake_accounts(trial.chain.cluster, outlook)) - forgotten

    # In the next epoch it begins anew, and the past stays.
    trial.go_to(START_EPOCH + 1, 0.5)
    trial.fetch()
    trial.fetch("stakes")
    assert StakeEpoch.objects.filter(epoch=START_EPOCH).count() == 14
    assert StakeEpoch.objects.filter(epoch=START_EPOCH + 1).count() == 7


def test_what_comes_leaves_and_is_its_own_is_told_apart(endpoint: CannedEndpoint) -> None:
    _fetch(endpoint)
    whole = _stake_of(ALICE)
    endpoint.stakes[ALICE] = [
        item(1, stake(ALICE, whole - 700, withdrawer="of ALICE")),
        item(2, stake(ALICE, 400, until=EPOCH)),
        # Of genesis, and asked to leave with an epoch that is over.
        item(3, stake(ALICE, 300, since=packed_stakes.NEVER)),
        item(4, stake(ALICE, 50, since=EPOCH)),
        item(5, stake(ALICE, 9_000, until=EPOCH - 1)),
        # Asked to leave before it came.
        item(6, stake(ALICE, 9_000, since=EPOCH, until=EPOCH)),
    ]
    Validator.objects.get(vote_account=ALICE).vote_state.delete()

    tasks.fetch_stakes()

    row = StakeEpoch.objects.get(validator__vote_account=ALICE)
    assert (row.accounts, row.active, row.activating, row.deactivating) == (4, whole, 50, 400)
    assert (row.own, row.epoch, row.source) == (None, EPOCH, "accounts")
    others = StakeEpoch.objects.exclude(pk=row.pk)
    assert {(one.accounts, one.activating, one.deactivating, one.own) for one in others} == {(1, 0, 0, 0)}

    # As soon as the withdraw authority is known, so is its own.
    tasks.fetch_vote_states()
    held = Validator.objects.get(vote_account=ALICE).vote_state
    held.withdrawer = replies.key("of ALICE")
    held.save()
    tasks.fetch_stakes()
    row.refresh_from_db()
    assert row.own == whole - 700


BAD: dict[str, Any] = {
    "another owner": lambda: [item(1, stake(ALICE), owner=replies.key("program"))],
    "another kind": lambda: [item(1, stake(ALICE, kind=1))],
    "another length": lambda: [item(1, stake(ALICE)[:150])],
    "another voter": lambda: [item(1, stake(replies.key("somebody")))],
    "an epoch to come": lambda: [item(1, stake(ALICE, since=EPOCH + 5))],
    "is there twice": lambda: [item(1, stake(ALICE, _stake_of(ALICE) // 2))] * 2,
    "and the votes tell": list,
}
SAID = {
    "another owner": "owned by",
    "another kind": "kind 1 instead of 2",
    "another length": "150 bytes instead of 180",
    "another voter": "staked with",
    "an epoch to come": f"activation epoch {EPOCH + 5} is more than",
}


@pytest.mark.parametrize("bad", BAD)
def test_whose_accounts_are_bad_or_not_all_there_is_left_out_and_named(
    endpoint: CannedEndpoint, bad: str
) -> None:
    _fetch(endpoint)
    endpoint.stakes[ALICE] = BAD[bad]()

    result = tasks.fetch_stakes()

    assert (result["validators"], result["rejected"]) == (19, 1)
    [rejected] = state("stakes").rejected
    assert rejected["key"] == ALICE
    assert SAID.get(bad, bad) in rejected["reason"]
    assert not StakeEpoch.objects.filter(validator__vote_account=ALICE).exists()


def test_an_endpoint_that_lacks_the_accounts_of_many_is_not_believed(endpoint: CannedEndpoint) -> None:
    _fetch(endpoint)
    endpoint.stakes |= {one["votePubkey"]: [] for one in endpoint.current[:11]}

    with pytest.raises(
        ValidatorsError, match=r"11 of 20 validators are not to be believed, first .*: 0 stake"
    ):
        tasks.fetch_stakes()

    assert not StakeEpoch.objects.exists()


def test_one_that_is_too_large_for_the_node_keeps_nobody_else_from_being_told(
    endpoint: CannedEndpoint,
) -> None:
    _fetch(endpoint)
    endpoint.faults = [rpc_error(-32012, "The accumulated scan results exceeded the limit")]

    result = tasks.fetch_stakes()

    assert (result["validators"], result["rejected"]) == (19, 1)
    assert "exceeded the limit" in state("stakes").rejected[0]["reason"]


@pytest.mark.parametrize("nobody", [-32010, 0])
def test_where_nobody_tells_or_nobody_is_to_be_asked_it_is_skipped_with_the_reason(
    endpoint: CannedEndpoint, settings: Any, nobody: int
) -> None:
    _fetch(endpoint)
    if nobody:
        endpoint.faults = [rpc_error(nobody, "excluded from account secondary indexes")]
    else:
        settings.STAKES_PER_RUN = 0
    asked = len(endpoint.asked)

    with pytest.raises(SkipRun, match=r"not offered, asked again at .*excluded|STAKES_PER_RUN is 0"):
        tasks.fetch_stakes()

    assert len(endpoint.asked) == asked + bool(nobody)


def test_an_older_look_and_one_of_the_next_epoch_change_nothing(endpoint: CannedEndpoint) -> None:
    _fetch(endpoint)
    tasks.fetch_stakes()
    before = list(StakeEpoch.objects.order_by("pk").values_list("pk", "slot", "active"))
    StakeEpoch.objects.update(slot=2**60)
    tasks.fetch_stakes()
    assert set(StakeEpoch.objects.values_list("slot", flat=True)) == {2**60}

    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 1, 10)]
    result = tasks.fetch_stakes()

    assert (result["validators"], result["too_new"], len(before)) == (0, 20, 20)
    assert StakeEpoch.objects.count() == 20


def _fetch(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()
    tasks.fetch_vote_states()


def _stake_of(vote_account: str) -> int:
    return Validator.objects.get(vote_account=vote_account).activated_stake
