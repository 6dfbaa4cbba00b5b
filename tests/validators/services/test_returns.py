"""What stakers earned in ended epochs, against the same by hand."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.histories import file_of, line
from tests.validators.replies import EPOCH, SOL, epoch_credits
from tests.validators.rows import validator
from tests.validators.services.epochs import (
    EPOCH_SECONDS,
    NOON,
    PER_LAMPORT,
    earned_through,
    look_at,
    yearly,
)
from validators import tasks
from validators.models import ClusterEpoch, CommissionChange, Validator, ValidatorEpoch
from validators.services.returns import refresh_ended

pytestmark = [pytest.mark.django_db, pytest.mark.database]

FIRST = replies.key("node first")


def first() -> Validator:
    return Validator.objects.get(identity=FIRST)


def returns() -> dict[int, float | None]:
    return dict(first().epochs.order_by("epoch").values_list("epoch", "estimated_return"))


def test_an_ended_epochs_return_and_the_apy_follow_the_published_formula(endpoint: CannedEndpoint) -> None:
    earned_through(endpoint, epochs=5)

    by_hand = 0.95 * PER_LAMPORT
    assert returns() == {
        **dict.fromkeys(range(EPOCH - 4, EPOCH + 2)),
        EPOCH + 2: pytest.approx(by_hand, rel=1e-12),
        EPOCH + 3: pytest.approx(by_hand, rel=1e-12),
        EPOCH + 4: None,
    }
    assert first().apy == pytest.approx(yearly(by_hand), rel=1e-6)
    assert (first().apy_basis, first().apy_epochs) == ("realised", 2)


def test_a_commission_applies_two_epochs_after_its_change(endpoint: CannedEndpoint) -> None:
    """Seen between two looks of one epoch, it was made in that epoch."""
    with time_machine.travel(NOON, tick=False) as clock:
        for number in range(5):
            look_at(endpoint, EPOCH + number, inflationRewardsCommissionBps=500 if number < 2 else 5_000)
            if number == 0:
                tasks.fetch_cluster()
            if number == 1:
                clock.shift(timedelta(hours=1))
                look_at(endpoint, EPOCH + 1, slot_index=10_000, inflationRewardsCommissionBps=5_000)
                clock.shift(timedelta(hours=-1))
            clock.shift(timedelta(seconds=EPOCH_SECONDS))

    found = returns()
    assert found[EPOCH + 2] == pytest.approx(0.95 * PER_LAMPORT, rel=1e-12)
    assert found[EPOCH + 3] == pytest.approx(0.5 * PER_LAMPORT, rel=1e-12)
    [change] = CommissionChange.objects.all()
    assert (change.epoch, change.in_first_look) == (EPOCH + 1, False)


def test_between_the_two_epochs_that_a_change_may_be_of_the_return_is_unknown(
    endpoint: CannedEndpoint,
) -> None:
    """First seen in the first look of an epoch, it may have been made at the end of the one before."""
    earned_through(endpoint, epochs=5, bps={1: 5_000, 2: 5_000, 3: 5_000, 4: 5_000})

    found = returns()
    assert found[EPOCH + 2] is None
    assert found[EPOCH + 3] == pytest.approx(0.5 * PER_LAMPORT, rel=1e-12)
    [change] = CommissionChange.objects.all()
    assert (change.epoch, change.in_first_look) == (EPOCH + 1, True)


def test_a_return_is_unknown_until_the_commission_of_two_epochs_before_is(
    endpoint: CannedEndpoint, tmp_path: Path
) -> None:
    earned_through(endpoint, epochs=3)
    assert set(returns().values()) == {None}

    told = line(EPOCH - 2, "first", commission_last=3, commission_min=3)
    call_command("import_epochs", file_of(tmp_path, told), stdout=io.StringIO())

    assert returns()[EPOCH] == pytest.approx(0.97 * PER_LAMPORT, rel=1e-12)
    assert returns()[EPOCH + 1] is None
    assert first().apy == pytest.approx(yearly(0.97 * PER_LAMPORT), rel=1e-6)
    assert (first().apy_basis, first().apy_epochs) == ("realised", 1)


def test_a_commission_told_of_the_epoch_after_can_make_a_return_unknown_again(
    endpoint: CannedEndpoint, tmp_path: Path
) -> None:
    earned_through(endpoint, epochs=3)
    told = [
        line(EPOCH - 2, "first", commission_last=3, commission_min=3),
        line(EPOCH - 1, "first", commission_first=4, commission_min=4, commission_last=5),
    ]

    call_command("import_epochs", file_of(tmp_path, *told), stdout=io.StringIO())

    assert returns()[EPOCH] is None
    assert returns()[EPOCH + 1] == pytest.approx(0.95 * PER_LAMPORT, rel=1e-12)


def test_without_inflation_returns_and_apy_are_unknown(endpoint: CannedEndpoint) -> None:
    tasks.fetch_validators()
    tasks.fetch_cluster()
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 1, 10)]
    tasks.fetch_validators()

    assert not ValidatorEpoch.objects.filter(estimated_return__isnull=False).exists()
    assert not Validator.objects.filter(apy__isnull=False).exists()


def test_a_return_of_votes_needs_the_slot_time_of_its_epoch(endpoint: CannedEndpoint) -> None:
    earned_through(endpoint, epochs=4)
    assert returns()[EPOCH + 2] is not None

    ClusterEpoch.objects.filter(epoch=EPOCH + 2).update(slot_ms=None)
    assert refresh_ended([EPOCH + 2])
    assert returns()[EPOCH + 2] is None

    # Of slots half as long, inflation pays half as much in as many of them.
    ClusterEpoch.objects.filter(epoch=EPOCH + 2).update(slot_ms=200)
    assert refresh_ended([EPOCH + 2])
    assert returns()[EPOCH + 2] == pytest.approx(0.95 * PER_LAMPORT / 2, rel=1e-12)


def ended(epoch: int, unit: str = "lamports", **fields: object) -> None:
    ClusterEpoch.objects.create(epoch=epoch, credits_unit=unit, **fields)


def row(number: int, epoch: int, *, stake: int | None = 1_000 * SOL, **fields: object) -> ValidatorEpoch:
    of = Validator.objects.filter(vote_account=f"vote{number}").first() or validator(number)
    given = {"credits_unit": "lamports", "fetched_at": NOON, "activated_stake": stake}
    return ValidatorEpoch.objects.create(validator=of, epoch=epoch, **(given | fields))


def test_lamports_are_divided_by_the_stake_of_their_own_epoch() -> None:
    """Nothing else: no supply, no inflation, no slot time, no other account."""
    ended(989)
    row(1, 987, commission_last_bps=500)
    earned = row(1, 989, credits=3_000_000, stake=2_000 * SOL, commission_last_bps=9_000)
    row(2, 987, commission_last_bps=None)
    unknown = row(2, 989, credits=3_000_000)

    assert refresh_ended([989])

    earned.refresh_from_db()
    unknown.refresh_from_db()
    assert earned.estimated_return == pytest.approx(0.95 * 3_000_000 / (2_000 * SOL), rel=1e-12)
    assert unknown.estimated_return is None
    assert not refresh_ended([989])


def test_what_the_chain_recorded_of_its_payment_goes_before_inflation() -> None:
    """1,000 lamports for 2^90 points, of which this account had 6,900,000 for each of its lamports."""
    known = {"total_supply": 10**18, "inflation_validator": 0.04, "slots": 432_000, "slot_ms": 400}
    ended(989, "vote_credits", reward_points=str(2**90), rewards_total=10**15, credit_stake_sum=1e25, **known)
    row(1, 987, commission_last_bps=0)
    earned = row(1, 989, credits=6_900_000, credits_unit="vote_credits")

    refresh_ended([989])

    earned.refresh_from_db()
    assert earned.estimated_return == pytest.approx(10**15 * 6_900_000 / 2**90, rel=1e-12)


def test_the_migration_epoch_has_no_return() -> None:
    ended(989)
    row(1, 987, commission_last_bps=0)
    both = row(1, 989, credits=5_000_000, credits_before_split=3_000_000)

    refresh_ended([989])

    both.refresh_from_db()
    assert both.estimated_return is None


def test_an_account_that_counts_what_its_cluster_does_not_has_no_return() -> None:
    ended(989)
    row(1, 987, commission_last_bps=0)
    votes = row(1, 989, credits=6_900_000, credits_unit="vote_credits")

    refresh_ended([989])

    votes.refresh_from_db()
    assert votes.estimated_return is None


def test_credits_are_seen_as_they_are_paid(endpoint: CannedEndpoint) -> None:
    """A validator that earned two thirds of the others' credits gets two thirds of what they get."""
    with time_machine.travel(NOON, tick=False) as clock:
        for number in range(4):
            tuples = epoch_credits(*[4_600_000] * 4, 16_000, last=EPOCH + number)
            look_at(endpoint, EPOCH + number, epochCredits=tuples)
            if number == 0:
                tasks.fetch_cluster()
            clock.shift(timedelta(seconds=EPOCH_SECONDS))

    share = 4_600_000 / (4_600_000 * 1_000 + 6_900_000 * 3_000)
    assert returns()[EPOCH + 2] == pytest.approx(0.95 * PER_LAMPORT * 4_000 * share, rel=1e-12)
