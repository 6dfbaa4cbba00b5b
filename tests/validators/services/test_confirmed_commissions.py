"""A change of commission that one look saw is told as seen once; what stays for ever takes a second one."""

import re
from random import Random
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from tests.validators import replies
from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import CannedEndpoint
from tests.validators.looking import page, words
from tests.validators.replies import EPOCH, epoch_credits
from tests.validators.services.vote_accounts import holds
from validators import tasks
from validators.models import CommissionChange, CommissionSource, Validator, ValidatorEpoch
from validators.monitoring.alerts import commission_jumps
from validators.reading.terms import mark_said, marks_of
from validators.services.confirmations import confirm_commissions
from validators.services.flags import flag_above_half, refresh_commission_flags

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ABOVE_HALF, CROSSED = "above 50 %", "crossed 10 % upward"
JUMPED, UP_AND_BACK = "three points or more upward within one epoch", "up and back within one epoch"


def look(endpoint: CannedEndpoint, *bps: int, epoch: int = EPOCH) -> None:
    """One fetch that shows the accounts with these commissions."""
    tuples = epoch_credits(5, 5, 5, last=epoch)
    endpoint.epoch_infos = [replies.epoch_info(epoch)]
    endpoint.current = [
        replies.account(number, inflationRewardsCommissionBps=one, epochCredits=tuples)
        for number, one in enumerate(bps)
    ]
    tasks.fetch_validators()


def looks(endpoint: CannedEndpoint, *commissions: int | tuple[int, int]) -> None:
    """One fetch for each commission of the first account, in EPOCH or in that of the pair."""
    for one in commissions:
        epoch, bps = one if isinstance(one, tuple) else (EPOCH, one)
        look(endpoint, bps, 500, epoch=epoch)


def first() -> Validator:
    return Validator.objects.get(vote_account=replies.key("vote 0"))


def changes() -> list[tuple[int, int, bool]]:
    found = CommissionChange.objects.filter(validator=first()).order_by("pk")
    return [(one.from_bps, one.to_bps, one.is_confirmed) for one in found]


def extremes(epoch: int = EPOCH) -> tuple[Any, ...]:
    row = ValidatorEpoch.objects.get(validator=first(), epoch=epoch)
    return row.commission_min_bps, row.commission_max_bps


def test_one_odd_reply_marks_nobody_for_ever(endpoint: CannedEndpoint) -> None:
    usual = [500] * 10
    odd = [10_000] * 3 + [500] * 7
    for commissions in (usual, usual, odd, usual, usual):
        look(endpoint, *commissions)

    assert set(map(tuple, Validator.objects.values_list("commission_flags", flat=True))) == {()}
    assert changes() == [(500, 10_000, False), (10_000, 500, True)]
    assert extremes() == (500, 500)
    assert first().commission_confirmed_bps == 500


def test_nor_does_one_at_a_boundary(endpoint: CannedEndpoint) -> None:
    looks(endpoint, 500, 500, (EPOCH + 1, 10_000), (EPOCH + 1, 500), (EPOCH + 1, 500))
    assert (first().commission_flags, extremes(EPOCH + 1)) == ([], (500, 500))

    looks(endpoint, (EPOCH + 1, 10_000), (EPOCH + 2, 500), (EPOCH + 2, 500))
    assert (first().commission_flags, extremes(EPOCH + 1)) == ([], (500, 500))


@pytest.mark.parametrize(
    "commissions", [(10_000, 500, 500), (10_000, (EPOCH + 1, 500), (EPOCH + 1, 500), (EPOCH + 1, 500))]
)
def test_nor_does_the_first_look_of_all(endpoint: CannedEndpoint, commissions: Any) -> None:
    looks(endpoint, *commissions)

    assert first().commission_flags == []
    assert extremes() in ((500, 500), (None, None))


def test_two_odd_replies_that_differ_confirm_nothing(endpoint: CannedEndpoint) -> None:
    looks(endpoint, 500, 500, 10_000, 9_000, 500, 500)

    assert first().commission_flags == []
    assert [confirmed for *_, confirmed in changes()] == [False, False, True]


def test_the_next_fetch_that_shows_the_same_confirms_it(endpoint: CannedEndpoint) -> None:
    looks(endpoint, 500, 500, 1_200)
    assert (changes(), first().commission_flags, extremes()) == ([(500, 1_200, False)], [], (500, 500))

    looks(endpoint, 1_200)

    assert changes() == [(500, 1_200, True)]
    assert first().commission_flags == [CROSSED, JUMPED]
    assert extremes() == (500, 1_200)


