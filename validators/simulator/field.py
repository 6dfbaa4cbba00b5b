"""The set of an epoch: who has weight in it, who leads, and what each seat is paid.

Weight, leader slots and rewards of an epoch follow the stakes of the epoch before
(agave's epoch stakes are computed one epoch in advance).
"""

from functools import lru_cache

from validators.simulator import draws
from validators.simulator.clock import MIGRATION_SLOT, SLOTS_PER_EPOCH, SLOTS_PER_TURN, Moment
from validators.simulator.economy import epoch_pool
from validators.simulator.leaders import Attendance, Schedule, draw_schedule
from validators.simulator.rewards import NOTHING, Payment, first_paying_turn, payments
from validators.simulator.seats import Seat
from validators.simulator.stake import stake_at
from validators.simulator.temperaments import Temperament
from validators.simulator.tenants import Tenant, identity_of, tenant_of
from validators.simulator.votes import is_in_set
from validators.simulator.world import SEASON, World

# Share of leader slots without a block while online, from and to.
_SKIP_RATES = {Temperament.FLAKY: (0.02, 0.12), Temperament.LAZY: (0.01, 0.06)}
_USUAL_SKIP_RATES = (0.0, 0.015)
# A schedule is half a megabyte. The running epoch, the next, the two before, and one to spare.
_SCHEDULES_KEPT = 5


class Field:
    """The seats of a world with their nominal stakes, epoch by epoch."""

    def __init__(self, world: World, seats: tuple[Seat, ...], nominal_stakes: tuple[int, ...]) -> None:
        self._world = world
        self._seats = seats
        self._nominal_stakes = nominal_stakes
        self._tenants: dict[int, Tenant] = {}
        self._paid: dict[int, list[Payment]] = {}
        # By epoch: lamports of each seat since the migration, before the epoch.
        self._totals: list[list[int]] = [[0] * len(seats)]
        self.schedule = lru_cache(maxsize=_SCHEDULES_KEPT)(self._draw)
        self._attendances = lru_cache(maxsize=_SCHEDULES_KEPT)(self._attend)
        self._paid_so_far = lru_cache(maxsize=2)(self._pay)
        # Every account asks for the same epoch, one after the other.
        self.lamports_before = lru_cache(maxsize=4)(self._sum_up)

    def tenant(self, seat: Seat, epoch: int) -> Tenant:
        """Who holds a seat; kept from epoch to epoch, because keys and roster cost the most."""
        tenant = self._tenants.get(seat.index)
        if tenant is None or not tenant.holds(epoch):
            tenant = self._tenants[seat.index] = tenant_of(seat, epoch, self._world)
        return tenant

    def stake(self, seat: Seat, epoch: int) -> int:
        """Active lamports of whoever holds the seat in an epoch."""
        tenant = self.tenant(seat, epoch)
        nominal = self._nominal_stakes[seat.index]
        return stake_at(nominal, seat, tenant, epoch, season=self._world.season(epoch))

    def weights(self, epoch: int) -> list[int]:
        """Lamports by which each seat votes, leads and is paid in an epoch; 0 when it is not in the set."""
        return [0 if who is None else who.weight for who in self._attendances(epoch)]

    def leader_identities(self, epoch: int) -> dict[int, str]:
        """Who leads for each seat of the set: the key that the account named when the set was made."""
        return {
            index: identity_of(seat, self.tenant(seat, epoch - 1), epoch - 1)
            for index, (seat, weight) in enumerate(zip(self._seats, self.weights(epoch), strict=True))
            if weight
        }

    def paid(self, epoch: int) -> list[Payment]:
        """What each seat is paid in lamports for a whole epoch."""
        epoch = self._like(epoch)
        if epoch not in self._paid:
            self._paid[epoch] = self._pay(epoch, SLOTS_PER_EPOCH)
        return self._paid[epoch]

    def paid_so_far(self, moment: Moment) -> list[Payment]:
        """What each seat is paid for the blocks of an epoch up to a moment's slot, and with it."""
        return self._paid_so_far(moment.epoch, moment.slot_index + 1)

    def _sum_up(self, epoch: int) -> list[int]:
        """What each seat was paid from the migration on until an epoch began."""
        split, settled = self._world.alpenglow_epoch, self._world.settles_at
        if split is None or settled is None or epoch <= split:
            return self._totals[0]
        if epoch < settled + SEASON:
            return self._total(epoch - split)
        seasons, place = divmod(epoch - settled, SEASON)
        begun, ended = self._total(settled - split), self._total(settled - split + SEASON)
        so_far = self._total(settled - split + place)
        return [
            upto + seasons * (after - before)
            for before, after, upto in zip(begun, ended, so_far, strict=True)
        ]

    def _total(self, epochs: int) -> list[int]:
        split = self._world.alpenglow_epoch or 0
        while len(self._totals) <= epochs:
            paid = self.paid(split + len(self._totals) - 1)
            self._totals.append(
                [known + more.lamports for known, more in zip(self._totals[-1], paid, strict=True)]
            )
        return self._totals[epochs]

    def _like(self, epoch: int) -> int:
        """The first epoch that pays exactly what this one does."""
        settled = self._world.settles_at
        if settled is None or epoch < settled + SEASON:
            return epoch
        return settled + (epoch - settled) % SEASON

    def _draw(self, epoch: int) -> Schedule:
        label = f"{self._seats[0].seed}:{self._world.season(epoch)}"
        return draw_schedule(label, self._attendances(epoch))

    def _pay(self, epoch: int, slots: int) -> list[Payment]:
        split = self._world.alpenglow_epoch
        if split is None or epoch < split:
            return [NOTHING] * len(self._seats)
        return payments(
            self.schedule(epoch),
            self._attendances(epoch),
            pool=epoch_pool(self._world, epoch),
            first_turn=first_paying_turn(MIGRATION_SLOT) if epoch == split else 0,
            slots=slots,
        )

    def _attend(self, epoch: int) -> list[Attendance | None]:
        return [self._attendance(seat, epoch) for seat in self._seats]

    def _attendance(self, seat: Seat, epoch: int) -> Attendance | None:
        before = self.tenant(seat, epoch - 1)
        if not before.holds(epoch):
            return self._absence_of_who_left(seat, before, epoch)
        if not is_in_set(self._world, seat, before, epoch):
            return None
        shift = before.shift(epoch)
        return Attendance(
            weight=self.stake(seat, epoch - 1),
            away_from=shift.away_from // SLOTS_PER_TURN,
            away_until=shift.away_until // SLOTS_PER_TURN,
            missed_percent=0 if shift.is_ever_away else shift.missed_percent,
            skip_rate=self._skip_rate(seat, before, epoch),
        )

    def _absence_of_who_left(self, seat: Seat, tenant: Tenant, epoch: int) -> Attendance | None:
        """An account that is closed leaves its weight in the set for the epoch that is settled already."""
        weight = self.stake(seat, epoch - 1) if tenant.holds(epoch - 1) else 0
        return Attendance(weight, away_from=0) if weight else None

    def _skip_rate(self, seat: Seat, tenant: Tenant, epoch: int) -> float:
        low, high = _SKIP_RATES.get(seat.temperament, _USUAL_SKIP_RATES)
        return draws.between(low, high, tenant.habit, "skip", self._world.season(epoch))
