"""Inflation and supply by epoch."""

from dataclasses import dataclass

from validators.simulator import draws
from validators.simulator.clock import FIRST_EPOCH
from validators.simulator.stake import LAMPORTS_PER_SOL

# Mainnet's schedule: 8 % from about epoch 150 on, 15 % less every year, never under 1.5 %.
_INITIAL_RATE, _YEARLY_DECREASE, _LOWEST_RATE = 0.08, 0.15, 0.015
_INFLATION_BEGAN_AT_EPOCH = 150
# 365.25 days of 432,000 slots at 400 ms.
EPOCHS_PER_YEAR = 182.625

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


def inflation_at(epoch: int) -> Inflation:
    years = (epoch - _INFLATION_BEGAN_AT_EPOCH) / EPOCHS_PER_YEAR
    total = max(_LOWEST_RATE, _INITIAL_RATE * (1 - _YEARLY_DECREASE) ** years)
    return Inflation(total=total, validator=total, foundation=0.0)


def supply_at(epoch: int) -> Supply:
    epochs = epoch - FIRST_EPOCH
    minted = _MOST_EVER_MINTED * epochs // (epochs + _EPOCHS_TO_HALF_OF_IT)
    return Supply(total=_SUPPLY_AT_FIRST_EPOCH + minted, locked=_LOCKED)


def locked_accounts(seed: int) -> list[str]:
    return [draws.public_key(seed, "locked", index) for index in range(_LOCKED_ACCOUNTS)]
