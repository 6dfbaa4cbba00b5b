"""Who sits on the seats of the cluster: keys, birth and death, and how they work.

The cluster has a fixed number of seats. Most have one tenant for ever; on some, tenants
die or leave and new ones with other keys follow, so that the set changes but keeps its size.
"""

from dataclasses import dataclass

from validators.simulator import draws
from validators.simulator.admission import Papers, papers_of
from validators.simulator.clock import SLOTS_PER_EPOCH, SLOTS_PER_TURN
from validators.simulator.seats import Seat
from validators.simulator.temperaments import Temperament, roster_of
from validators.simulator.work import MISSED, Roster, Shift
from validators.simulator.world import EPOCHS_OF_PAST, SEASON, World

# Before the first epoch.
_OLDEST_BIRTH = 300
_RETIREMENT = (5, 0.5)

# Each divides a season.
_EPOCHS_OF_NEWCOMER = 4
_LIFE = 32
# From the last vote to the account's end.
EPOCHS_OF_DYING = 6
_EPOCHS_BETWEEN_MOVES = 12
# Credits an epoch that a far-away validator loses to the speed of light.
_LONGEST_DISTANCE = 9_000


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who holds a seat from epoch `born` until before epoch `leaves` (None: for ever).

    `dies` is the epoch and slot index of its last vote's successor, None while it lives on.
    From epoch `seasonal_from` on (None: never) it works every season alike, as its `habit` says.
    """

    key: str
    habit: str
    vote_account: str
    born: int
    leaves: int | None
    dies: tuple[int, int] | None
    roster: Roster
    distance: int
    seasonal_from: int | None

    def holds(self, epoch: int) -> bool:
        return self.leaves is None or self.born <= epoch < self.leaves

    def shift(self, epoch: int) -> Shift:
        """How it works in an epoch, death included."""
        if self.dies and epoch > self.dies[0]:
            return MISSED
        if self.seasonal_from is not None and epoch >= self.seasonal_from:
            shift = self.roster.seasonal_shift(epoch, owner=self.habit)
        else:
            shift = self.roster.shift(epoch - self.born, owner=self.key)
        if self.dies and epoch == self.dies[0]:
            return Shift(shift.lost_credits, away_from=min(shift.away_from, self.dies[1]))
        return shift

    def credits(self, epoch: int, slot_index: int = SLOTS_PER_EPOCH) -> int:
        """Vote credits for its work in the first slots of an epoch, by default in all of them."""
        return self.shift(epoch).credits(slot_index, distance=self.distance)

    def epochs_backwards(self, epoch: int) -> range:
        """The epochs of its working life before this one, newest first."""
        newest = min(epoch - 1, self.dies[0]) if self.dies else epoch - 1
        return range(newest, self.born - 1, -1)


def tenant_of(seat: Seat, epoch: int, world: World) -> Tenant:
    """Who holds a seat in an epoch."""
    born, leaves = _stay(seat, epoch, world)
    habit = seat.key if leaves is None else f"{seat.key}:{born % SEASON}"
    key = seat.key if leaves is None else f"{seat.key}:{born}"
    return Tenant(
        key=key,
        habit=habit,
        vote_account=draws.public_key(key, "vote"),
        born=born,
        leaves=leaves,
        dies=_death(seat, born, leaves, world),
        roster=roster_of(seat.seed, seat.temperament, habit),
        distance=int(draws.between(0, _LONGEST_DISTANCE, habit, "distance")),
        seasonal_from=_seasonal_from(seat, world),
    )


def identity_of(seat: Seat, tenant: Tenant, epoch: int) -> str:
    """The node key that votes for a tenant in an epoch."""
    if seat.temperament == Temperament.TWIN:
        return draws.public_key(f"{seat.seed}:0", "identity")
    if seat.temperament == Temperament.MOVER:
        return draws.public_key(tenant.key, "identity", epoch // _EPOCHS_BETWEEN_MOVES)
    return draws.public_key(tenant.key, "identity")


def _seasonal_from(seat: Seat, world: World) -> int | None:
    # Who is let in at times and at times not would else have to be followed through all epochs.
    if papers_of(seat) != Papers.COMPLETE and world.filters_from is not None:
        return world.filters_from
    return world.alpenglow_epoch


def _stay(seat: Seat, epoch: int, world: World) -> tuple[int, int | None]:
    if seat.temperament == Temperament.NEWCOMER:
        length = _EPOCHS_OF_NEWCOMER
    elif seat.temperament == Temperament.DYING:
        length = _LIFE
    else:
        return _founding(seat, world), None
    offset = draws.number(seat.key, "offset") % length
    born = (epoch + offset) // length * length - offset
    return born, born + length


def _founding(seat: Seat, world: World) -> int:
    if seat.temperament == Temperament.SILENT:
        return world.first_epoch - EPOCHS_OF_PAST
    age = draws.between(EPOCHS_OF_PAST, _OLDEST_BIRTH, seat.key, "born")
    return world.first_epoch - int(age) - 1


def _death(seat: Seat, born: int, leaves: int | None, world: World) -> tuple[int, int] | None:
    if seat.temperament == Temperament.SILENT:
        return born, 0
    if seat.temperament == Temperament.RETIRED:
        ago, part = _RETIREMENT
        return world.first_epoch - ago, int(part * SLOTS_PER_EPOCH)
    if seat.temperament == Temperament.DYING and leaves is not None:
        slot_index = draws.number(seat.key, born % SEASON, "death") % SLOTS_PER_EPOCH
        return leaves - EPOCHS_OF_DYING, slot_index - slot_index % SLOTS_PER_TURN
    return None
