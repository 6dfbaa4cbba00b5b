"""Numbers of ended epochs after an outage of our own: what is claimed for good is the chain's truth."""

import pytest

from tests.validators.nodes.trial import START_EPOCH, Trial
from tests.validators.nodes.truth import claims_final, epoch_of, false_claims
from validators.models import BlocksBasis, Fetch, ValidatorEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]

OUTAGES = pytest.mark.parametrize("epochs", [0.3, 0.7, 1.2, 3.0, 8.0])


def _before_an_outage(trial: Trial) -> None:
    for source in ("votes", "cluster", "production", "nodes", "vote-states"):
        assert not trial.fetch(source).error
    trial.look_every(6, times=2)
    trial.fetch("production")


def _false_claims(trial: Trial) -> list[str]:
    """Of what getVoteAccounts showed first, and later."""
    return false_claims(trial.chain, running=_running(), oldest=START_EPOCH - 4)


def _running() -> int:
    newest = Fetch.objects.newest()
    assert newest is not None
    return newest.epoch


@OUTAGES
def test_after_an_outage_nothing_is_claimed_that_is_not_so(trial: Trial, epochs: float) -> None:
    _before_an_outage(trial)
    trial.wait(hours=48 * epochs)

    trial.fetch()
    assert _false_claims(trial) == []

    trial.fetch("vote-states")
    trial.fetch("production")
    assert _false_claims(trial) == []


@OUTAGES
def test_the_accounts_themselves_make_every_epoch_of_an_outage_final(trial: Trial, epochs: float) -> None:
    _before_an_outage(trial)
    trial.wait(hours=48 * epochs)

    for source in ("votes", "vote-states"):
        trial.fetch(source)
    trial.wait(hours=6)
    for source in ("votes", "vote-states"):
        trial.fetch(source)

    running = _running()
    rows = ValidatorEpoch.objects.filter(
        epoch__range=(START_EPOCH, running - 1), validator__left_at=None
    ).select_related("validator")
    final = {(row.epoch, row.validator.vote_account) for row in rows if claims_final(row, running=running)}
    present = {outlook.tenant for outlook in trial.chain.cluster.outlooks(running)}
    wanted = {
        (epoch, tenant.vote_account)
        for epoch in range(START_EPOCH, running)
        for tenant in present
        if tenant.born <= epoch
    }
    assert wanted - final == set()
    assert _false_claims(trial) == []


def test_who_left_within_an_outage_keeps_no_half_epoch_for_a_whole_one(trial: Trial) -> None:
    leaves, vote_account = next(
        (one.tenant.leaves, one.tenant.vote_account)
        for epoch in range(START_EPOCH + 1, START_EPOCH + 8)
        for one in trial.chain.cluster.outlooks(epoch)
        if one.tenant.leaves == epoch + 1 and one.tenant.dies is None
    )
    trial.go_to(leaves - 1, 0.5)
    trial.fetch()
    trial.go_to(leaves + 1, 0.5)

    trial.fetch()

    rows = ValidatorEpoch.objects.filter(validator__vote_account=vote_account)
    last = rows.select_related("validator").get(epoch=leaves - 1)
    assert not claims_final(last, running=_running())
    assert _false_claims(trial) == []


def test_a_node_behind_right_after_a_boundary_does_not_make_a_partial_epoch_final(trial: Trial) -> None:
    """Its votes are of the old epoch's last slots, under the epoch info of a node ahead."""
    trial.fetch()
    trial.go_to(START_EPOCH, 0.96)
    trial.fetch()
    trial.go_to(START_EPOCH + 1, 0.005)
    trial.bad.lags["getVoteAccounts"] = 10_000
    trial.fetch()
    assert _false_claims(trial) == []
    trial.bad.recover()
    trial.look_every(6, times=2)

    assert _false_claims(trial) == []
    rows = ValidatorEpoch.objects.filter(epoch=START_EPOCH).select_related("validator")
    truth = epoch_of(trial.chain, START_EPOCH)
    stored = {row.validator.vote_account: row.credits for row in rows if row.validator.left_at is None}
    assert stored == {key: truth[key].votes for key in stored}


@pytest.mark.parametrize("late_node", [False, True], ids=["by a good node", "after a late one"])
def test_leader_slots_of_an_ended_epoch_are_those_of_all_of_it(trial: Trial, late_node: bool) -> None:
    trial.fetch()
    trial.go_to(START_EPOCH, 0.7)
    trial.fetch()
    trial.fetch("production")
    trial.go_to(START_EPOCH + 1, 0.03)
    trial.fetch()
    if late_node:
        trial.ask_only(trial.first)
        trial.bad.lag = 25_000
        trial.fetch("production")
        trial.bad.recover()
        trial.wait(minutes=10)

    trial.fetch("production")

    truth = epoch_of(trial.chain, START_EPOCH)
    rows = ValidatorEpoch.objects.filter(epoch=START_EPOCH, activated_stake__gt=0)
    final = rows.filter(blocks_basis=BlocksBasis.FINAL).select_related("validator")
    assert final.count() > 0.9 * rows.count()
    assert {row.validator.vote_account: (row.leader_slots, row.blocks_produced) for row in final} == {
        row.validator.vote_account: (one.leader_slots, one.blocks_produced)
        for row in final
        for one in [truth[row.validator.vote_account]]
    }
