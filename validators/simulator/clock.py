"""Wall-clock time in, epoch and slot out.

The chain's time is a fixed line through one origin, so a simulator that is stopped and
started again goes on where the clock says, and slots never go backwards.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

SLOTS_PER_EPOCH = 432_000

# Mainnet's nominal epoch: 432,000 slots of 400 ms.
DEFAULT_EPOCH_SECONDS = 172_800.0

# Mainnet was near epoch 900 at the turn of 2026. Earlier instants answer as the origin does.
ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
FIRST_EPOCH = 900

# Answers move on in steps, so that the methods agree with each other within a step and
# a repeated question costs nothing.
LONGEST_TICK_SECONDS = 1.0
TICKS_PER_EPOCH_AT_LEAST = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """A place on the chain: an epoch and the slot within it (0 … 431,999)."""

    epoch: int
    slot_index: int

    @property
    def absolute_slot(self) -> int:
        return self.epoch * SLOTS_PER_EPOCH + self.slot_index


def moment_at(timestamp: float, *, epoch_seconds: float) -> Moment:
    """The chain's place at a Unix timestamp, at the start of the tick it falls in."""
    elapsed = max(0.0, timestamp - ORIGIN.timestamp())
    tick_seconds = min(LONGEST_TICK_SECONDS, epoch_seconds / TICKS_PER_EPOCH_AT_LEAST)
    slots = int(elapsed // tick_seconds * tick_seconds * SLOTS_PER_EPOCH / epoch_seconds)
    epochs, slot_index = divmod(slots, SLOTS_PER_EPOCH)
    return Moment(epoch=FIRST_EPOCH + epochs, slot_index=slot_index)
