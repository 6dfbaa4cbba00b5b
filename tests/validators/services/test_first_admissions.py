"""The epoch in which the admission rule comes: who is said to be let in and left out, over HTTP from a
simulated cluster, against what that cluster then pays.
"""

from collections.abc import Iterator

import pytest

from tests.validators.nodes.chain import simulated_chain
from tests.validators.nodes.trial import START_EPOCH, Trial
from validators.models import ChainState, VoteState

pytestmark = [pytest.mark.django_db, pytest.mark.database]

# Switched on in the epoch before the first whose set it chooses.
SWITCHED_ON = START_EPOCH + 1
FIRST = SWITCHED_ON + 1


# By a feature of its own, as on mainnet, or by the migration to Alpenglow.
WORLDS = {"feature": {"vat_epoch": FIRST}, "migration": {"alpenglow_epoch": SWITCHED_ON}}


@pytest.fixture(params=WORLDS)
def trial(request: pytest.FixtureRequest) -> Iterator[Trial]:
    chain = simulated_chain(validators=80, **WORLDS[request.param])
    with Trial(chain) as made:
        made.be_patient()
        yield made


def look(trial: Trial) -> dict[str, tuple[str, str]]:
    """What is said of the next set and of the one after it, by vote account."""
    for source in ("votes", "cluster", "vote-states"):
        assert trial.fetch(source).error == ""
    rows = VoteState.objects.filter(validator__left_at=None)
    told = rows.values_list("validator__vote_account", "next_epoch", "after_next")
    return {account: (following, after) for account, following, after in told}


def paid(trial: Trial, epoch: int) -> set[str]:
    """The vote accounts that the cluster pays anything for an epoch: lamports, or votes as in its set."""
    cluster = trial.chain.cluster
    if cluster.world.alpenglow_epoch is None:
        return {one.tenant.vote_account for one in cluster.outlooks(epoch) if one.is_in_set}
    rows = zip(cluster.outlooks(epoch), cluster.field.paid(epoch), strict=True)
    return {outlook.tenant.vote_account for outlook, payment in rows if payment.lamports}


def test_the_first_set_that_is_chosen_is_told_as_the_cluster_pays_it(trial: Trial) -> None:
    before = look(trial)
    trial.go_to(SWITCHED_ON, 0.5)
    during = look(trial)
    trial.go_to(FIRST, 0.5)
    after = look(trial)

    # Who earns where nobody is left out yet, and is there in all three looks: others have other reasons.
    earning = paid(trial, SWITCHED_ON) & set(before) & set(during) & set(after)
    left_out = earning - paid(trial, FIRST)
    assert ChainState.objects.get().admission_from == [FIRST]
    assert {before[account][0] for account in earning} == {"ok"}
    assert {account for account in earning if before[account][1] == "out"} == left_out
    assert {account for account in earning if during[account][0] == "out"} == left_out
    assert {account for account in earning if after[account][0] == "out"} == earning - paid(trial, FIRST + 1)
    assert {during[account] for account in earning - left_out} == {("ok", "ok")}
    assert 0 < len(left_out) < len(earning) / 2
