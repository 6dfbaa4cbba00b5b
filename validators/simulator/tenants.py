"""Who sits on the seats of the cluster: keys, birth and death, credits over epochs.

The cluster has a fixed number of seats. Most have one tenant for ever; on some, tenants
die or leave and new ones with other keys follow, so that the set changes but keeps its size.
"""

from dataclasses import dataclass

from validators.simulator import draws
from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.temperaments import Temperament, roster_of, temperament_of
from validators.simulator.work import MISSED, Roster, Shift

CreditTuple = tuple[int, int, int]
"""(epoch, cumulative credits, cumulative credits before that epoch), as the chain reports it."""

# What a vote account remembers (MAX_EPOCH_CREDITS_HISTORY is 64 on chain, getVoteAccounts shows 5).
CREDIT_TUPLES_SHOWN = 5

_OLDEST_BIRTH, _YOUNGEST_BIRTH = 600, 890
_RETIREMENT = (895, 0.5)
_SILENT_SINCE = 898
_EPOCHS_OF_NEWCOMER = 4
_SHORTEST_LIFE, _LONGEST_LIFE = 24, 72
# From the last vote to the account's end.
EPOCHS_OF_DYING = 6
_EPOCHS_BETWEEN_MOVES = 12
# Credits an epoch that a far-away validator loses to the speed of light.
_LONGEST_DISTANCE = 9_000


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in the cluster; `key` is the label of everything drawn for it."""

    seed: int
    index: int
    temperament: Temperament
    key: str


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who holds a seat from epoch `born` until before epoch `leaves` (None: for ever).

    `dies` is the epoch and slot index of its last vote's successor, None while it lives on.
    """

    key: str
    vote_account: str
    born: int
    leaves: int | None
    dies: tuple[int, int] | None
    roster: Roster
    distance: int

    def holds(self, epoch: int) -> bool:
        return self.leaves is None or self.born <= epoch < self.leaves

    def shift(self, epoch: int) -> Shift:
        """How it works in an epoch, death included."""
        if self.dies and epoch > self.dies[0]:
            return MISSED
        shift = self.roster.shift(epoch - self.born, owner=self.key)
        if self.dies and epoch == self.dies[0]:
            return Shift(shift.lost_credits, away_from=min(shift.away_from, self.dies[1]))
        return shift

    def credits(self, epoch: int, slot_index: int = SLOTS_PER_EPOCH) -> int:
        """Vote credits earned in the first slots of an epoch, by default in all of them."""
        return self.shift(epoch).credits(slot_index, distance=self.distance)

    def credits_before(self, epoch: int) -> int:
        """Cumulative credits at an epoch's first slot."""
        if self.dies and epoch > self.dies[0]:
            return self.credits_before(self.dies[0]) + self.credits(self.dies[0])
        return self.roster.credits_until(epoch - self.born, owner=self.key, distance=self.distance)

    def credit_tuples_before(self, epoch: int) -> tuple[CreditTuple, ...]:
        """The newest five complete epochs that earned anything, oldest first."""
        found: list[CreditTuple] = []
        cumulative = self.credits_before(epoch)
        for past in self.epochs_backwards(epoch):
            earned = self.credits(past)
            if earned:
                found.append((past, cumulative, cumulative - earned))
                cumulative -= earned
            if len(found) == CREDIT_TUPLES_SHOWN:
                break
        return tuple(reversed(found))

    def last_vote_before(self, epoch: int) -> int:
        """Absolute slot of its last vote before an epoch; 0 when it never voted."""
        for past in self.epochs_backwards(epoch):
            slot_index = self.shift(past).last_slot_worked()
            if slot_index is not None:
                return past * SLOTS_PER_EPOCH + slot_index
        return 0

    def epochs_backwards(self, epoch: int) -> range:
        """The epochs of its working life before this one, newest first."""
        newest = min(epoch - 1, self.dies[0]) if self.dies else epoch - 1
        return range(newest, self.born - 1, -1)


def seats_of(seed: int, count: int) -> tuple[Seat, ...]:
    return tuple(
        Seat(seed, index, temperament_of(index, count=count), f"{seed}:{index}") for index in range(count)
    )


def tenant_of(seat: Seat, epoch: int) -> Tenant:
    """Who holds a seat in an epoch."""
    born, leaves = _stay(seat, epoch)
    key = seat.key if leaves is None else f"{seat.key}:{born}"
    return Tenant(
        key=key,
        vote_account=draws.public_key(key, "vote"),
        born=born,
        leaves=leaves,
        dies=_death(seat, born, leaves),
        roster=roster_of(seat.seed, seat.temperament, key),
        distance=int(draws.between(0, _LONGEST_DISTANCE, key, "distance")),
    )


def identity_of(seat: Seat, tenant: Tenant, epoch: int) -> str:
    """The node key that votes for a tenant in an epoch."""
    if seat.temperament == Temperament.TWIN:
        return draws.public_key(f"{seat.seed}:0", "identity")
    if seat.temperament == Temperament.MOVER:
        return draws.public_key(tenant.key, "identity", epoch // _EPOCHS_BETWEEN_MOVES)
    return draws.public_key(tenant.key, "identity")


def _stay(seat: Seat, epoch: int) -> tuple[int, int | None]:
    if seat.temperament == Temperament.NEWCOMER:
        length = _EPOCHS_OF_NEWCOMER
    elif seat.temperament == Temperament.DYING:
        length = int(draws.between(_SHORTEST_LIFE, _LONGEST_LIFE, seat.key, "life"))
    else:
        return _founding(seat), None
    offset = draws.number(seat.key, "offset") % length
    born = (epoch + offset) // length * length - offset
    return born, born + length


def _founding(seat: Seat) -> int:
    if seat.temperament == Temperament.SILENT:
        return _SILENT_SINCE
    return int(draws.between(_OLDEST_BIRTH, _YOUNGEST_BIRTH, seat.key, "born"))


def _death(seat: Seat, born: int, leaves: int | None) -> tuple[int, int] | None:
    if seat.temperament == Temperament.SILENT:
        return born, 0
    if seat.temperament == Temperament.RETIRED:
        epoch, part = _RETIREMENT
        return epoch, int(part * SLOTS_PER_EPOCH)
    if seat.temperament == Temperament.DYING and leaves is not None:
        slot_index = draws.number(seat.key, born, "death") % SLOTS_PER_EPOCH
        return leaves - EPOCHS_OF_DYING, slot_index
    return None
