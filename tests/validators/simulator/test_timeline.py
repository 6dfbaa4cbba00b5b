from hypothesis import given
from hypothesis import strategies as st

from validators.simulator.clock import FIRST_EPOCH, ORIGIN, SLOTS_PER_EPOCH, Moment
from validators.simulator.timeline import moment_at
from validators.simulator.world import World

EPOCH_SECONDS = st.floats(min_value=0.5, max_value=1_000_000)
AGES = st.floats(min_value=-1e6, max_value=3e8)


def at(seconds: float, epoch_seconds: float) -> Moment:
    return moment_at(ORIGIN.timestamp() + seconds, World(epoch_seconds=epoch_seconds))


def test_epochs_begin_at_the_origin_and_last_as_long_as_asked() -> None:
    moments = [at(seconds, 60) for seconds in (0, 30, 60, 150)]

    assert moments == [
        Moment(FIRST_EPOCH, 0),
        Moment(FIRST_EPOCH, 216_000),
        Moment(FIRST_EPOCH + 1, 0),
        Moment(FIRST_EPOCH + 2, 216_000),
    ]


def test_an_instant_before_the_origin_is_answered_as_the_origin() -> None:
    assert at(-1e6, 60) == Moment(FIRST_EPOCH, 0)


def test_questions_within_one_tick_get_one_moment() -> None:
    assert at(100.0, 172_800) == at(100.9, 172_800) != at(101.0, 172_800)


@given(AGES, st.floats(min_value=0, max_value=1e6), EPOCH_SECONDS)
def test_slots_never_go_backwards(age: float, later: float, epoch_seconds: float) -> None:
    before, after = at(age, epoch_seconds), at(age + later, epoch_seconds)

    assert before.absolute_slot <= after.absolute_slot
    assert 0 <= before.slot_index < SLOTS_PER_EPOCH
    assert before.absolute_slot == before.epoch * SLOTS_PER_EPOCH + before.slot_index
