"""The vote accounts themselves, stored as they stand."""

import pytest

from tests.validators import raw_accounts, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.replies import EPOCH, SLOTS
from tests.validators.services.vote_accounts import ENOUGH, holds, look, rule
from validators import tasks
from validators.models import VoteState

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_an_account_is_stored_as_it_stands(node: AccountsEndpoint) -> None:
    rule()
    holds(node, 0, block_bps=2_500, pending=2**53 + 1)

    assert look(node) == {
        "endpoint": node.url,
        "epoch": EPOCH,
        "accounts": 3,
        # The accounts remember no epoch that the votes did not tell of.
        "epoch_rows_filled": 0,
        "admission_ok": 3,
        "admission_out": 0,
        "admission_unknown": 0,
        "rejected": 0,
    }
    row = dict(VoteState.objects.values().get(validator__vote_account=replies.key("vote 0")))
    assert {name: row[name] for name in row if name not in ("id", "validator_id", "looked_at")} == {
        "state_version": "v4",
        "withdrawer": replies.key("withdrawer 0"),
        "inflation_collector": replies.key("inflation 0"),
        "block_collector": replies.key("block 0"),
        "block_commission_bps": 2_500,
        "pending_rewards": 2**53 + 1,
        "bls_key": "present",
        "balance": ENOUGH,
        "epoch": EPOCH,
        "slot": EPOCH * SLOTS + SLOTS // 2,
        "next_epoch": "ok",
        "after_next": "ok",
        "reason": "",
        "epochs_paid": 3,
        "last_known": "ok",
    }


def test_an_older_state_has_no_collectors_and_no_key(node: AccountsEndpoint) -> None:
    rule()
    node.accounts[replies.key("vote 1")] = raw_accounts.sent(raw_accounts.vote_v3(1), lamports=ENOUGH)

    look(node)

    row = VoteState.objects.get(validator__vote_account=replies.key("vote 1"))
    assert (row.state_version, row.bls_key, row.inflation_collector, row.block_collector) == (
        *("v3", "missing"),
        *("", ""),
    )
    assert (row.after_next, row.reason) == ("out", "no BLS key")


def test_accounts_read_after_the_boundary_are_of_the_next_epoch(node: AccountsEndpoint) -> None:
    rule()
    tasks.fetch_validators()
    node.slots = [(EPOCH + 1) * SLOTS + 3]

    assert tasks.fetch_vote_states()["epoch"] == EPOCH + 1

    assert set(VoteState.objects.values_list("epoch", flat=True)) == {EPOCH + 1}


def test_an_account_that_was_closed_keeps_what_was_last_read_of_it(node: AccountsEndpoint) -> None:
    node.current = replies.accounts(30)
    for number in range(30):
        holds(node, number)
    rule()
    look(node)
    del node.accounts[replies.key("vote 1")]
    before = VoteState.objects.values().get(validator__vote_account=replies.key("vote 1"))

    result = look(node)

    assert (result["accounts"], result["rejected"]) == (29, 1)
    assert VoteState.objects.values().get(validator__vote_account=replies.key("vote 1")) == before


def test_what_changed_is_written_and_of_the_others_when_they_were_looked_at(node: AccountsEndpoint) -> None:
    rule()
    for number in range(3):
        holds(node, number)
    look(node)
    before = {row["validator_id"]: row for row in VoteState.objects.values()}
    holds(node, 1, pending=7)
    node.slots = [EPOCH * SLOTS + SLOTS // 2 + 9]

    tasks.fetch_vote_states()

    after = {row["validator_id"]: row for row in VoteState.objects.values()}
    changed = VoteState.objects.get(validator__vote_account=replies.key("vote 1")).validator_id
    assert after == {
        key: row
        | {"slot": EPOCH * SLOTS + SLOTS // 2 + 9, "looked_at": after[key]["looked_at"]}
        | ({"pending_rewards": 7} if key == changed else {})
        for key, row in before.items()
    }
    assert all(after[key]["looked_at"] > row["looked_at"] for key, row in before.items())


def test_accounts_are_asked_for_by_the_hundred_not_older_than_the_votes(node: AccountsEndpoint) -> None:
    node.current = replies.accounts(150)
    for number in range(150):
        holds(node, number)

    look(node)

    assert [count for count, _ in node.questions] == [100, 50]
    least = {options["minContextSlot"] for _, options in node.questions}
    assert least == {EPOCH * SLOTS + SLOTS // 2}
