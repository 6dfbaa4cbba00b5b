"""Who will be let into the next two epochs, by what the vote accounts and the chain say."""

from typing import Any

import pytest

from tests.validators import raw_accounts, replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.replies import EPOCH, RENT, SOL
from tests.validators.services.vote_accounts import ENOUGH, TICKET, holds, look, rule, verdict, verdicts
from validators.models import VoteState
from validators.solana import admission

pytestmark = [pytest.mark.django_db, pytest.mark.database]

UNTOLD = "nobody tells whether there is an admission rule"


def test_each_reason_is_named_and_counted(node: AccountsEndpoint) -> None:
    rule()
    holds(node, 1, bls=None)
    holds(node, 2, balance=RENT + TICKET - 1)

    result = look(node)

    assert [verdict(name)[1:] for name in range(3)] == [
        ("ok", ""),
        ("out", "no BLS key"),
        ("out", "balance below rent and ticket"),
    ]
    assert (result["admission_ok"], result["admission_out"], result["admission_unknown"]) == (1, 2, 0)
    paid = VoteState.objects.order_by("validator_id").values_list("epochs_paid", flat=True)
    assert list(paid) == [3, 3, 0]


def test_only_the_largest_are_let_in(node: AccountsEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "LARGEST_SET", 2)
    node.current = [replies.account(number, activatedStake=(3 - number) * SOL) for number in range(3)]
    rule()

    look(node)

    assert [verdict(name)[1:] for name in range(3)] == [
        ("ok", ""),
        ("ok", ""),
        ("out", "not among the 2,000 largest"),
    ]


def test_a_key_that_is_not_reported_is_unknown_and_never_out(node: AccountsEndpoint) -> None:
    """By a node that can only parse accounts, and knows of no keys."""
    rule()
    old = ("inflationRewardsCollector", "blockRevenueCollector", "blockRevenueCommissionBps")
    fields: dict[str, Any] = dict.fromkeys((*old, "pendingDelegatorRewards", "blsPubkeyCompressed"), ...)
    for number in range(3):
        info = raw_accounts.parsed_info(number, **fields)
        account = replies.key(f"vote {number}")
        node.parsed[account] = raw_accounts.sent_parsed(info, lamports=ENOUGH)
        # A layout of tomorrow.
        node.accounts[account] = raw_accounts.sent(b"\x09" + bytes(3_761))

    result = look(node)

    assert (result["admission_unknown"], result["admission_out"]) == (3, 0)
    assert set(verdicts().values()) == {("unknown", "unknown", "BLS key not reported")}
    assert set(VoteState.objects.values_list("bls_key", flat=True)) == {"not_reported"}


def test_without_a_rule_everybody_is_let_in(node: AccountsEndpoint) -> None:
    rule(None)
    holds(node, 1, bls=None)
    holds(node, 2, balance=0)

    look(node)

    assert set(verdicts().values()) == {("ok", "ok", "")}
    assert set(VoteState.objects.values_list("epochs_paid", flat=True)) == {None}


@pytest.mark.parametrize("asked", [False, True])
def test_where_nobody_tells_of_a_rule_nothing_is_known(node: AccountsEndpoint, asked: bool) -> None:
    if asked:
        rule(None, admission_from=None)

    look(node)

    assert set(verdicts().values()) == {("unknown", "unknown", UNTOLD)}


def test_a_price_that_is_not_known_is_unknown(node: AccountsEndpoint) -> None:
    rule(rent=None)
    holds(node, 1, bls=None)

    look(node)

    assert verdict(0)[1:] == ("unknown", "rent or ticket unknown")
    assert verdict(1)[1:] == ("out", "no BLS key")


def test_the_ticket_is_that_of_the_slot_time_when_the_set_is_chosen(node: AccountsEndpoint) -> None:
    """The next epoch has slots of 200 ms, so one lasts a day and costs half as much."""
    rule(slot_times=[[0, 400], [EPOCH + 1, 200]])
    holds(node, 1, balance=RENT + TICKET // 2)

    look(node)

    assert verdict(1)[1:] == ("ok", "")
    assert VoteState.objects.get(validator__vote_account=replies.key("vote 0")).epochs_paid == 6


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (EPOCH + 1, ("out", "out")),
        (EPOCH + 2, ("ok", "out")),
        (EPOCH + 3, ("ok", "ok")),
    ],
)
def test_a_rule_speaks_of_the_sets_that_it_chooses(
    node: AccountsEndpoint, since: int, expected: tuple[str, str]
) -> None:
    rule(since)
    holds(node, 1, bls=None)

    look(node)

    assert verdict(1)[:2] == expected


def test_the_next_epoch_is_what_the_last_look_before_the_boundary_said(node: AccountsEndpoint) -> None:
    rule()
    holds(node, 1, balance=0)
    look(node)
    # Topped up after the boundary: too late for the set that was chosen there.
    holds(node, 1)

    look(node, EPOCH + 1)
    assert verdict(1) == ("out", "ok", "")
    look(node, EPOCH + 1)
    assert verdict(1) == ("out", "ok", "")

    look(node, EPOCH + 2)
    assert verdict(1) == ("ok", "ok", "")


def test_an_account_that_ran_dry_after_the_boundary_is_in_the_set_chosen_there(
    node: AccountsEndpoint,
) -> None:
    rule()
    look(node)
    holds(node, 1, balance=RENT)

    look(node, EPOCH + 1)

    assert verdict(1) == ("ok", "out", "balance below rent and ticket")


def test_where_nobody_looked_before_the_boundary_a_short_balance_tells_nothing_of_it(
    node: AccountsEndpoint,
) -> None:
    """A ticket was burnt there. But a key is never taken away, so who has none had none."""
    rule()
    holds(node, 1, balance=RENT)
    holds(node, 2, bls=None)

    look(node)

    assert verdict(1) == ("unknown", "out", "balance below rent and ticket")
    assert verdict(2) == ("out", "out", "no BLS key")


def test_a_look_that_is_two_epochs_old_tells_nothing_of_the_boundary(node: AccountsEndpoint) -> None:
    rule()
    holds(node, 1, balance=0)
    look(node)

    look(node, EPOCH + 2)

    assert verdict(1) == ("unknown", "out", "balance below rent and ticket")
