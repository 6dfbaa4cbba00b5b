"""How long slots last, and what follows from that: the chain's own table, as SIMD-0525 has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.solana.slot_times import (
    GENESIS_MS,
    LEAST_SLOTS_MEASURED,
    SLOT_TIMES_MS,
    epoch_of_slot,
    measured_slot_ms,
    nearest_slot_ms,
    nominal_seconds,
    slot_ms_in,
    slot_times,
    slots_per_year,
    ticket,
)

# milliseconds, slots per year, hours of an epoch, SOL of a ticket
TABLE = [
    (400, 78_892_314.984, 48, 1.6),
    (350, 90_162_645.696, 42, 1.4),
    (300, 105_189_753.312, 36, 1.2),
    (250, 126_227_703.974, 30, 1.0),
    (200, 157_784_629.968, 24, 0.8),
]
# Mainnet's: activated in the epoch before each came into effect.
MAINNET = [(350, 1_019), (300, 1_023), (250, 1_036)]

some_activations = st.lists(st.tuples(st.sampled_from(SLOT_TIMES_MS[1:]), st.integers(0, 50)), max_size=8)


def test_the_table_is_of_all_slot_times_there_are() -> None:
    assert tuple(row[0] for row in TABLE) == SLOT_TIMES_MS


@pytest.mark.parametrize(("ms", "per_year", "hours", "sol"), TABLE)
def test_each_slot_time_has_its_year_its_epoch_and_its_ticket(
    ms: int, per_year: float, hours: int, sol: float
) -> None:
    assert slots_per_year(ms) == pytest.approx(per_year, abs=0.001)
    assert nominal_seconds(432_000, ms) == hours * 3_600
    assert ticket(ms) == round(sol * 10**9)


def test_a_slot_time_is_in_effect_from_the_epoch_after_its_activation() -> None:
    times = slot_times(MAINNET)

    assert times == ((0, 400), (1_020, 350), (1_024, 300), (1_037, 250))
    asked = (0, 1_019, 1_020, 1_023, 1_024, 1_036, 1_037, 5_000)
    assert [slot_ms_in(times, epoch) for epoch in asked] == [400, 400, 350, 350, 300, 300, 250, 250]


def test_the_shortest_of_one_epoch_wins_and_a_longer_one_later_changes_nothing() -> None:
    assert slot_times([(300, 7), (200, 7), (250, 7), (350, 9)]) == ((0, 400), (8, 200))
    assert slot_times([]) == ((0, GENESIS_MS),)


@given(some_activations, st.integers(0, 60))
def test_in_every_epoch_the_shortest_activated_before_it_is_in_effect(
    activations: list[tuple[int, int]], epoch: int
) -> None:
    in_effect = [ms for ms, activated in activations if activated < epoch]

    assert slot_ms_in(slot_times(activations), epoch) == min([*in_effect, GENESIS_MS])


@given(some_activations, st.randoms(use_true_random=False))
def test_the_order_in_which_features_are_read_means_nothing(
    activations: list[tuple[int, int]], random: object
) -> None:
    shuffled = list(activations)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert slot_times(shuffled) == slot_times(activations)


@pytest.mark.parametrize(
    ("measured", "row"),
    [(410, 400), (374.2, 400), (374.1, 350), (203, 200), (223, 200), (224, 250), (1.4, 200), (9_000, 400)],
)
def test_a_pace_belongs_to_the_row_nearest_by_ratio(measured: float, row: int) -> None:
    """Between 350 and 400 that is their geometric mean, 374.17; between 200 and 250, 223.6."""
    assert nearest_slot_ms(measured) == row


def test_too_few_slots_or_a_clock_that_stands_tell_no_pace() -> None:
    assert measured_slot_ms(slots=LEAST_SLOTS_MEASURED, seconds=250) == 250
    assert measured_slot_ms(slots=LEAST_SLOTS_MEASURED - 1, seconds=250) is None
    assert measured_slot_ms(slots=5_000, seconds=0) is None
    assert measured_slot_ms(slots=5_000, seconds=-3) is None


# Testnet began with epochs of 32, 64, 128 … slots, up to 8192 in this one.
WARM_UP = {epoch: 32 * 2**epoch for epoch in range(8)}


def warm(epoch: int) -> int:
    """The first slot of an epoch after such a warm-up."""
    return sum(WARM_UP.get(one, 8_192) for one in range(epoch))


@given(st.integers(0, 400_000), st.integers(0, 40))
def test_epochs_are_counted_by_their_own_lengths_also_where_a_warm_up_was(slot: int, known: int) -> None:
    """Whichever epoch it is counted from, forwards or back."""
    lengths = WARM_UP | {8: 8_192, known: WARM_UP.get(known, 8_192)}

    found = epoch_of_slot(slot, epoch=known, first_slot=warm(known), lengths=lengths)

    assert warm(found) <= slot < warm(found + 1)


def test_without_their_lengths_epochs_are_as_long_as_the_nearest_that_is_known() -> None:
    lengths = {990: 432_000}
    first = 990 * 432_000

    for slot, epoch in ((first, 990), (first - 1, 989), (first + 432_000, 991), (1_020 * 432_000 - 1, 1_019)):
        assert epoch_of_slot(slot, epoch=990, first_slot=first, lengths=lengths) == epoch


def test_before_the_first_slot_there_is_no_epoch_below_0() -> None:
    assert epoch_of_slot(5, epoch=3, first_slot=1_000, lengths={3: 100}) == 0
