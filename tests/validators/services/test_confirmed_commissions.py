"""A change of commission that one look saw is told as seen once; what stays for ever takes a second one."""

from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.validators.account_endpoints import AccountsEndpoint
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH
from tests.validators.services.commissions import first, look, looks
from tests.validators.services.vote_accounts import holds
from validators import tasks
from validators.models import CommissionChange, CommissionSource, Validator, ValidatorEpoch
from validators.services.confirmations import confirm_commissions
from validators.services.flags import flag_above_half, refresh_commission_flags

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ABOVE_HALF, CROSSED = "above 50 %", "crossed 10 % upward"
JUMPED, UP_AND_BACK = "three points or more upward within one epoch", "up and back within one epoch"


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


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL chooses by how many rows there are")
def test_a_newcomer_is_confirmed_without_going_through_all_epochs_of_everybody(
    endpoint: CannedEndpoint,
) -> None:
    for count in (9, 9, 10):
        look(endpoint, *[500] * count)

    with CaptureQueriesContext(connection) as asked:
        look(endpoint, *[500] * 10)

    assert not Validator.objects.filter(commission_confirmed_bps=None).exists()
    with connection.cursor() as cursor:
        for sql in (query["sql"] for query in asked if query["sql"].startswith("SELECT")):
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert "SCAN validators_validatorepoch" not in str(cursor.fetchall()), sql


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
