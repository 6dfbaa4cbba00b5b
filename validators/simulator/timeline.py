"""Wall-clock time in, a place on the chain out.

Both go from one origin at a known pace, so a simulator that is stopped and started again goes on
where the clock says, and slots never go backwards.
"""

from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.world import World

# Answers move on in steps, so that the methods agree with each other within a step and
# a repeated question costs nothing.
LONGEST_TICK_SECONDS = 1.0
TICKS_PER_EPOCH_AT_LEAST = 200


def epoch_seconds(world: World, epoch: int) -> float:
    """How long an epoch lasts on the wall clock."""
    if world.epoch_seconds is not None:
        return world.epoch_seconds
    return SLOTS_PER_EPOCH * world.slot_ms(epoch) / 1_000


def moment_at(timestamp: float, world: World) -> Moment:
    """The chain's place at a Unix timestamp, at the start of the tick it falls in."""
    spans = [
        (since, until, epoch_seconds(world, since)) for since, until, _ in world.spans(world.first_epoch)
    ]
    shortest = min(seconds for _, _, seconds in spans)
    tick_seconds = min(LONGEST_TICK_SECONDS, shortest / TICKS_PER_EPOCH_AT_LEAST)
    elapsed = max(0.0, timestamp - world.origin.timestamp()) // tick_seconds * tick_seconds
    for since, until, seconds in spans:
        slots = int(elapsed * SLOTS_PER_EPOCH / seconds)
        if until is None or slots < (until - since) * SLOTS_PER_EPOCH:
            epochs, slot_index = divmod(slots, SLOTS_PER_EPOCH)
            return Moment(epoch=since + epochs, slot_index=slot_index)
        elapsed = max(0.0, elapsed - (until - since) * seconds)
    raise AssertionError("the last span has no end")
