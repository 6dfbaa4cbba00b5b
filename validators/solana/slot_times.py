"""How long slots last, what a year and an admission ticket are by that, and what a feature account changes.

The chain's own numbers (SIMD-0525). Pure; slot times are whole milliseconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

# Agave's year (`DEFAULT_SECONDS_PER_YEAR` in solana-clock): inflation is counted in slots of it.
SECONDS_PER_PROTOCOL_YEAR: Final = 365.242_199 * 86_400
# Before the first feature account, the longest; each later one is shorter.
GENESIS_MS: Final = 400
SLOT_TIMES_MS: Final = (GENESIS_MS, 350, 300, 250, 200)
# A ticket pays for as much of the cluster's time everywhere: 1.6 SOL for an epoch of the longest slots.
TICKET_LAMPORTS_PER_MS: Final = 1_600_000_000 // GENESIS_MS
# The slots measured must be as many as this, or their pace is noise.
LEAST_SLOTS_MEASURED: Final = 1_000

# (first epoch of that slot time, milliseconds), oldest first
SlotTimes = tuple[tuple[int, int], ...]


class SlotTimeBasis(StrEnum):
    """Who says how long a slot lasts."""

    # Feature accounts.
    CHAIN = "chain"
    # The pace of the slots that were seen, taken to the nearest that there is.
    MEASURED = "measured"


def slots_per_year(slot_ms: int) -> float:
    return SECONDS_PER_PROTOCOL_YEAR * 1_000 / slot_ms


def nominal_seconds(slots: int, slot_ms: int) -> float:
    """How long these slots should last."""
    return slots * slot_ms / 1_000


def ticket(slot_ms: int) -> int:
    """Lamports that being admitted to one epoch costs (SIMD-0357, SIMD-0525)."""
    return TICKET_LAMPORTS_PER_MS * slot_ms


def slot_times(activations: Iterable[tuple[int, int]]) -> SlotTimes:
    """From (milliseconds, epoch of activation): each holds from the epoch after, and the shortest wins."""
    found = [(0, GENESIS_MS)]
    for epoch, ms in sorted((epoch + 1, ms) for ms, epoch in activations):
        if ms < found[-1][1]:
            if epoch == found[-1][0]:
                found.pop()
            found.append((epoch, ms))
    return tuple(found)


def slot_ms_in(times: Sequence[Sequence[int]], epoch: int) -> int:
    """The slot time of an epoch, of (first epoch, milliseconds) with the oldest first."""
    return next(ms for since, ms in reversed(times) if since <= epoch)


def nearest_slot_ms(measured_ms: float) -> int:
    """The slot time that there is which lies nearest to a measured one, by their ratio."""
    return min(SLOT_TIMES_MS, key=lambda ms: max(ms / measured_ms, measured_ms / ms))


def measured_slot_ms(*, slots: int, seconds: float) -> float | None:
    """The pace of slots in milliseconds; None when they are too few to tell."""
    if slots < LEAST_SLOTS_MEASURED or seconds <= 0:
        return None
    return seconds * 1_000 / slots


def epoch_of_slot(slot: int, *, epoch: int, first_slot: int, lengths: Mapping[int, int]) -> int:
    """The epoch that a slot lies in, counted from the first slot of a known epoch.

    `lengths` are slots by epoch where they are known; elsewhere an epoch is as long as the nearest
    one that is. A cluster that had a warm-up has shorter epochs at its beginning.
    """
    length = lengths[epoch]
    while slot >= first_slot + length:
        first_slot += length
        epoch += 1
        length = lengths.get(epoch, length)
    while slot < first_slot and epoch > 0:
        epoch -= 1
        length = lengths.get(epoch, length)
        first_slot -= length
    return epoch
