"""Who is let into the set of an epoch, and what a vote account holds to that end (SIMD-0357, SIMD-0525).

An account is in the set of epoch N+1 if, at the first slot of N, it is of vote state v4, has a BLS
key, and holds the rent and a ticket. The ticket is burnt at the start of every epoch it is in.
"""

from enum import StrEnum

from validators.simulator import draws
from validators.simulator.seats import Seat
from validators.simulator.temperaments import Temperament
from validators.simulator.world import World


class Papers(StrEnum):
    COMPLETE = "complete"
    NO_BLS_KEY = "no BLS key"
    OLD_STATE = "vote state v3"
    POOR = "less than the rent and a ticket, always"
    # Tickets are bought for nine epochs at a time and used up, and nobody looks for seven epochs.
    LAST_TICKET = "one ticket left in the first epoch"
    NEXT_TO_LAST_TICKET = "two tickets left in the first epoch"


# By place among so many seats; steady ones, and no more than two in a cluster of 60, where each
# is a part of the stake that would be seen in every mean.
_SEATS_PER_FAILURE = 141
_FAILURES = {
    13: Papers.NO_BLS_KEY,
    14: Papers.LAST_TICKET,
    60: Papers.OLD_STATE,
    61: Papers.POOR,
    62: Papers.NEXT_TO_LAST_TICKET,
}

_LAMPORTS_OF_TICKET_PER_MS = 4_000_000
_BYTES_OF_OVERHEAD, _LAMPORTS_PER_BYTE = 128, 6_960
VOTE_ACCOUNT_BYTES = 3_762

_CYCLE = 16
_TICKETS_BOUGHT = 9
_PLACES_AT_FIRST_EPOCH = {Papers.LAST_TICKET: 8, Papers.NEXT_TO_LAST_TICKET: 7}
_USUAL_TICKETS, _TICKETS_REFILLED = 3, 6
_MOST_DUST = 10_000_000


def papers_of(seat: Seat) -> Papers:
    if seat.temperament != Temperament.STEADY:
        return Papers.COMPLETE
    return _FAILURES.get(seat.index % _SEATS_PER_FAILURE, Papers.COMPLETE)


def ticket(world: World, epoch: int) -> int:
    """Lamports burnt for an epoch: 1.6 SOL at 400 ms, and less in proportion."""
    return _LAMPORTS_OF_TICKET_PER_MS * world.slot_ms(epoch)


def rent(size: int) -> int:
    """The least lamports that an account of so many bytes must hold."""
    return (_BYTES_OF_OVERHEAD + size) * _LAMPORTS_PER_BYTE


def balance(world: World, seat: Seat, epoch: int) -> int:
    """Lamports of a vote account all through an epoch, when the epoch's own ticket is burnt already."""
    kept = rent(VOTE_ACCOUNT_BYTES) + draws.number(seat.key, "dust") % _MOST_DUST
    return kept + _tickets(world, seat, epoch) * ticket(world, epoch)


def is_admitted(world: World, seat: Seat, epoch: int) -> bool:
    """Whether what the account was at the first slot of the epoch before lets it in."""
    if world.filters_from is None or epoch < world.filters_from:
        return True
    papers = papers_of(seat)
    if papers in (Papers.NO_BLS_KEY, Papers.OLD_STATE):
        return False
    if papers == Papers.COMPLETE:
        return True
    needed = rent(VOTE_ACCOUNT_BYTES) + ticket(world, epoch - 1)
    return balance(world, seat, epoch - 1) >= needed


def _tickets(world: World, seat: Seat, epoch: int) -> int:
    papers = papers_of(seat)
    if papers == Papers.POOR:
        return 0
    if papers in _PLACES_AT_FIRST_EPOCH:
        place = (epoch - world.first_epoch + _PLACES_AT_FIRST_EPOCH[papers]) % _CYCLE
        return max(0, _TICKETS_BOUGHT - place)
    if papers == Papers.COMPLETE:
        return _USUAL_TICKETS + (draws.number(seat.key, "tickets") - epoch) % _TICKETS_REFILLED
    # Nothing is burnt for who is not let in.
    return _USUAL_TICKETS
