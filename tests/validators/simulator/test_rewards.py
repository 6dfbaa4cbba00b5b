"""The closed forms against the rule itself, slot by slot."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.leaders import Attendance, Schedule, draw_schedule
from validators.simulator.rewards import Payment, first_paying_turn, payments

POOL = 22_000_000_000_000
HALF = SLOTS_PER_EPOCH // 2
ATTENDANCES = [
    Attendance(40_000_000_000_000_003, skip_rate=0.01),
    Attendance(7_000_000_000_000_001, away_from=20_000, away_until=40_001, skip_rate=0.05),
    Attendance(11_000_000_000_000_000, missed_percent=13, skip_rate=0.03),
    None,
    Attendance(123_456_789_012, away_from=0, away_until=300),
    Attendance(5_000_000_000_000_000, away_from=0),
]


@pytest.fixture(scope="module")
def schedule() -> Schedule:
    return draw_schedule("trial", ATTENDANCES)


def votes(seat: int, who: Attendance, block_slot: int) -> bool:
    """Whether somebody's vote is in the certificate that a block of a slot carries."""
    turn = block_slot // 4
    voted_in = max(0, block_slot - 8) // 4
    is_napping = (turn + seat) % 100 < who.missed_percent
    return not is_napping and not who.away_from <= voted_in < who.away_until


def paid_slot_by_slot(schedule: Schedule, *, first_slot: int, slots: int) -> list[Payment]:
    total = sum(who.weight for who in ATTENDANCES if who)
    voting: Counter[int] = Counter()
    leading: Counter[int] = Counter()
    for slot in range(first_slot, slots):
        turn = slot // 4
        if slot % 4 < schedule.lost[turn]:
            continue
        for seat, who in enumerate(ATTENDANCES):
            if who and votes(seat, who, slot):
                reward = POOL * who.weight // (SLOTS_PER_EPOCH * total)
                voting[seat] += reward // 2
                leading[schedule.leaders[turn]] += reward - reward // 2
    return [Payment(voting[seat], leading[seat]) for seat in range(len(ATTENDANCES))]


@pytest.mark.parametrize(
    ("first_slot", "slots"), [(0, SLOTS_PER_EPOCH), (0, 170_003), (0, 1), (HALF + 8, HALF + 100_002)]
)
def test_closed_forms_pay_what_the_rule_pays_slot_by_slot(
    schedule: Schedule, first_slot: int, slots: int
) -> None:
    paid = payments(schedule, ATTENDANCES, pool=POOL, first_turn=first_slot // 4, slots=slots)

    assert paid == paid_slot_by_slot(schedule, first_slot=first_slot, slots=slots)


def test_nothing_is_paid_before_the_first_certificate_of_a_migration(schedule: Schedule) -> None:
    first = first_paying_turn(HALF)

    assert first * 4 == HALF + 8
    nothing = payments(schedule, ATTENDANCES, pool=POOL, first_turn=first, slots=HALF + 8)
    assert set(nothing) == {Payment(0, 0)}


def test_who_is_not_in_the_set_or_away_throughout_gets_nothing(schedule: Schedule) -> None:
    paid = payments(schedule, ATTENDANCES, pool=POOL)

    assert paid[3] == paid[5] == Payment(0, 0)
    # A tiny one votes, and leads nothing.
    assert paid[4].voting > 0 == paid[4].leading


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(min_value=10**9, max_value=10**17), min_size=1, max_size=30), st.integers())
def test_perfect_voters_get_their_half_of_the_pool_by_stake_whatever_they_lead(
    weights: list[int], luck: int
) -> None:
    attendances = [Attendance(weight, skip_rate=0.02) for weight in weights]
    schedule = draw_schedule(str(luck), attendances)
    paid = payments(schedule, attendances, pool=POOL)
    blocks = SLOTS_PER_EPOCH - sum(schedule.lost)

    for weight, payment in zip(weights, paid, strict=True):
        exact = POOL * weight * blocks / (2 * SLOTS_PER_EPOCH * sum(weights))
        # A vote's half is rounded down, so at most one lamport and a half of each is lost.
        assert exact - 1.5 * blocks <= payment.voting <= exact * (1 + 1e-12)
    voting, leading = (sum(getattr(payment, name) for payment in paid) for name in ("voting", "leading"))
    assert 0 <= leading - voting <= blocks * len(weights)


def test_a_set_without_anybody_has_no_leaders_and_pays_nothing() -> None:
    schedule = draw_schedule("trial", [None, None])

    assert schedule.production(0, SLOTS_PER_EPOCH - 1) == {}
    assert payments(schedule, [None, None], pool=POOL) == [Payment(0, 0)] * 2


def test_naps_and_an_absence_together_are_refused() -> None:
    with pytest.raises(ValueError, match="counted twice"):
        Attendance(1, away_from=5, missed_percent=3)
