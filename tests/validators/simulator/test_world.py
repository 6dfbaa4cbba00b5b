from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.simulator.admission import ticket
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.economy import epoch_pool, inflation_at, supply_at
from validators.simulator.timeline import epoch_seconds, moment_at
from validators.simulator.world import MAINNET_TODAY, SlotTimesError, World, parse_slot_times

ORIGIN = MAINNET_TODAY.origin.timestamp()
DAY = 86_400
TURNING = World(
    first_epoch=1_070,
    origin=datetime(2026, 11, 1, tzinfo=UTC),
    slot_times=((1_020, 350), (1_072, 250), (1_073, 200)),
)


@pytest.mark.parametrize(
    ("epoch", "ms", "slots_per_year", "hours", "tickets"),
    [
        (1_019, 400, 78_892_314.984, 48, 1.6),
        (1_020, 350, 90_162_645.696, 42, 1.4),
        (1_036, 300, 105_189_753.312, 36, 1.2),
        (1_071, 250, 126_227_703.974, 30, 1.0),
        (1_100, 200, 157_784_629.968, 24, 0.8),
    ],
)
def test_mainnets_slot_times_give_the_years_epochs_and_tickets_of_its_table(
    epoch: int, ms: int, slots_per_year: float, hours: int, tickets: float
) -> None:
    assert MAINNET_TODAY.slot_ms(epoch) == ms
    assert float(MAINNET_TODAY.slots_per_year(epoch)) == pytest.approx(slots_per_year, abs=0.001)
    assert epoch_seconds(MAINNET_TODAY, epoch) == hours * 3_600
    assert ticket(MAINNET_TODAY, epoch) == tickets * 10**9


def test_half_the_slot_time_is_half_the_pool() -> None:
    slow, fast = World(first_epoch=1_100), World(first_epoch=1_100, slot_times=((1_100, 200),))

    assert epoch_pool(fast, 1_100) == pytest.approx(epoch_pool(slow, 1_100) / 2, abs=1)


def test_the_pool_of_an_epoch_is_supply_times_inflation_by_its_share_of_a_year() -> None:
    supply, rate = supply_at(MAINNET_TODAY, 1_100).total, inflation_at(MAINNET_TODAY, 1_100).validator

    pool = supply * rate * 432_000 / 157_784_629.968
    assert epoch_pool(MAINNET_TODAY, 1_100) == pytest.approx(pool, rel=1e-9)
    assert 0.03 < rate < 0.04


def test_epochs_become_shorter_where_slots_do() -> None:
    start = TURNING.origin.timestamp()
    long, short = 432_000 * 0.35, 432_000 * 0.25

    assert moment_at(start + 2 * long - 1, TURNING).epoch == 1_071
    assert moment_at(start + 2 * long, TURNING) == Moment(1_072, 0)
    assert moment_at(start + 2 * long + short / 2, TURNING) == Moment(1_072, SLOTS_PER_EPOCH // 2)
    assert moment_at(start + 2 * long + short + 5 * DAY, TURNING) == Moment(1_078, 0)


@given(st.floats(min_value=-1e5, max_value=1e8), st.floats(min_value=0, max_value=1e6))
def test_slots_never_go_backwards_across_a_change_of_the_slot_time(age: float, later: float) -> None:
    start = TURNING.origin.timestamp() + age

    assert moment_at(start, TURNING).absolute_slot <= moment_at(start + later, TURNING).absolute_slot


def test_chain_time_is_the_wall_clocks_unless_the_cluster_is_hurried() -> None:
    for seconds in (0, 3 * DAY, 40.5 * DAY):
        moment = moment_at(TURNING.origin.timestamp() + seconds, TURNING)
        assert TURNING.chain_time(moment) - TURNING.origin.timestamp() == pytest.approx(seconds, abs=1)

    assert MAINNET_TODAY.chain_time(Moment(1_101, 0)) - ORIGIN == DAY
    assert MAINNET_TODAY.chain_time(Moment(1_099, SLOTS_PER_EPOCH // 2)) - ORIGIN == -DAY / 2


def test_a_hurried_cluster_keeps_the_chains_own_time() -> None:
    hurried = World(
        first_epoch=1_100, origin=MAINNET_TODAY.origin, slot_times=MAINNET_TODAY.slot_times, epoch_seconds=60
    )
    moment = moment_at(ORIGIN + 90, hurried)

    assert moment == Moment(1_101, SLOTS_PER_EPOCH // 2)
    assert hurried.chain_time(moment) - ORIGIN == 1.5 * DAY


def test_a_table_of_slot_times_is_read() -> None:
    assert parse_slot_times("1020:350, 1024:300,1037:250,1072:200") == MAINNET_TODAY.slot_times
    assert parse_slot_times("") == ()


@pytest.mark.parametrize(
    "text", ["1020", "1020:x", "-5:350", "1020:400", "1020:320", "1020:350,1020:300", "1020:300,1024:350"]
)
def test_a_table_that_no_chain_could_have_is_refused_with_the_part_at_fault(text: str) -> None:
    with pytest.raises(SlotTimesError, match="Slot time '"):
        parse_slot_times(text)
