"""What the chain says of Alpenglow and of the admission rule: when they begin, and that it is remembered."""

import pytest

from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import reply
from tests.validators.replies import EPOCH, SLOTS
from tests.validators.services.chain_features import activate, state
from validators import tasks

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_what_was_told_once_stays_where_the_next_answer_does_not_tell_it(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    activate(chain, ms_350=5, alpenglow=None, admission=7)
    tasks.fetch_cluster()
    before = state()
    # The features are refused, the certificate is not told of; the genesis is known.
    chain.faults = [reply("", 403), reply("", 404)]

    tasks.fetch_cluster()

    after = state()
    for field in ("slot_times", "admission_from", "alpenglow", "alpenglow_epoch", "rent", "genesis_hash"):
        assert getattr(after, field) == getattr(before, field), field


def test_a_pending_alpenglow_begins_at_the_next_boundary(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    activate(chain, alpenglow=None)

    result = tasks.fetch_cluster()

    assert (result["alpenglow"], result["alpenglow_epoch"]) == ("pending", EPOCH + 1)
    # At that boundary the set of the epoch after it is chosen, by a rule that comes with Alpenglow.
    assert state().admission_from == [EPOCH + 2]


def test_a_pending_alpenglow_stays_so_while_features_are_refused(chain: AccountsEndpoint) -> None:
    """That there is no certificate yet is no news."""
    tasks.fetch_validators()
    activate(chain, alpenglow=None)
    tasks.fetch_cluster()
    chain.faults = [reply("", 403)]

    result = tasks.fetch_cluster()

    assert (result["alpenglow"], result["alpenglow_epoch"]) == ("pending", EPOCH + 1)


def test_the_epoch_of_alpenglow_stays_known_while_features_are_refused(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    activate(chain, alpenglow=(EPOCH - 3) * SLOTS)
    chain.results["getAgGenesisCert"] = {"slot": 5}
    assert tasks.fetch_cluster()["alpenglow_epoch"] == EPOCH - 3
    chain.faults = [reply("", 403)]

    result = tasks.fetch_cluster()

    assert (result["alpenglow"], result["alpenglow_epoch"]) == ("on", EPOCH - 3)


def test_an_active_alpenglow_is_pending_until_the_certificate_is_there(chain: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    activate(chain, alpenglow=EPOCH * SLOTS)
    assert tasks.fetch_cluster()["alpenglow"] == "pending"

    chain.results["getAgGenesisCert"] = {"slot": 5}
    result = tasks.fetch_cluster()

    assert (result["alpenglow"], result["alpenglow_epoch"]) == ("on", EPOCH)


def test_the_admission_rule_chooses_the_set_of_the_epoch_after_its_activation(
    chain: AccountsEndpoint,
) -> None:
    tasks.fetch_validators()
    activate(chain, admission=980 * SLOTS, alpenglow=985 * SLOTS)

    tasks.fetch_cluster()

    assert state().admission_from == [981]
