"""Inflation, supply and what an epoch pays."""

from dataclasses import dataclass

from validators.simulator import draws
from validators.simulator.clock import SLOTS_PER_EPOCH
from validators.simulator.stake import LAMPORTS_PER_SOL
from validators.simulator.world import MS_PER_YEAR, World

# Mainnet's schedule: 8 % from about epoch 150 on, 15 % less every year, never under 1.5 %.
_INITIAL_RATE, _YEARLY_DECREASE, _LOWEST_RATE = 0.08, 0.15, 0.015
_INFLATION_BEGAN_AT_EPOCH = 150

_SUPPLY_AT_FIRST_EPOCH = 620_000_000 * LAMPORTS_PER_SOL
# Grows by some 110,000 SOL in the first epochs and never past this, so that a fast cluster that
# has run through a million epochs still fits 64 bits.
_MOST_EVER_MINTED = 380_000_000 * LAMPORTS_PER_SOL
_EPOCHS_TO_HALF_OF_IT = 3_455
_LOCKED = 53_000_000 * LAMPORTS_PER_SOL + 987_654_321
_LOCKED_ACCOUNTS = 40


@dataclass(frozen=True, slots=True)
class Inflation:
    """Yearly rates as fractions."""

    total: float
    validator: float
    foundation: float


@dataclass(frozen=True, slots=True)
class Supply:
    """Lamports in existence, and of them those not in circulation."""

    total: int
    locked: int


def inflation_at(world: World, epoch: int) -> Inflation:
    """By the years of the chain's own time; it stands still where a world with Alpenglow settles."""
    passed = world.chain_ms(_settled(world, epoch)) - world.chain_ms(_INFLATION_BEGAN_AT_EPOCH)
    total = max(_LOWEST_RATE, _INITIAL_RATE * (1 - _YEARLY_DECREASE) ** float(passed / MS_PER_YEAR))
    return Inflation(total=total, validator=total, foundation=0.0)


def supply_at(world: World, epoch: int) -> Supply:
    epochs = _settled(world, epoch) - world.first_epoch
    # Before the first epoch it is the same curve backwards.
    minted = _MOST_EVER_MINTED * epochs // (abs(epochs) + _EPOCHS_TO_HALF_OF_IT)
    return Supply(total=_SUPPLY_AT_FIRST_EPOCH + minted, locked=_LOCKED)


def epoch_pool(world: World, epoch: int) -> int:
    """Lamports that an epoch pays to perfect validators: supply x rate x slots / slots per year."""
    rewards_a_year = supply_at(world, epoch).total * inflation_at(world, epoch).validator
    return int(rewards_a_year * float(SLOTS_PER_EPOCH / world.slots_per_year(epoch)))


def locked_accounts(seed: int) -> list[str]:
    return [draws.public_key(seed, "locked", index) for index in range(_LOCKED_ACCOUNTS)]


def _settled(world: World, epoch: int) -> int:
    return epoch if world.settles_at is None else min(epoch, world.settles_at)