def test_a_change_before_the_boundary_is_confirmed_behind_it(endpoint: CannedEndpoint) -> None:
    looks(endpoint, 500, 500, 1_200, (EPOCH + 1, 1_200))

    [change] = CommissionChange.objects.all()
    assert (change.epoch, change.is_confirmed) == (EPOCH, True)
    assert (extremes(), extremes(EPOCH + 1)) == ((500, 1_200), (1_200, 1_200))
    assert first().commission_flags == [CROSSED, JUMPED]


def test_one_look_in_each_epoch_sees_every_change_that_lasts(endpoint: CannedEndpoint) -> None:
    looks(endpoint, *((EPOCH + number, bps) for number, bps in enumerate((500, 500, 900, 900, 1_100, 1_100))))

    assert changes() == [(500, 900, True), (900, 1_100, True)]
    assert [extremes(EPOCH + number) for number in range(6)] == [
        *[(500, 500)] * 2,
        *[(900, 900)] * 2,
        *[(1_100, 1_100)] * 2,
    ]


def test_a_commission_above_half_from_the_beginning_takes_two_looks(endpoint: CannedEndpoint) -> None:
    looks(endpoint, 10_000)
    assert first().commission_flags == []

    looks(endpoint, 10_000)
    assert first().commission_flags == [ABOVE_HALF]


@pytest.mark.parametrize("seed", range(6))
def test_flags_of_whom_nothing_else_was_seen_are_those_of_all_that_is_stored(
    endpoint: CannedEndpoint, seed: int
) -> None:
    """Newcomers and others, whose commissions stand, move, and come back, in two epochs."""
    choice = Random(seed).choice
    high = [10_000, 5_001, 5_000, 500]
    before = [choice(high) for _ in range(16)]
    for step in range(6):
        # Few at once, or the look is not believed.
        before = [choice(high) if place in (step, step + 1) else one for place, one in enumerate(before)]
        look(endpoint, *before[: 8 + step], epoch=EPOCH + (step > 2))

        keys = list(Validator.objects.order_by("pk").values_list("pk", flat=True))
        assert not refresh_commission_flags(keys)
    assert Validator.objects.filter(commission_flags=[ABOVE_HALF]).exists()


def test_a_newcomer_above_half_whom_a_history_knows_is_flagged_by_it(endpoint: CannedEndpoint) -> None:
    looks(endpoint, 10_000)
    row = ValidatorEpoch.objects.get(validator=first(), epoch=EPOCH - 1)
    for field in ("first", "last", "min", "max"):
        setattr(row, f"commission_{field}_bps", 500)
    row.commission_source = CommissionSource.IMPORTED
    row.save()

    assert flag_above_half({first().pk: 10_000}) == set()
    assert first().commission_flags == []


def raw(node: AccountsEndpoint, bps: int) -> None:
    for number in range(len(node.current)):
        holds(node, number, bps=bps if number == 0 else 500)


def test_up_and_back_between_two_fetches_is_confirmed_by_the_raw_account(node: AccountsEndpoint) -> None:
    looks(node, 500, 500, 10_000)
    raw(node, 10_000)
    tasks.fetch_vote_states()
    assert changes() == [(500, 10_000, True)]
    assert extremes() == (500, 10_000)
    assert first().commission_flags == [ABOVE_HALF, CROSSED, JUMPED]

    looks(node, 500, 500)

    assert changes() == [(500, 10_000, True), (10_000, 500, True)]
    assert first().commission_flags == [ABOVE_HALF, CROSSED, JUMPED, UP_AND_BACK]


def test_a_raw_account_that_says_otherwise_confirms_nothing(node: AccountsEndpoint) -> None:
    looks(node, 500, 500, 10_000)
    raw(node, 500)

    tasks.fetch_vote_states()

    assert changes() == [(500, 10_000, False)]
    assert first().commission_flags == []


def test_a_second_endpoint_confirms_too_and_a_rounded_percentage_is_the_same(
    endpoint: CannedEndpoint,
) -> None:
    looks(endpoint, 500, 500, 1_200)
    key = first().pk
    at = CommissionChange.objects.get().seen_at
    assert at is not None

    assert confirm_commissions({key: 1_300}, at=at) == []
    assert confirm_commissions({key: 1_150}, at=at) == [key]
    assert confirm_commissions({key: 1_150}, at=at) == []
    assert changes() == [(500, 1_200, True)]


def test_what_was_seen_once_is_said_to_be(endpoint: CannedEndpoint, client: Client) -> None:
    looks(endpoint, 500, 500, 1_200)
    account = first().vote_account

    [change] = client.get(f"/api/v1/validators/{account}").json()["validator"]["commission_changes"]
    assert (change["confirmed"], change["confirmed_at"], change["source"]) == (False, None, "live")
    assert "seen once, not confirmed yet" in page(client, f"/validators/{account}/")
    assert "seen once, not confirmed yet" in page(client)

    looks(endpoint, 1_200)

    assert "not confirmed yet" not in page(client, f"/validators/{account}/") + page(client)


