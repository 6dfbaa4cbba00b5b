"""A place on the chain, and where the chain's time is anchored unless a caller says otherwise."""

from dataclasses import dataclass
from datetime import UTC, datetime

SLOTS_PER_EPOCH = 432_000
# Leaders are drawn for four slots at a time (NUM_CONSECUTIVE_LEADER_SLOTS).
SLOTS_PER_TURN = 4
TURNS_PER_EPOCH = SLOTS_PER_EPOCH // SLOTS_PER_TURN

# Mainnet was near epoch 900 at the turn of 2026. Earlier instants answer as the origin does.
ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
FIRST_EPOCH = 900

# Where in its epoch a cluster migrates to Alpenglow.
MIGRATION_SLOT = SLOTS_PER_EPOCH // 2

# Of all slots, some get no block.
_BLOCKS_PER_SLOT = 0.93


@dataclass(frozen=True, slots=True)
class Moment:
    """A place on the chain: an epoch and the slot within it (0 … 431,999)."""

    epoch: int
    slot_index: int

    @property
    def absolute_slot(self) -> int:
        return self.epoch * SLOTS_PER_EPOCH + self.slot_index


def first_slot_of(epoch: int) -> int:
    return epoch * SLOTS_PER_EPOCH


def block_height(slot: int) -> int:
    """How many blocks there are by an absolute slot."""
    return int(slot * _BLOCKS_PER_SLOT)
