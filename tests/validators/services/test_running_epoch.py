"""Of a row that mostly stays as it is only what moved is written, and the row is as if all of it was."""

import random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, FULL_EPOCH, SOL, epoch_credits
from validators import tasks
from validators.models import Fetch, Validator, ValidatorEpoch
from validators.services import running_epoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def a_look(rng: random.Random, place: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Forty accounts that earn; some of them fall, change their terms or their node, or stop voting."""
    accounts = []
    for number in range(40):
        earned = 1_000_000 + 10_000 * place + number
        if number == 3 and rng.random() < 0.5:
            earned -= 60_000
        credits = epoch_credits(*[FULL_EPOCH - 9] * 4, earned)
        accounts.append(replies.account(number, epochCredits=credits))
    for number in (4, 5):
        accounts[number]["inflationRewardsCommissionBps"] = rng.choice((100, 500, 900))
    accounts[7]["nodePubkey"] = replies.key(f"node {rng.randrange(2)}")
    accounts[8]["epochCredits"] = accounts[8]["epochCredits"][: rng.randrange(6)]
    accounts[9]["activatedStake"] += place * SOL
    split = rng.randrange(34, 40)
    return accounts[:split], accounts[split:]


def rows_after_looks(endpoint: CannedEndpoint, seed: int) -> list[dict[str, Any]]:
    for table in (ValidatorEpoch, Fetch, Validator):
        table._default_manager.all().delete()
    rng = random.Random(seed)
    for place in range(5):
        endpoint.current, endpoint.delinquent = a_look(rng, place)
        endpoint.epoch_infos = [replies.epoch_info(EPOCH, replies.SLOTS // 2 + place)]
        tasks.fetch_validators()
    shown = ValidatorEpoch.objects.order_by("validator__vote_account", "epoch")
    hidden = ("id", "validator_id", "fetched_at")
    return [{name: value for name, value in row.items() if name not in hidden} for row in shown.values()]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_left_out_would_have_been_written_as_it_is(
    endpoint: CannedEndpoint, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    quick = rows_after_looks(endpoint, seed)
    monkeypatch.setattr(running_epoch, "_is_steady", lambda *_: False)

    assert rows_after_looks(endpoint, seed) == quick
    assert {row["fetches"] for row in quick if row["epoch"] == EPOCH} == {5}


def test_a_look_like_the_one_before_writes_what_moves_alone(endpoint: CannedEndpoint) -> None:
    endpoint.current = replies.accounts(20)
    for _ in range(3):  # the second confirms the commissions
        tasks.fetch_validators()

    with CaptureQueriesContext(connection) as queries:
        tasks.fetch_validators()

    tables = ('UPDATE "validators_validator" ', 'UPDATE "validators_validatorepoch" ')
    written = [query["sql"] for query in queries if any(table in query["sql"] for table in tables)]
    assert len(written) == len(tables), written
    for unmoved in ("identity", "activated_stake", "commission_last_bps", "commission_bps", "version"):
        assert not any(unmoved in statement for statement in written), unmoved


def test_of_ended_epochs_that_are_told_as_they_are_stored_no_rows_are_read(endpoint: CannedEndpoint) -> None:
    endpoint.current = replies.accounts(20)
    for _ in range(2):
        tasks.fetch_validators()

    with CaptureQueriesContext(connection) as queries:
        tasks.fetch_validators()

    statements = [query["sql"] for query in queries if query["sql"].startswith("SELECT ")]
    whole_rows = [sql for sql in statements if '"cumulative_credits_at_start"' in sql]
    assert len(whole_rows) == 1, "those of the running epoch"
