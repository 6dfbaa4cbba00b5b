"""Who led how many slots and made how many blocks of them, by identity, over any range of slots."""

from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.field import Field
from validators.simulator.leaders import Production


def production_by_identity(field: Field, *, first: int, last: int) -> dict[str, Production]:
    """Production over absolute slots first … last; who has no turn among them is left out, as on chain."""
    found: dict[str, Production] = {}
    for epoch in range(first // SLOTS_PER_EPOCH, last // SLOTS_PER_EPOCH + 1):
        start = epoch * SLOTS_PER_EPOCH
        identities = field.leader_identities(epoch)
        by_seat = field.schedule(epoch).production(
            max(first - start, 0), min(last - start, SLOTS_PER_EPOCH - 1)
        )
        for seat, more in by_seat.items():
            known = found.get(identities[seat], Production(0, 0))
            found[identities[seat]] = Production(
                known.leader_slots + more.leader_slots, known.blocks_produced + more.blocks_produced
            )
    return found
