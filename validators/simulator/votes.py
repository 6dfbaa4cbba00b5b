"""Vote credits, until the migration to Alpenglow: what an account earned in an epoch and before it."""

from collections.abc import Callable

from validators.simulator import draws
from validators.simulator.admission import is_admitted
from validators.simulator.clock import MIGRATION_SLOT, SLOTS_PER_EPOCH
from validators.simulator.seats import Seat
from validators.simulator.stake import has_stake
from validators.simulator.temperaments import Temperament
from validators.simulator.tenants import Tenant
from validators.simulator.work import ALL_PARTS
from validators.simulator.world import SEASON, World

NEVER_WITH_STAKE = (Temperament.UNSTAKED, Temperament.RETIRED)
# Packets of a node without stake are served last: it earns 0.66 to 0.70 of what the others do.
_PARTS_WITHOUT_STAKE = (6_600, 7_000)


def is_in_set(world: World, seat: Seat, tenant: Tenant, epoch: int) -> bool:
    """Whether an account has weight in an epoch: stake in the one before, and let in by the rule."""
    if epoch <= tenant.born or not tenant.holds(epoch):
        return False
    return has_stake(seat, tenant, epoch - 1) and is_admitted(world, seat, epoch)


def votes_in(world: World, seat: Seat, tenant: Tenant, epoch: int, slot_index: int = SLOTS_PER_EPOCH) -> int:
    """Vote credits earned in the first slots of an epoch; none after the migration."""
    if epoch < tenant.born or (world.alpenglow_epoch is not None and epoch > world.alpenglow_epoch):
        return 0
    if epoch == world.alpenglow_epoch:
        slot_index = min(slot_index, MIGRATION_SLOT)
    earned = tenant.credits(epoch, slot_index)
    return (
        earned
        if is_in_set(world, seat, tenant, epoch)
        else earned * _parts_without_stake(tenant) // ALL_PARTS
    )


def votes_before(world: World, seat: Seat, tenant: Tenant, epoch: int) -> int:
    """Cumulative vote credits at an epoch's first slot."""

    def earned(past: int) -> int:
        return votes_in(world, seat, tenant, past)

    if epoch <= tenant.born:
        return 0
    if tenant.leaves is not None:
        return sum(map(earned, range(tenant.born, epoch)))
    # The epochs of death and of the migration are worked in part.
    lasts = [last for last in (world.alpenglow_epoch, tenant.dies and tenant.dies[0]) if last is not None]
    whole_until = min(epoch, *lasts) if lasts else epoch
    if whole_until < tenant.born:
        return 0
    by_roster_until = min(whole_until, max(tenant.born, tenant.seasonal_from or whole_until))
    found = _by_roster(seat, tenant, by_roster_until) - _lost_at_birth(seat, tenant, by_roster_until)
    found += summed(earned, by_roster_until, whole_until)
    return found + (earned(whole_until) if whole_until < epoch else 0)


def summed(earned: Callable[[int], int], since: int, until: int) -> int:
    """What is earned from an epoch until before another, when all seasons after the first earn alike."""
    head = range(since, min(until, since + SEASON))
    found = sum(map(earned, head))
    if until <= head.stop:
        return found
    season = [earned(past) for past in range(head.stop, head.stop + SEASON)]
    whole, rest = divmod(until - head.stop, SEASON)
    return found + whole * sum(season) + sum(season[:rest])


def _by_roster(seat: Seat, tenant: Tenant, until: int) -> int:
    parts = _parts_without_stake(tenant) if seat.temperament in NEVER_WITH_STAKE else ALL_PARTS
    age = until - tenant.born
    return tenant.roster.credits_until(age, owner=tenant.key, distance=tenant.distance, parts=parts)


def _lost_at_birth(seat: Seat, tenant: Tenant, until: int) -> int:
    """A new account has no stake in the epoch before its first."""
    if until <= tenant.born or seat.temperament in NEVER_WITH_STAKE:
        return 0
    earned = tenant.credits(tenant.born)
    return earned - earned * _parts_without_stake(tenant) // ALL_PARTS


def _parts_without_stake(tenant: Tenant) -> int:
    return int(draws.between(*_PARTS_WITHOUT_STAKE, tenant.habit, "without stake"))
