"""What tips and shared fees add in a year: by every ended epoch, also by those that brought nothing."""

from itertools import count
from typing import Any

import pytest

from tests.validators.rows import NOON, SOL, validator
from validators.models import ClusterEpoch, MevEpoch, Validator, ValidatorEpoch
from validators.services.mev_yields import refresh_mev_yields

pytestmark = [pytest.mark.django_db, pytest.mark.database]

RUNNING, SECONDS, STAKE = 900, 86_400, 100_000 * SOL
EPOCHS_IN_A_YEAR = 365.25
# The tip router's, of what lies in an account.
LEFT_BY_ROUTER = 1 - 0.0309
WITH_TIPS: dict[str, Any] = {
    "runs_jito": True,
    "commission_bps": 800,
    "tips": 5 * SOL,
    "tips_final": True,
    "settled": True,
}


def told(of: Validator, epoch: int, *, stake: int = STAKE, **fields: Any) -> None:
    """What its accounts of an ended epoch told, and its stake of then, where it had any."""
    ClusterEpoch.objects.get_or_create(
        epoch=epoch, defaults={"slots": SECONDS * 5, "slot_ms": 200, "credits_unit": "lamports"}
    )
    if stake:
        ValidatorEpoch.objects.create(
            validator=of, epoch=epoch, activated_stake=stake, credits_unit="lamports", fetched_at=NOON
        )
    MevEpoch.objects.create(validator=of, epoch=epoch, slot=1, looked_at=NOON, **fields)


def yields_of(of: Validator) -> Validator:
    refresh_mev_yields(RUNNING)
    of.refresh_from_db()
    return of


def test_shared_fees_are_what_its_commission_left_so_none_is_taken_again() -> None:
    shared = validator(1)
    fees = {"priority_commission_bps": 5_000, "priority_fees": SOL, "priority_final": True}
    told(shared, RUNNING - 1, **WITH_TIPS, **fees)

    found = yields_of(shared)

    assert found.shared_apy == pytest.approx(EPOCHS_IN_A_YEAR * SOL * LEFT_BY_ROUTER / STAKE)
    assert found.mev_apy == pytest.approx(EPOCHS_IN_A_YEAR * 5 * SOL * (LEFT_BY_ROUTER - 0.08) / STAKE)


@pytest.mark.parametrize(("stake", "basis"), [(STAKE, "realised"), (0, "estimate")])
def test_an_epoch_in_which_it_led_no_block_brought_nothing_and_counts(stake: int, basis: str) -> None:
    small = validator(1, activated_stake=STAKE)
    # It may not have been there yet: nobody knows what it ran.
    told(small, RUNNING - 4, stake=0, settled=True)
    told(small, RUNNING - 3, stake=stake, **WITH_TIPS)
    told(small, RUNNING - 2, stake=stake, settled=True)
    told(small, RUNNING - 1, stake=stake, settled=False)

    found = yields_of(small)

    in_the_mean = 5 * SOL * (LEFT_BY_ROUTER - 0.08) / 2
    assert found.mev_apy == pytest.approx(EPOCHS_IN_A_YEAR * in_the_mean / STAKE)
    assert (found.mev_apy_epochs, found.mev_apy_basis) == (2, basis)
    assert (found.runs_jito, found.mev_epoch) == (True, RUNNING - 3)


def test_of_whom_no_epoch_tells_whether_it_runs_jito_nothing_is_claimed() -> None:
    unknown = validator(1, activated_stake=STAKE)
    told(unknown, RUNNING - 1, settled=True)

    assert yields_of(unknown).mev_apy is None


@pytest.mark.parametrize(
    ("known", "news"),
    [
        # Of whom nothing was told before, nothing changed.
        (None, []),
        ((RUNNING - 5, 500), [(500, 800, RUNNING - 4), (800, 10_000, RUNNING - 1)]),
        # It ran without Jito in the epoch between: that is no commission, and no change.
        ((RUNNING - 4, 800), [(800, 10_000, RUNNING - 1)]),
        ((RUNNING - 3, None), [(800, 10_000, RUNNING - 1)]),
        # The epoch was told of before its first block.
        ((RUNNING - 1, None), [(800, 10_000, RUNNING - 1)]),
        ((RUNNING - 1, 10_000), []),
        # Longer ago than what is looked at.
        ((RUNNING - 90, 700), [(700, 800, RUNNING - 4), (800, 10_000, RUNNING - 1)]),
    ],
)
def test_another_mev_commission_than_of_the_account_before_is_news_once(
    known: tuple[int, int | None] | None, news: list[tuple[int, int, int]]
) -> None:
    epoch, bps = known or (None, None)
    raised = validator(1, mev_epoch=epoch, mev_commission_bps=bps, runs_jito=known and bps is not None)
    told(raised, RUNNING - 4, **WITH_TIPS)
    told(raised, RUNNING - 3, runs_jito=False, settled=True)
    told(raised, RUNNING - 1, **WITH_TIPS | {"commission_bps": 10_000})

    facts = [one.facts for one in refresh_mev_yields(RUNNING).news]

    assert [(one["from"], one["to"], one["epoch"]) for one in facts] == news
    assert refresh_mev_yields(RUNNING).news == []


def tuple_hash(lanes: tuple[int, ...], before: int = 2_870_177_450_012_600_261) -> int:
    """CPython's of a tuple of numbers, without its end: after each, what is turned with the next one."""
    for lane in lanes:
        turned = (before + lane * 14_029_467_366_897_019_727) % 2**64
        before = (turned << 31 | turned >> 33) * 11_400_714_785_074_694_791 % 2**64
    return before


def same_hash(key: int, tips: int, fees: int) -> tuple[int, int]:
    """Other tips and fees of whose row Python's hash is the same."""
    wanted = tuple_hash((key, RUNNING - 1, True, 800, tips, True, 500))
    inverse = pow(14_029_467_366_897_019_727, -1, 2**64)
    for other in count(tips + 1):
        lead = wanted - tuple_hash((key, RUNNING - 1, True, 800, other, True, 500))
        if (others := (fees + lead * inverse) % 2**64) < 2**60:
            return other, others
    raise AssertionError


def test_who_may_choose_lamports_cannot_make_other_rows_look_as_those_reckoned_before() -> None:
    one = validator(1)
    fees = {"priority_commission_bps": 500, "priority_fees": SOL, "priority_final": True}
    told(one, RUNNING - 1, **WITH_TIPS, **fees)
    before = yields_of(one).shared_apy
    row = MevEpoch.objects.get()
    row.tips, row.priority_fees = same_hash(one.pk, 5 * SOL, SOL)
    row.save()
    end = (True, True)
    assert hash((one.pk, RUNNING - 1, True, 800, 5 * SOL, True, 500, SOL, *end)) == hash(
        (one.pk, RUNNING - 1, True, 800, row.tips, True, 500, row.priority_fees, *end)
    )

    after = yields_of(one).shared_apy

    assert before is not None
    assert after == pytest.approx(before * row.priority_fees / SOL)
