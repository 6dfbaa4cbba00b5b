"""A cluster that votes its way through epochs of 400 ms slots, for the tests of what stakers earned."""

from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, SLOTS, SOL, epoch_credits
from validators import tasks

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EPOCH_SECONDS = SLOTS * 0.4
CREDITS = 6_900_000
# What inflation gives to all stakers in one epoch, by agave's year; everybody's credits are the same, so
# each of the 4,000 SOL staked earns its share of it.
POOL = 620_000_000 * SOL * 0.04 * SLOTS / (365.242199 * 86_400 / 0.4)
PER_LAMPORT = POOL / (4_000 * SOL)


def yearly(earned: float, seconds: float = EPOCH_SECONDS) -> float:
    """The APY of a return in every epoch."""
    return float((1 + earned) ** (365.25 * 86_400 / seconds) - 1)


def look_at(endpoint: CannedEndpoint, epoch: int, slot_index: int = 1_000, **first: Any) -> None:
    """One fetch of votes and of inflation; the first of two validators as given."""
    endpoint.epoch_infos = [replies.epoch_info(epoch, slot_index)]
    tuples = epoch_credits(*[CREDITS] * 4, 16_000, last=epoch)
    endpoint.current = [
        replies.account("first", **{"epochCredits": tuples} | first),
        replies.account("second", epochCredits=tuples, activatedStake=3_000 * SOL),
    ]
    endpoint.results["getInflationRate"] = replies.inflation_rate(epoch)
    tasks.fetch_validators()
    if slot_index == 1_000:
        tasks.fetch_inflation()


def earned_through(endpoint: CannedEndpoint, *, epochs: int, bps: dict[int, int] | None = None) -> None:
    """A look in each of so many epochs, whose slot time the chain tells; `bps` are of the first by epoch."""
    with time_machine.travel(NOON, tick=False) as clock:
        for number in range(epochs):
            look_at(
                endpoint,
                EPOCH + number,
                inflationRewardsCommissionBps=(bps or {}).get(number, 500),
            )
            if number == 0:
                tasks.fetch_cluster()
            clock.shift(timedelta(seconds=EPOCH_SECONDS))
