"""Who leads which share of the slots, and who makes a block of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from validators.simulator import draws
from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.cluster import ValidatorOutlook
from validators.simulator.temperaments import Temperament

# Leaders are drawn for four slots at a time (NUM_CONSECUTIVE_LEADER_SLOTS).
_SLOTS_PER_TURN = 4

# Share of leader slots without a block while online, from and to.
_SKIP_RATES = {Temperament.FLAKY: (0.02, 0.12), Temperament.LAZY: (0.01, 0.06)}
_USUAL_SKIP_RATES = (0.0, 0.015)
_PARTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Production:
    """Leader slots so far and blocks made of them."""

    leader_slots: int
    blocks_produced: int


def production_by_identity(
    outlooks: Iterable[ValidatorOutlook], *, first: int, last: int
) -> dict[str, Production]:
    """Production over slot indexes first … last of the outlooks' epoch.

    Who has no turn in that range is left out, as on chain.
    """
    outlooks = tuple(outlooks)
    total_stake = sum(outlook.activated_stake for outlook in outlooks) or 1
    found: dict[str, Production] = {}
    for outlook in outlooks:
        turns = SLOTS_PER_EPOCH // _SLOTS_PER_TURN * outlook.activated_stake // total_stake
        slots = turns * _SLOTS_PER_TURN
        led = _led(outlook, slots, last + 1) - _led(outlook, slots, first)
        # A block counted after its slot can fall on the other side of the range's first slot.
        made = min(led, _made(outlook, slots, last + 1) - _made(outlook, slots, first))
        if led:
            known = found.get(outlook.identity, Production(0, 0))
            found[outlook.identity] = Production(known.leader_slots + led, known.blocks_produced + made)
    return found


def _led(outlook: ValidatorOutlook, slots: int, slot_index: int) -> int:
    """Leader slots before a slot index, spread evenly from an offset of the validator's own."""
    return (slots * slot_index + _phase(outlook)) // SLOTS_PER_EPOCH


def _made(outlook: ValidatorOutlook, slots: int, slot_index: int) -> int:
    """Blocks before a slot index: while it is away the count stands still."""
    low, high = _SKIP_RATES.get(outlook.seat.temperament, _USUAL_SKIP_RATES)
    skip_rate = draws.between(low, high, outlook.tenant.key, "skip", outlook.epoch)
    kept = int((1 - skip_rate) * _PARTS)
    worked = slots * outlook.shift.slots_worked(slot_index) * kept // _PARTS
    return (worked + _phase(outlook)) // SLOTS_PER_EPOCH


def _phase(outlook: ValidatorOutlook) -> int:
    return draws.number(outlook.tenant.key, "phase") % SLOTS_PER_EPOCH
