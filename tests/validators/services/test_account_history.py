"""Sixty-four epochs at once: what every vote account remembers fills the history that nobody saw."""

from typing import Any

import pytest

from tests.validators import replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.replies import EPOCH, SENTINEL, epoch_credits
from tests.validators.rows import NOON
from tests.validators.services.vote_accounts import ENOUGH, holds
from validators import tasks
from validators.models import ClusterEpoch, Fetch, Validator, ValidatorEpoch

pytestmark = [pytest.mark.django_db, pytest.mark.database]

FULL = 6_900_000
LONG = epoch_credits(*[FULL] * 63, 5)


def remembers(node: AccountsEndpoint, number: int, credits: list[list[int]]) -> None:
    """All of it in the account, the last five epochs of it among the votes."""
    node.current[number] = node.current[number] | {"epochCredits": credits[-5:]}
    holds(node, number, credits=credits)


@pytest.fixture
def remembering(node: AccountsEndpoint) -> AccountsEndpoint:
    for number in range(3):
        remembers(node, number, LONG)
    return node


def filled() -> int:
    tasks.fetch_validators()
    count: int = tasks.fetch_vote_states()["epoch_rows_filled"]
    return count


def rows(number: int = 0) -> dict[int, Any]:
    found = ValidatorEpoch.objects.filter(validator__vote_account=replies.key(f"vote {number}"))
    return {row.epoch: row for row in found}


def test_every_ended_epoch_that_is_remembered_and_not_known_becomes_a_row(
    remembering: AccountsEndpoint,
) -> None:
    assert filled() == 3 * 59

    found = rows()
    assert sorted(found) == list(range(EPOCH - 63, EPOCH + 1))
    oldest = found[EPOCH - 63]
    assert (oldest.credits, oldest.credits_unit, oldest.source) == (FULL, "vote_credits", "account")
    assert oldest.cumulative_credits_at_start == 1_000_000_000
    unknown = ("activated_stake", "commission_last_bps", "leader_slots", "blocks_produced", "skip_rate")
    assert [getattr(oldest, field) for field in unknown] == [None] * 5
    assert (oldest.fetches, oldest.identity, oldest.blocks_basis) == (0, "", "")
    assert {row.source for epoch, row in found.items() if epoch >= EPOCH - 4} == {"live"}


def test_who_missed_the_epoch_of_the_migration_earned_none_of_its_lamports(node: AccountsEndpoint) -> None:
    """In the epochs between it earned nothing of what the cluster counts in each."""
    split = EPOCH - 10
    [before, *_, after] = epoch_credits(*[FULL] * 20)
    for number in range(2):
        remembers(node, number, [*epoch_credits(*[FULL] * 10)[:-1]])
    remembers(node, 2, [before, after])
    tasks.fetch_validators()
    Fetch.objects.update(split_epoch=split)

    tasks.fetch_vote_states()

    filled = {epoch: row.credits_unit for epoch, row in rows(2).items() if row.source == "account"}
    assert filled == {
        epoch: "lamports" if epoch >= split else "vote_credits" for epoch in range(before[0] + 1, EPOCH - 4)
    }


def test_what_was_seen_live_or_imported_stays_unless_it_is_not_final(remembering: AccountsEndpoint) -> None:
    tasks.fetch_validators()
    one = Validator.objects.get(vote_account=replies.key("vote 0"))
    told = {"credits_unit": "vote_credits", "fetched_at": NOON, "activated_stake": 7}
    one.epochs.create(epoch=EPOCH - 20, credits=11, source="imported", **told)
    one.epochs.create(epoch=EPOCH - 21, credits=None, source="live", **told)
    one.epochs.create(epoch=EPOCH - 22, credits=12, source="live", credits_final=False, **told)

    assert tasks.fetch_vote_states()["epoch_rows_filled"] == 3 * 59 - 2

    assert (rows()[EPOCH - 20].credits, rows()[EPOCH - 20].source) == (11, "imported")
    assert (rows()[EPOCH - 21].credits, rows()[EPOCH - 21].source) == (None, "live")
    finished = rows()[EPOCH - 22]
    assert (finished.credits, finished.credits_final, finished.source) == (FULL, True, "live")
    assert finished.activated_stake == 7


def test_a_second_fetch_fills_nothing_more(remembering: AccountsEndpoint) -> None:
    filled()
    before = list(ValidatorEpoch.objects.order_by("pk").values())
    ValidatorEpoch.objects.filter(epoch=EPOCH - 40).delete()

    assert filled() == 0

    assert [row["id"] for row in before if row["epoch"] != EPOCH - 40] == list(
        ValidatorEpoch.objects.order_by("pk").values_list("pk", flat=True)
    )


def test_who_joins_later_brings_its_own_past(remembering: AccountsEndpoint) -> None:
    filled()
    remembering.current.append(replies.account(3))
    remembers(remembering, 3, LONG)

    assert filled() == 59


def test_an_epoch_without_a_tuple_between_two_others_earned_nothing(node: AccountsEndpoint) -> None:
    gap = [one for one in LONG if one[0] not in (EPOCH - 30, EPOCH - 29)]
    remembers(node, 0, gap)

    filled()

    found = rows()
    assert [found[epoch].credits for epoch in range(EPOCH - 31, EPOCH - 27)] == [FULL, 0, 0, FULL]
    assert found[EPOCH - 30].cumulative_credits_at_start is None
    # Before its first tuple an account may not have been there.
    assert min(found) == EPOCH - 63


def test_the_migration_is_remembered_in_both_units(node: AccountsEndpoint) -> None:
    split = EPOCH - 10
    votes = epoch_credits(*[FULL] * 20, 3_000_000, last=split)
    total = votes[-1][1]
    lamports = epoch_credits(*[10**9] * 11, last=EPOCH, before=total)
    for number in range(3):
        remembers(node, number, [*votes, SENTINEL, *lamports])
    tasks.fetch_validators()

    tasks.fetch_vote_states()

    found = rows()
    assert (found[split - 1].credits, found[split - 1].credits_unit) == (FULL, "vote_credits")
    assert (found[split].credits, found[split].credits_before_split) == (10**9, 3_000_000)
    assert {found[epoch].credits_unit for epoch in range(split, EPOCH)} == {"lamports"}
    units = dict(ClusterEpoch.objects.values_list("epoch", "credits_unit"))
    assert [units[epoch] for epoch in (split - 1, split, split + 1)] == [
        "vote_credits",
        "lamports",
        "lamports",
    ]


def test_votes_of_a_past_that_nobody_saw_are_judged(remembering: AccountsEndpoint) -> None:
    """Against the mean of the others; where a stake is unknown, the present one stands in."""
    lazy = epoch_credits(*[FULL // 2] * 63, 5)
    remembers(remembering, 2, lazy)

    filled()

    mean = (2 * FULL + FULL // 2) / 3
    assert ClusterEpoch.objects.get(epoch=EPOCH - 50).mean_credits == pytest.approx(mean)
    assert rows()[EPOCH - 50].vote_performance == pytest.approx(FULL / mean)
    assert rows(2)[EPOCH - 50].vote_performance == pytest.approx(FULL // 2 / mean)
    assert rows()[EPOCH - 50].leader_luck is None


def test_a_past_that_contradicts_itself_is_left_out_alone(
    remembering: AccountsEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    impossible = [list(one) for one in LONG]
    impossible[10] = [impossible[10][0], impossible[10][2] + 10**9, impossible[10][2]]
    holds(remembering, 1, balance=ENOUGH, credits=impossible)

    assert filled() == 2 * 59

    assert min(rows(1)) == EPOCH - 4
    assert "is left out" in caplog.text
