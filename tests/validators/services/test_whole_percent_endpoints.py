"""A commission stays what it is between an endpoint that tells basis points and one that tells percent."""

from typing import Any

import pytest

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, epoch_credits
from validators import tasks
from validators.models import CommissionChange, Validator, ValidatorEpoch, ValidatorEvent

pytestmark = [pytest.mark.django_db, pytest.mark.database]

EXACT = (550, 650, 1_050, 500)


def look(endpoint: CannedEndpoint, told: dict[str, list[int]], *, epoch: int = EPOCH) -> None:
    """One fetch; each account is told by the fields of `told`, in the order of the accounts."""
    tuples = epoch_credits(*[6_900_000] * 4, 5, last=epoch)
    endpoint.epoch_infos = [replies.epoch_info(epoch)]
    fields: dict[str, Any] = {"commission": None, "inflationRewardsCommissionBps": None}
    endpoint.current = [
        replies.account(number, epochCredits=tuples, **fields | {name: told[name][number] for name in told})
        for number in range(len(next(iter(told.values()))))
    ]
    tasks.fetch_validators()


def exactly(endpoint: CannedEndpoint, *bps: int, epoch: int = EPOCH) -> None:
    look(endpoint, {"inflationRewardsCommissionBps": list(bps)}, epoch=epoch)


def whole(endpoint: CannedEndpoint, *percent: int, epoch: int = EPOCH) -> None:
    look(endpoint, {"commission": list(percent)}, epoch=epoch)


def stored() -> list[int | None]:
    return list(Validator.objects.order_by("pk").values_list("commission_bps", flat=True))


@pytest.mark.parametrize("percent", [(5, 6, 10, 5), (6, 7, 11, 5)])
def test_a_rounded_commission_is_no_change(percent: tuple[int, ...], endpoint: CannedEndpoint) -> None:
    for epoch in (EPOCH, EPOCH + 1):
        for _ in range(2):
            exactly(endpoint, *EXACT, epoch=epoch)
            whole(endpoint, *percent, epoch=epoch)
            whole(endpoint, *percent, epoch=epoch)

    assert stored() == list(EXACT)
    assert not CommissionChange.objects.exists()
    assert not ValidatorEvent.objects.exists()
    rows = ValidatorEpoch.objects.filter(epoch__gte=EPOCH).order_by("validator", "epoch")
    columns = ("commission_first_bps", "commission_last_bps", "commission_min_bps", "commission_max_bps")
    assert list(rows.values_list(*columns)) == [(bps,) * 4 for bps in EXACT for _ in range(2)]
    assert set(map(tuple, Validator.objects.values_list("commission_flags", flat=True))) == {()}


def test_many_rounded_ones_make_no_look_doubtful(endpoint: CannedEndpoint) -> None:
    exactly(endpoint, *[550] * 20)
    whole(endpoint, *[6] * 20)
    assert stored() == [550] * 20


def test_a_change_that_shows_in_whole_percent_is_told_at_once(endpoint: CannedEndpoint) -> None:
    exactly(endpoint, *EXACT)
    # The third is rounded up, which this node does not do, and the last one was told exactly.
    whole(endpoint, 7, 6, 11, 4)
    assert stored() == [700, 650, 1_050, 400]
    whole(endpoint, 7, 6, 11, 4)
    exactly(endpoint, 700, 650, 1_050, 450)
    assert stored() == [700, 650, 1_050, 450]


def test_one_that_returns_is_as_it_was_known(endpoint: CannedEndpoint) -> None:
    exactly(endpoint, *[550] * 30)
    exactly(endpoint, *[550] * 29)
    whole(endpoint, *[6] * 30)

    assert stored() == [550] * 30
    assert not CommissionChange.objects.exists()