def test_what_no_second_look_saw_is_not_said_to_wait_for_one(
    endpoint: CannedEndpoint, client: Client, settings: Settings
) -> None:
    """Nor to apply: what stands when an epoch ends is what rewards are shared by."""
    looks(endpoint, 500, 500, 1_200, 500)
    account = first().vote_account
    settings.WATCHED_VALIDATORS = [account]

    back, odd = client.get(f"/api/v1/validators/{account}").json()["validator"]["commission_changes"]
    assert (odd["confirmed"], odd["followed_in_epoch"], back["followed_in_epoch"]) == (False, EPOCH, None)
    text = words(page(client, f"/validators/{account}/"))
    assert f"5 % 12 % seen once, never confirmed never: it changed again in epoch {EPOCH} " in text
    assert f"12 % 5 % {EPOCH + 2} " in text
    assert "not confirmed yet" not in text
    # It is where it was: beside it in the list stands no change.
    assert "from 12 %" not in page(client)
    [trouble] = commission_jumps(now=timezone.now())
    assert trouble.message.endswith(f"from 5 % to 12 % in epoch {EPOCH}; seen once, never confirmed.")


def test_what_may_have_been_made_before_the_epoch_that_saw_it_may_have_applied(
    endpoint: CannedEndpoint, client: Client
) -> None:
    late = EPOCH + 1
    looks(endpoint, 500, 500, (late, 1_200), (late, 1_200), (late, 700), (late, 700))

    text = words(page(client, f"/validators/{first().vote_account}/"))

    assert f"5 % 12 % {EPOCH + 2} or never: it changed again in epoch {late} " in text
    assert f"12 % 7 % {late + 2} " in text


def test_what_another_may_have_followed_before_its_epoch_ended_may_never_have_applied(
    endpoint: CannedEndpoint, client: Client
) -> None:
    """What the first look of the next epoch sees may have been made on either side of the boundary."""
    late = EPOCH + 1
    looks(endpoint, 500, 500, 1_200, 1_200, (late, 700), (late, 700))
    account = first().vote_account

    back, there = client.get(f"/api/v1/validators/{account}").json()["validator"]["commission_changes"]
    told = ("followed_in_epoch", "followed_in_epoch_at_earliest")
    assert [there[name] for name in told] == [late, EPOCH]
    assert [back[name] for name in told] == [None, None]
    text = words(page(client, f"/validators/{account}/"))
    assert f"5 % 12 % {EPOCH + 2}, or never: it may have changed again in epoch {EPOCH} " in text
    assert f"12 % 7 % {EPOCH + 2} or {late + 2} " in text


def said() -> list[str]:
    return [mark_said(mark) for mark in marks_of([first().pk])[first().pk]]


def test_a_flag_that_the_first_look_of_an_epoch_shows_may_be_of_the_one_before(
    endpoint: CannedEndpoint,
) -> None:
    later = EPOCH + 1
    looks(endpoint, 500, 500, (later, 2_000), (later, 2_000))
    assert said() == [
        f"crossed 10 % upward in epoch {EPOCH} or {later}: from 5 % to 20 %",
        f"three points or more upward in epoch {EPOCH} or {later}: from 5 % to 20 %",
    ]

    looks(endpoint, (later, 500), (later, 500))
    up_and_back = f"up in epoch {EPOCH} or {later} and back in {later}: from 5 % to 20 % and back"
    assert up_and_back in said()


def test_a_flag_of_what_changed_between_two_looks_of_an_epoch_is_of_that(endpoint: CannedEndpoint) -> None:
    looks(endpoint, 500, 500, 2_000, 2_000, (EPOCH + 1, 2_000))
    assert said() == [
        f"crossed 10 % upward in epoch {EPOCH}: from 5 % to 20 %",
        f"three points or more upward within epoch {EPOCH}: from 5 % to 20 %",
    ]


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        ((10_000, 9_000, 500), []),
        ((1_000, 1_000, 8_000, 1_000), ["from 5 %"]),
        ((1_000, 1_000, 800, 800), ["from 10 %"]),
    ],
)
def test_the_list_shows_the_newest_change_that_is_left(
    endpoint: CannedEndpoint, client: Client, after: tuple[int, ...], shown: list[str]
) -> None:
    looks(endpoint, 500, 500, *after)

    assert re.findall(rf"(from \d+ %) in epoch {EPOCH}<", page(client)) == shown
